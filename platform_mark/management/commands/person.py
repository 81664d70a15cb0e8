import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from platform_mark.desk import privacy
from platform_mark.exports import write_json


class Command(BaseCommand):
    help = "Gibt aus oder löscht, was das Portal unter einer E-Mail-Adresse gespeichert hat: überall, auch im Verlauf."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["export", "erase"], help="Auskunft geben oder löschen")
        parser.add_argument("address", help="die E-Mail-Adresse der Person")
        parser.add_argument("--to", type=Path, help="Datei für die Auskunft; ohne sie kommt sie auf den Bildschirm")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["address"].strip())
            if options["action"] == "export":
                self.export(options["address"], options["to"])
            else:
                self.erase(options["address"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def export(self, address: str, target: Path | None) -> None:
        """Write what is stored; a file is for the one who asked only."""
        found = privacy.export_person(address)
        if target is None:
            write_json(self.stdout, found)  # type: ignore[arg-type]
            return
        target.touch(mode=0o600)
        with target.open("w") as file:
            write_json(file, found)
        sys.stderr.write(f"Geschrieben: {target}\n")

    def erase(self, address: str) -> None:
        """Erase, and name what people must look into themselves."""
        erasure = privacy.erase_person(address)
        self.stdout.write(f"Gelöscht oder geleert: {sum(erasure.rows.values())} Zeilen.")
        if erasure.remains:
            self.stdout.write(f"Steht noch in: {', '.join(erasure.remains)}. Bitte dort nachsehen.")
