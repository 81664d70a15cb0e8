from django.apps import AppConfig


class Pages(AppConfig):
    name = "platform_mark.pages"
    verbose_name = "Seiten"
