from django.apps import AppConfig


class Actors(AppConfig):
    name = "actors"
    verbose_name = "Akteure und Aktivitäten"
