from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from platform_mark.starter import content


class Command(BaseCommand):
    help = "Lädt oder entfernt die Startinhalte. Nur im Schnellstart: In der Produktion beginnt das Portal leer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["load", "remove"], metavar="load|remove")
        parser.add_argument("--if-empty", action="store_true", help="nur laden, wenn noch nie etwas da war")

    def handle(self, *args: Any, action: str, if_empty: bool, **options: Any) -> None:
        if not settings.QUICK_START:
            raise CommandError("Startinhalte gibt es nur im Schnellstart (make run).")
        if action == "remove":
            self.stdout.write(f"Startinhalte entfernt: {content.remove()} Beispiele.")
        elif if_empty and not content.is_untouched():
            self.stdout.write("Startinhalte: nichts geladen, denn es gibt oder gab schon Inhalte.")
        else:
            self.stdout.write(f"Startinhalte geladen: {content.load()} Beispiele.")
