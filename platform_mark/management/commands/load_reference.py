from typing import Any

from django.core.management.base import BaseCommand

from platform_mark.accounts.roles import load_roles
from platform_mark.pages import operating
from platform_mark.pages.legal_texts import load_legal_texts
from platform_mark.pages.self_check import load_check_questions
from platform_mark.search.synonyms import load_synonyms
from platform_mark.taxonomy.reference import load_reference


class Command(BaseCommand):
    help = "Lädt Branchen, Themen, Städte und Gemeinden, die Rollen, die Fragen des Selbstchecks, gleichbedeutende Wörter für die Suche und erste rechtliche Texte. Was die Redaktion geändert hat, bleibt."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, made in load_reference().items():
            self.stdout.write(f"{name}: {made} neu angelegt.")
        self.stdout.write(f"Fragen des Selbstchecks: {load_check_questions()} neu angelegt.")
        self.stdout.write(f"Gleichbedeutende Wörter: {load_synonyms()} neu angelegt.")
        self.stdout.write(f"Rechtliche Texte: {load_legal_texts()} neu angelegt.")
        operating.tell_again()
        load_roles()
        self.stdout.write("Rollen: eingerichtet.")
