from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platform_mark.pages.legal_texts import in_force, placeholders


class Command(BaseCommand):
    help = "Nennt, was in Impressum, Datenschutz und Barrierefreiheit noch fehlt."

    def handle(self, *args: Any, **options: Any) -> None:
        gaps = [f"{text.get_page_display()}: {gap}" for text in in_force() for gap in placeholders(text)]
        for gap in gaps:
            self.stdout.write(gap)
        if gaps:
            raise CommandError(
                f"{len(gaps)} Stellen fehlen noch. Sie ergänzen sie in der Verwaltung unter „Rechtliche Texte“."
            )
        self.stdout.write("Die rechtlichen Texte sind vollständig.")
