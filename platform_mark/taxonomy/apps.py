from django.apps import AppConfig


class Taxonomy(AppConfig):
    name = "platform_mark.taxonomy"
    verbose_name = "Branchen, Themen und Orte"
