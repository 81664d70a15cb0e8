"""An example names who accompanied it, and the profile of that organisation shows it."""

import pytest
from django.test import Client
from django.utils import timezone

from actors.models import Actor
from platform_mark.publishing import versions
from practices import releasing, snapshot
from practices.models import Practice
from tests.actors.make import make_actor
from tests.make import make_practice
from tests.markup import Page

pytestmark = pytest.mark.django_db


def test_an_example_and_the_profile_of_who_accompanied_it_lead_to_each_other(client: Client) -> None:
    practice = make_practice("Rüsten ohne Zettel")
    actor, left = make_actor("Kammer"), make_actor("Ging", state=Actor.State.FORMER, left_at=timezone.now())
    practice.accompanied_by.set([actor, left])
    make_practice("Ein anderes")
    hidden = make_practice("Noch ein Entwurf", state="draft", published_at=None)
    hidden.accompanied_by.set([actor])

    facts = Page.of(client.get(practice.get_absolute_url())).main.one("aside", aria_label="Steckbrief")
    section = Page.of(client.get(actor.get_absolute_url())).main.one("section", aria_labelledby="begleitet")

    assert [a.text for a in facts.all("a", href=actor.get_absolute_url())] == ["Kammer"]
    assert "Ging" not in facts.text, "who has left is no address any more"
    assert [a["href"] for a in section.all("a")] == [practice.get_absolute_url()]


def test_who_accompanied_is_kept_in_versions_and_changes_no_release() -> None:
    practice, kept = make_practice(), make_actor("Bleibt")
    practice.accompanied_by.set([kept])
    before = snapshot.fingerprint(practice)
    version = versions.record(practice, by=None)
    assert version is not None and version.data["accompanied_by"] == ["bleibt"]
    double = make_actor("Doppelt")
    practice.accompanied_by.set([double])

    assert snapshot.fingerprint(practice) == before
    snapshot.restore(practice, version.data)
    assert list(practice.accompanied_by.all()) == [kept]
    older = {name: value for name, value in version.data.items() if name != "accompanied_by"}
    snapshot.restore(practice, older)
    assert list(practice.accompanied_by.all()) == [kept]


def test_a_working_copy_takes_them_along() -> None:
    practice = make_practice()
    practice.accompanied_by.set([make_actor("Kammer")])

    copy = releasing.revise(practice)

    assert [actor.name for actor in copy.accompanied_by.all()] == ["Kammer"]
    assert Practice.objects.count() == 2
