from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.template.loader import render_to_string

# What the web server in front may have to answer without us.
STATUSES = (400, 404, 405, 413, 429, 500, 503)


class Command(BaseCommand):
    help = "Schreibt die Fehlerseiten als Dateien, für den Webserver vor dem Portal. Nach collectstatic ausführen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, help="Ordner (sonst DATA_DIR/error-pages)")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"] or settings.DATA_DIR / "error-pages"
        folder.mkdir(parents=True, exist_ok=True)
        for status in STATUSES:
            draft = folder / f"{status}.html.new"
            draft.write_text(render_to_string(f"{status}.html"), encoding="utf-8")
            # The web server may read at any moment: the old page or the new one, never half of it.
            draft.replace(folder / f"{status}.html")
        self.stdout.write(f"{len(STATUSES)} Fehlerseiten in {folder}")
