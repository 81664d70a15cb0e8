"""What is still missing in the legal pages is told on the command line and on the desk, until it is written."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from platform_mark.desk.todo import todos
from platform_mark.pages.legal_texts import FOLDER, load_legal_texts
from platform_mark.pages.models import LegalText
from tests.make import make_user

pytestmark = pytest.mark.django_db


def write_all(body: str = "<p>Fertig.</p>") -> None:
    for page in LegalText.Page:
        LegalText.objects.create(page=page, valid_from=timezone.localdate(), body=body)


def check_legal() -> tuple[list[str], str]:
    """What the command writes, and its last word."""
    out = StringIO()
    try:
        call_command("check_legal", stdout=out)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return [], out.getvalue().strip()


def told() -> list[str]:
    administrator = make_user(is_staff=True, is_superuser=True)
    return [f"{todo.count} {todo.text}" for todo in todos(administrator) if "rechtlich" in todo.text]


def test_pages_without_a_text_are_named() -> None:
    write_all()
    LegalText.objects.filter(page__in=["lizenz", "leichte-sprache-dialoge"]).delete()
    LegalText.objects.create(page="lizenz", valid_from=timezone.localdate() + timedelta(days=1), body="<p>Morgen.</p>")

    gaps, last = check_legal()
    assert gaps == ["Lizenz der Daten: Der Text fehlt.", "Leichte Sprache: Branchendialoge: Der Text fehlt."]
    assert last.startswith("2 Stellen fehlen noch.")
    assert told() == ["2 rechtliche Texte fehlen: Lizenz der Daten und Leichte Sprache: Branchendialoge"]


def test_marked_places_are_named_wherever_they_stand() -> None:
    write_all()
    LegalText.objects.filter(page="impressum").update(body="<p>[bitte ergänzen: Register] und [bitte ergänzen]</p>")
    LegalText.objects.filter(page="nutzungsbedingungen").update(lead="Gilt ab [bitte ergänzen: Tag].")

    gaps, last = check_legal()
    assert sorted(gaps) == [
        "Impressum: [bitte ergänzen: Register]",
        "Impressum: [bitte ergänzen]",
        "Nutzungsbedingungen: [bitte ergänzen: Tag]",
    ]
    assert last.startswith("3 Stellen fehlen noch.")
    assert told() == ["3 Stellen in rechtlichen Texten sind noch zu ergänzen: Impressum und Nutzungsbedingungen"]


def test_a_former_version_is_no_gap_and_nothing_missing_is_said_so() -> None:
    write_all()
    long_ago = timezone.localdate() - timedelta(days=9)
    LegalText.objects.create(page="impressum", valid_from=long_ago, body="<p>[bitte ergänzen: Alles]</p>")

    assert check_legal() == ([], "Die rechtlichen Texte sind vollständig.")
    assert told() == []


def test_the_texts_that_come_along_mark_what_only_the_operator_knows() -> None:
    load_legal_texts()
    marked = sum(file.read_text(encoding="utf-8").count("[bitte ergänzen") for file in FOLDER.iterdir())
    assert len(check_legal()[0]) == marked > 0
