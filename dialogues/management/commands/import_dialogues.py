from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dialogues.importing import import_dialogues
from platform_mark.json_rows import ImportRefused, read_rows


class Command(BaseCommand):
    help = "Liest veröffentlichte Veranstaltungen aus einer JSON-Datei als Entwürfe von Dialogen ein: alle oder keine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="DATEI", help="JSON-Datei mit einer Liste von Veranstaltungen")
        parser.add_argument("--dry-run", action="store_true", help="nur prüfen, nichts speichern")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            result = import_dialogues(read_rows(file), dry_run=dry_run)
        except ImportRefused as refused:
            for error in refused.errors:
                self.stderr.write(str(error))
            raise CommandError("Nichts wurde eingelesen. Bitte die Angaben oben berichtigen.") from refused
        self.stdout.write(
            f"{'Wäre eingelesen' if dry_run else 'Eingelesen'}: {result.made} als Entwurf, "
            f"{result.present} waren schon da und bleiben, wie sie sind."
        )
