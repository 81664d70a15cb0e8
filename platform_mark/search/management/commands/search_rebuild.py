from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_mark.search import index


class Command(BaseCommand):
    help = "Vergleicht den Suchindex mit den Inhalten und berichtigt ihn. Im laufenden Betrieb ungefährlich."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Nur zählen, nichts ändern; Rückgabewert 1, wenn etwas abweicht."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(f"Suchindex: {index.rebuild()} Einträge berichtigt.")
        elif count := index.differences():
            raise CommandError(f"Suchindex: {count} Einträge weichen ab. „manage.py search_rebuild“ berichtigt sie.")
        else:
            self.stdout.write("Suchindex: Alles stimmt.")
