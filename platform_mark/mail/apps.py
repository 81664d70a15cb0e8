from django.apps import AppConfig


class Mail(AppConfig):
    name = "platform_mark.mail"
    label = "outbox"
    verbose_name = "Postausgang"
