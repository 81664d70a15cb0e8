from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from platform_mark import backup, erasures
from platform_mark.desk import privacy


class Command(BaseCommand):
    help = "Stellt eine Sicherung wieder her, nur in eine leere Datenbank und einen leeren Ordner, und vergleicht."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="der Ordner einer Sicherung")
        parser.add_argument("--check", action="store_true", help="nur prüfen, ob die Sicherung vollständig ist")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contents = backup.verify(options["folder"]) if options["check"] else backup.restore(options["folder"])
            if not options["check"]:
                self.erase_again(contents.made_at)
        except (backup.BackupError, OSError) as error:
            raise CommandError(f"Nicht wiederhergestellt: {error}") from error
        done = "Geprüft" if options["check"] else "Wiederhergestellt"
        self.stdout.write(
            f"{done}: {len(contents.rows)} Tabellen, {sum(contents.rows.values())} Zeilen, {contents.files} Dateien."
        )

    def erase_again(self, since: datetime) -> None:
        """Nobody who was erased after the backup comes back with it; for that the tables must be those of the program."""
        if not erasures.has_any_since(since):
            return
        call_command("migrate", verbosity=0, interactive=False)
        replayed = privacy.replay(since)
        self.stdout.write(f"Seither Gelöschte wieder gelöscht: {replayed.addresses}.")
        if replayed.refused:
            self.stdout.write(
                f"Nicht wieder gelöscht, weil die Adresse in der Sicherung ein Konto der Verwaltung hat: {replayed.refused}."
            )
