from django.apps import AppConfig


class Alerts(AppConfig):
    name = "platform_mark.alerts"
    verbose_name = "Benachrichtigungen"
