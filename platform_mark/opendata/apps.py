from django.apps import AppConfig


class OpenData(AppConfig):
    name = "platform_mark.opendata"
    verbose_name = "Offene Daten"
