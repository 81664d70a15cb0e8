from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_mark import backup


class Command(BaseCommand):
    help = "Sichert Datenbank und hochgeladene Dateien in einen neuen Ordner. Die Umgebung mit den Geheimnissen nicht."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="Ordner für alle Sicherungen")
        parser.add_argument("--keep", type=int, help="so viele Sicherungen behalten und ältere löschen")

    def handle(self, *args: Any, **options: Any) -> None:
        keep: int | None = options["keep"]
        if keep is not None and keep < 1:
            raise CommandError("--keep braucht mindestens 1.")
        try:
            folder = backup.make(options["folder"])
        except (backup.BackupError, OSError) as error:
            raise CommandError(f"Keine Sicherung: {error}") from error
        contents = backup.verify(folder)
        self.stdout.write(f"{folder}: {sum(contents.rows.values())} Zeilen, {contents.files} Dateien.")
        if keep is not None:
            for old in backup.prune(options["folder"], keep):
                self.stdout.write(f"Gelöscht: {old}")
