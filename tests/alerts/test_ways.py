"""The ways to news from every list, branch and organisation, by mail and by feed."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dialogues.models import Series
from platform_mark.publishing.models import State
from practices.models import Practice
from tests.actors.make import make_activity, make_actor
from tests.alerts.make import make_alert
from tests.conftest import PortalClient
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import in_days, make_dialogue
from tests.make import make_branch, make_practice, make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def test_every_list_branch_actor_and_series_leads_to_an_order_of_just_that(client: Any) -> None:
    branch, actor = make_branch("Metall & Draht"), make_actor("Kammer am Fluss")
    make_practice(branches=(branch,))
    make_format(branches=(branch,))
    make_dialogue(branches=[branch])
    make_activity(branches=(branch,), actor=actor)
    evening = make_dialogue("Erster Abend", series=Series.objects.create(name="Rüsten"))
    narrowed = f"branche={branch.slug}"
    ways = {
        f"/beispiele/?{narrowed}": f"zu=beispiele&amp;{narrowed}",
        f"/formate/?{narrowed}": f"zu=formate&amp;{narrowed}",
        f"/dialoge/?{narrowed}": f"zu=dialoge&amp;{narrowed}",
        f"/aktivitaeten/?{narrowed}": f"zu=aktivitaeten&amp;{narrowed}",
        branch.get_absolute_url(): f"zu=alles&amp;{narrowed}",
        actor.get_absolute_url(): "zu=akteur&amp;akteur=kammer-am-fluss",
        evening.get_absolute_url(): "zu=reihe&amp;dialog=erster-abend",
        "/beispiele/": "zu=beispiele",
    }
    for path, query in ways.items():
        response = client.get(path)
        assert f'href="/benachrichtigungen/neu/?{query}"' in response.content.decode(), path
        assert not response.cookies, path
        order = client.get(f"/benachrichtigungen/neu/?{query.replace('&amp;', '&')}")
        assert order.status_code == 200, path
        assert not order.context["unknown"], path


def titles(response: Any) -> list[str]:
    return [entry.findtext("a:title", "", ATOM) for entry in ET.fromstring(response.content).iterfind("a:entry", ATOM)]


@pytest.mark.parametrize(("path", "make"), [("/beispiele/", make_practice), ("/formate/", make_format)])
def test_any_filter_has_a_feed_that_the_list_names(client: Any, path: str, make: Any) -> None:
    branch = make_branch("Pflege")
    make("Heat & Co's Ofenbuch", branches=(branch,))
    other = make("Anderswo")
    type(other).objects.filter(pk=make("Verborgen", branches=(branch,)).pk).update(state=State.DRAFT, published_at=None)
    page = client.get(f"{path}?branche={branch.slug}").content.decode()
    named = re.search(r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]+)"', page)
    assert named
    feed = client.get(named[1])
    assert feed["Content-Type"].startswith("application/atom+xml")
    assert set(titles(feed)) >= {"Heat & Co's Ofenbuch"}
    assert "Verborgen" not in titles(feed)
    assert b"Pflege" in feed.content
    assert set(titles(client.get(f"{path}neu.atom"))) == {"Heat & Co's Ofenbuch", "Anderswo"}


def test_the_feed_of_examples_makes_as_many_queries_for_four_as_for_one(client: Any) -> None:
    make_practice(branches=(make_branch(),))
    with CaptureQueriesContext(connection) as few:
        assert len(titles(client.get("/beispiele/neu.atom"))) == 1
    for _ in range(3):
        make_practice(branches=(make_branch(),))
    with CaptureQueriesContext(connection) as many:
        assert len(titles(client.get("/beispiele/neu.atom"))) == 4
    assert len(many) == len(few)
    assert Practice.objects.count() == 4


def test_the_account_leads_to_the_alerts_of_its_confirmed_address() -> None:
    user = make_user(email="chefin@firma.test")
    client = PortalClient()
    client.force_login(user)
    EmailAddress.objects.filter(user=user).delete()
    address = EmailAddress.objects.create(user=user, email=user.email, verified=False, primary=True)
    make_alert("Chefin@Firma.test")
    assert "/benachrichtigungen/neu/?zu=alles" in client.get("/konto/").content.decode()
    address.verified = True
    address.save()
    own = re.search(r'href="(/benachrichtigungen/\d[^"]+)"', client.get("/konto/").content.decode())
    assert own
    assert "Chefin@Firma.test" in client.get(own[1]).content.decode()


def test_a_dialogue_names_the_next_ones_of_its_series_and_none_without(client: Any) -> None:
    series = Series.objects.create(name="Rüsten & Richten")
    first = make_dialogue("Erster Abend", series=series)
    make_dialogue("Zweiter Abend", series=series, starts_at=in_days(30))
    make_dialogue("Abgesagter Abend", series=series, cancelled_at=timezone.now(), cancel_reason="Krank.")
    make_dialogue("Früherer Abend", series=series, starts_at=in_days(-30))
    make_dialogue("Anderer Abend")
    shown = Page.of(client.get(first.get_absolute_url())).main.one("section", **{"aria-labelledby": "reihe"})
    assert [heading.text for heading in shown.all("h3")] == ["Zweiter Abend"]
    assert "Die Reihe „Rüsten & Richten“" in shown.text
    alone = client.get("/dialoge/anderer-abend/").content.decode()
    assert "zu=reihe" not in alone
