from django.apps import AppConfig


class Dialogues(AppConfig):
    name = "dialogues"
    verbose_name = "Branchendialoge"
