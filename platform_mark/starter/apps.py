from django.apps import AppConfig


class Starter(AppConfig):
    name = "platform_mark.starter"
    verbose_name = "Startinhalte"
