from django.apps import AppConfig


class Accounts(AppConfig):
    name = "platform_mark.accounts"
    verbose_name = "Konten"
