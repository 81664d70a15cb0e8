from django.apps import AppConfig


class Publishing(AppConfig):
    name = "platform_mark.publishing"
    verbose_name = "Veröffentlichen"
