from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_mark.pages import boundaries


class Command(BaseCommand):
    help = "Lädt Umrisse der Städte und Gemeinden für die Karte (GeoJSON in WGS84 mit Gemeindeschlüssel „ags“)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="GeoJSON-Datei")
        parser.add_argument(
            "--credit",
            default="",
            help="Quellenangabe, die neben der Karte steht, zum Beispiel „© GeoBasis-DE / BKG (2025), dl-de/by-2-0, Daten"
            " verändert“. Ohne Angabe gilt „attribution“ der Datei.",
        )
        parser.add_argument("--remove", action="store_true", help="Umrisse entfernen: Die Karte zeigt wieder Kacheln.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            was_there = boundaries.remove()
            self.stdout.write("Die Karte zeigt wieder Kacheln." if was_there else "Es waren keine Umrisse geladen.")
            return
        if options["file"] is None:
            raise CommandError("Nennen Sie eine GeoJSON-Datei.")
        try:
            count = boundaries.load(options["file"], credit=options["credit"])
        except boundaries.BoundariesRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} Umrisse geladen. Die Quellenangabe steht ab jetzt neben jeder Karte.")
