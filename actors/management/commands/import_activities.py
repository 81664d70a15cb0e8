from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actors.importing import ImportRefused, carry_out, read
from platform_mark.sheets import FileRefused


class Command(BaseCommand):
    help = "Liest Aktivitäten regionaler Akteure aus einer Datei ein (JSON mit Fakten oder Tabelle): alle oder keine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, metavar="DATEI", help="JSON mit einer Liste von Einträgen, XLSX oder CSV"
        )
        parser.add_argument("--dry-run", action="store_true", help="nur prüfen, nichts speichern")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            plan = carry_out(read(file.read_bytes()), by=None, dry_run=dry_run)
        except OSError as error:
            raise CommandError(f"Die Datei ist nicht lesbar: {error.strerror}.") from error
        except FileRefused as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        except ImportRefused as refused:
            for fault in refused.faults:
                self.stderr.write(str(fault))
            raise CommandError("Nichts wurde eingelesen. Bitte die Angaben oben berichtigen.") from refused
        self.stdout.write(f"{'Wäre eingelesen' if dry_run else 'Eingelesen'}: {plan.summary}.")
