from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_mark import backup


class Command(BaseCommand):
    help = "Stellt eine Sicherung wieder her, nur in eine leere Datenbank und einen leeren Ordner, und vergleicht."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="der Ordner einer Sicherung")
        parser.add_argument("--check", action="store_true", help="nur prüfen, ob die Sicherung vollständig ist")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contents = backup.verify(options["folder"]) if options["check"] else backup.restore(options["folder"])
        except (backup.BackupError, OSError) as error:
            raise CommandError(f"Nicht wiederhergestellt: {error}") from error
        done = "Geprüft" if options["check"] else "Wiederhergestellt"
        self.stdout.write(
            f"{done}: {len(contents.rows)} Tabellen, {sum(contents.rows.values())} Zeilen, {contents.files} Dateien."
        )
