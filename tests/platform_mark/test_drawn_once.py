"""Parts of lists are drawn once for the same words; other words must never meet the old drawing."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from actors.models import Activity, Actor
from dialogues.models import Dialogue
from platform_mark.taxonomy.models import Branch
from practices.models import Practice
from tests.actors.make import make_activity, make_actor
from tests.dialogues.make import in_days, make_dialogue
from tests.make import make_branch, make_municipality, make_practice
from tests.markup import Page

pytestmark = pytest.mark.django_db


def after(client: Client, path: str, rows: Any, **changes: Any) -> str:
    """What the list says once the rows have been changed behind the back of this process."""
    client.get(path)
    rows.update(**changes)
    return Page.of(client.get(path)).main.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "Neuer Titel"}, "Neuer Titel"),
        ({"teaser": "Neuer Satz."}, "Neuer Satz."),
        ({"company": "Neues Werk"}, "Neues Werk"),
        ({"is_fictitious": True}, "Beispielfirma"),
        ({"figure_value": "−77 %"}, "−77 %"),
        ({"figure_label": "Ausschuss"}, "Ausschuss"),
        ({"is_anonymous": True}, "Betrieb ohne Namensnennung"),
        ({"employees": 4321}, "4321"),
        ({"investment_from": 8000, "investment_to": 8000}, "8.000"),
        ({"duration_weeks": 77}, "18 Monate"),
    ],
)
def test_a_card_of_an_example_says_what_is_true_now(client: Client, changes: dict[str, Any], words: str) -> None:
    branch = make_branch()
    make_practice("Alt", branches=[branch], employees=30, figure_value="−1 %", figure_label="Zeit")
    assert words in after(client, "/beispiele/", Practice.objects.all(), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "Neuer Titel"}, "Neuer Titel"),
        ({"teaser": "Neuer Satz."}, "Neuer Satz."),
        ({"venue": "Neue Halle"}, "Neue Halle"),
        ({"is_fictitious": True}, "Beispieldialog"),
        ({"cancelled_at": timezone.now(), "cancel_reason": "Die Halle fehlt."}, "Die Halle fehlt."),
        ({"signup_closes_at": timezone.now() - timedelta(days=1)}, "Anmeldeschluss war am"),
        ({"starts_at": in_days(40), "ends_at": in_days(40) + timedelta(hours=2)}, f"{in_days(40):%-d}."),
    ],
)
def test_a_card_of_a_dialogue_says_what_is_true_now(client: Client, changes: dict[str, Any], words: str) -> None:
    make_dialogue("Alt", branches=[make_branch()])
    assert words in after(client, "/dialoge/", Dialogue.objects.all(), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "Neuer Titel"}, "Neuer Titel"),
        ({"kind": "funding"}, "Förderung"),
        ({"confirmed_at": timezone.now() - timedelta(days=205)}, "nicht bestätigt"),
    ],
)
def test_a_row_of_the_register_says_what_is_true_now(client: Client, changes: dict[str, Any], words: str) -> None:
    make_activity("Alt", actor=make_actor("Kammer"))
    assert words in after(client, "/aktivitaeten/", Activity.objects.all(), **changes)


def test_names_of_others_are_those_of_now(client: Client) -> None:
    altena = make_municipality("Altena")
    make_practice("Alt", branches=[make_branch("Metall")], municipality=altena)
    make_dialogue("Alt", branches=list(Branch.objects.all()))
    make_activity("Alt", actor=make_actor("Kammer"))
    assert "Neue Kammer" in after(client, "/aktivitaeten/", Actor.objects.all(), name="Neue Kammer")
    renamed = Branch.objects.all()
    assert "Draht und Feder" in after(client, "/branchen/", renamed, name="Draht und Feder")
    assert "Rohr und Stange" in after(client, "/dialoge/", renamed, name="Rohr und Stange")
    assert "Neuhagen" in after(client, "/beispiele/", type(altena).objects.all(), name="Neuhagen")
    assert "Neuenrade" in after(client, "/", type(altena).objects.all(), name="Neuenrade")
