from django.apps import AppConfig


class Demand(AppConfig):
    name = "platform_mark.demand"
    verbose_name = "Bedarf"
