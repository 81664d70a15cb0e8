from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_mark.pages.legal_texts import gaps


class Command(BaseCommand):
    help = "Nennt, was in den rechtlichen Texten noch fehlt: ganze Seiten und markierte Stellen."

    def handle(self, *args: Any, **options: Any) -> None:
        found = gaps()
        for gap in found:
            self.stdout.write(gap)
        if found:
            count = "1 Stelle fehlt" if len(found) == 1 else f"{len(found)} Stellen fehlen"
            raise CommandError(f"{count} noch. Sie ergänzen das in der Verwaltung unter „Rechtliche Texte“.")
        self.stdout.write("Die rechtlichen Texte sind vollständig.")
