from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_mark.json_rows import ImportRefused, read_rows
from practices.importing import import_practices


class Command(BaseCommand):
    help = "Liest extern veröffentlichte Beispiele aus einer JSON-Datei ein: alle oder keines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="DATEI", help="JSON-Datei mit einer Liste von Beispielen")
        parser.add_argument("--dry-run", action="store_true", help="nur prüfen, nichts speichern")
        parser.add_argument("--update", action="store_true", help="auch ändern, was schon da ist und anders lautet")
        parser.add_argument("--publish", action="store_true", help="gleich veröffentlichen statt als Entwurf anlegen")

    def handle(self, *args: Any, file: Path, dry_run: bool, update: bool, publish: bool, **options: Any) -> None:
        try:
            result = import_practices(read_rows(file), publish=publish, update=update, dry_run=dry_run)
        except ImportRefused as refused:
            for error in refused.errors:
                self.stderr.write(str(error))
            raise CommandError("Nichts wurde eingelesen. Bitte die Angaben oben berichtigen.") from refused
        self.stdout.write(
            f"{'Wäre eingelesen' if dry_run else 'Eingelesen'}: {result.made} neu, {result.changed} geändert, "
            f"{result.unchanged} unverändert."
        )
        if result.kept:
            self.stdout.write(
                f"{result.kept} sind schon da und lauten anders: so gelassen. Mit --update werden sie geändert."
            )
