"""What an organisation says of itself stays true, too: asked after a year, labelled, then a case for staff; it never vanishes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from actors import freshness
from actors.models import Activity, Actor
from platform_mark.desk.todo import todos
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from tests.actors.make import make_activity, make_actor, make_member
from tests.cast import Cast, make_cast
from tests.make import days_ago, make_user

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LABEL = "Profil nicht bestätigt"


def organisation(age: int, **fields: Any) -> Actor:
    """One whose profile somebody assured so many days ago."""
    then = days_ago(age)
    return make_actor(**{"approved_at": then, "confirmed_at": then} | fields)


def link_of(mail: OutgoingMail) -> str:
    found = re.search(r"https?://[^/]+(/bestaetigen/\S+)", full_text(mail))
    assert found, full_text(mail)
    return found[1]


def test_a_profile_walks_through_every_stage_and_each_mail_comes_once(client: Client) -> None:
    """500 days without an answer, though its offer is confirmed all the while; then one button behind the last mail."""
    staff = make_user(is_superuser=True, is_staff=True)
    with time_machine.travel(START, tick=False) as clock:
        actor = make_actor("Kammer & Söhne", contact_email="post@k.example", second_email="chefin@k.example")
        activity = make_activity("Runder Tisch Drahtziehen", actor=actor)
        seen: list[tuple[int, bool, bool]] = []
        for day in range(500):
            clock.move_to(START + day * DAY)
            freshness.climb()
            freshness.climb()
            if day % 100 == 99:
                freshness.confirm(activity)
            if day in {0, 364, 378, 379, 438, 439, 499}:
                page = client.get(actor.get_absolute_url())
                assert (page.status_code, activity.title in page.content.decode()) == (200, True)
                is_todo = any("Profil" in todo.text for todo in todos(staff))
                seen.append((day, LABEL in page.content.decode(), is_todo))
        assert seen == [
            (0, False, False),
            (364, False, False),
            (378, False, False),
            (379, True, False),
            (438, True, False),
            (439, True, True),
            (499, True, True),
        ]
        mails = OutgoingMail.objects.order_by("pk")
        assert [((mail.created_at - START).days, mail.to) for mail in mails] == [
            (day, to) for day in (335, 358, 379) for to in ("post@k.example", "chefin@k.example")
        ]
        assert {mail.subject for mail in mails} == {"Stimmt noch? Ihr Profil im Register"}
        assert "nach einem Jahr" in mails[0].text
        assert "Kammer & Söhne" in mails[0].text
        assert "Frühere Einträge" not in "".join(mail.text for mail in mails)
        assert "als „nicht bestätigt“ gekennzeichnet" in mails[5].text

        link = link_of(mails[5])
        assert "Stimmt Ihr Profil noch?" in client.get(link).content.decode()
        assert client.post(link, {"profile": "1"})["Location"] == "/bestaetigen/danke/"
        assert client.get(link).status_code == 404
        page = client.get(actor.get_absolute_url()).content.decode()
        assert LABEL not in page
        assert f"Zuletzt bestätigt am {timezone.localdate():%d.%m.%Y} von der Organisation" in page
        assert not any("Profil" in todo.text for todo in todos(staff))


def test_after_a_long_standstill_one_mail_asks_for_profile_and_entries_together(client: Client) -> None:
    actor = organisation(500, name="Kammer", second_email="")
    old = timezone.now() - 200 * DAY
    activity = make_activity("Sprechtag", actor=actor, confirmed_at=old, published_at=old)
    assert (freshness.climb(), freshness.climb()) == (1, 0)
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Stimmt noch? 2 Einträge von Kammer"
    assert "- Sprechtag\n" in mail.text
    assert "- Ihr Profil im Register\n" in mail.text
    assert "noch keine Antwort von Ihnen" not in mail.text, "nobody has asked before"

    link = link_of(mail)
    client.get(link)
    client.head(link)
    actor.refresh_from_db()
    assert freshness.profile_is_due(actor), "looking confirms nothing"

    assert client.post(link, {"profile": "1"})["Location"] == link
    assert not freshness.profile_is_due(actor)
    page = client.get(link).content.decode()
    assert "<li>Ihr Profil</li>" in page
    assert freshness.due_for(actor) == [activity]

    Actor.objects.filter(pk=actor.pk).update(confirmed_at=timezone.now() - 500 * DAY)
    assert client.post(link, {"all": "1"})["Location"] == "/bestaetigen/danke/"
    assert not freshness.profile_is_due(actor)
    assert not freshness.due_for(actor)


def test_a_link_of_entries_leaves_a_fresh_profile_as_it_is(client: Client) -> None:
    actor = organisation(100)
    make_activity(actor=actor, confirmed_at=timezone.now() - 200 * DAY)
    freshness.climb()
    before = actor.confirmed_at
    link = link_of(OutgoingMail.objects.earliest("pk"))
    client.post(link, {"profile": "1"})
    client.post(link, {"all": "1"})
    actor.refresh_from_db()
    assert actor.confirmed_at == before


@pytest.mark.parametrize("fields", [{"state": "waiting"}, {"state": "former", "left_at": timezone.now()}, {"age": 334}])
def test_nobody_is_asked_who_does_not_take_part_or_was_asked_within_the_year(fields: dict[str, Any]) -> None:
    organisation(**{"age": 500} | fields)
    assert freshness.climb() == 0


@pytest.mark.parametrize("age", [0, 334, 335, 364, 365, 378, 379, 438, 439, 900])
@pytest.mark.parametrize("is_confirmed", [True, False])
def test_rows_and_objects_agree_on_the_stage_of_a_profile(age: int, is_confirmed: bool) -> None:
    """Over the change to summer time and back, at both ends of the day; without an assurance the approval counts."""
    for moment in (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), datetime(2026, 10, 25, 0, 1, tzinfo=UTC)):
        with time_machine.travel(moment, tick=False):
            actor = organisation(age) if is_confirmed else organisation(age, confirmed_at=None)
            assert Actor.objects.profile_to_confirm().exists() == (age >= 335)
            assert Actor.objects.profile_older_than(365).exists() == (actor.profile_stage() != "fresh") == (age >= 365)
            assert Actor.objects.profile_older_than(379).exists() == (actor.profile_stage() == "overdue")
            assert Actor.objects.profile_neglected().exists() == (age >= 439)
            actor.delete()


def test_its_people_confirm_it_on_their_page_or_by_saving_it(client: Client) -> None:
    actor = organisation(400, name="Kammer")
    foreign = organisation(400)
    client.force_login(make_member(actor))
    assert "Stimmt Ihr Profil noch?" in client.get("/konto/").content.decode()
    assert client.post(f"/konto/akteure/{actor.slug}/profil/bestaetigen/")["Location"] == "/konto/"
    page = client.get("/konto/").content.decode()
    assert "Ihr Profil ist bestätigt. In einem Jahr fragen wir wieder." in page
    assert "Stimmt Ihr Profil noch?" not in page
    assert client.post(f"/konto/akteure/{foreign.slug}/profil/bestaetigen/").status_code == 404

    Actor.objects.filter(pk=actor.pk).update(confirmed_at=timezone.now() - 400 * DAY)
    form = {"summary": "Neu.", "contact_email": actor.contact_email, "second_email": actor.second_email}
    assert client.post(f"/konto/akteure/{actor.slug}/profil/", form).status_code == 302
    actor.refresh_from_db()
    assert (actor.summary, actor.profile_stage(), actor.confirmed_by_staff) == ("Neu.", "fresh", False)


def test_staff_find_the_neglected_ones_and_confirm_after_a_call() -> None:
    cast: Cast = make_cast()
    desk = cast.client("moderator")
    actor, fresh = organisation(439, name="Vergessene Kammer"), organisation(438, name="Frische Kammer")
    rows = desk.get("/admin/actors/actor/?was=profil").content.decode()
    assert (actor.name in rows, fresh.name in rows) == (True, False)
    response = desk.post(f"/admin/actors/actor/{actor.pk}/bestaetigen/", follow=True)
    assert "Profil von der Regionalagentur bestätigt." in response.content.decode()
    actor.refresh_from_db()
    assert actor.profile_confirmed_text.endswith("von der Regionalagentur")
    assert actor.name not in desk.get("/admin/actors/actor/?was=profil").content.decode()


def test_what_comes_from_public_sources_says_so_until_the_organisation_has_confirmed_it(client: Client) -> None:
    actor = organisation(900, confirmed_at=None, source_url="https://quelle.example/liste", second_email="")
    words = "Aus öffentlichen Quellen, vom Akteur nicht bestätigt."
    page = client.get(actor.get_absolute_url()).content.decode()
    assert (words in page, LABEL in page) == (True, False)
    freshness.confirm_profile(actor, by_staff=True)
    assert words in client.get(actor.get_absolute_url()).content.decode()
    freshness.confirm_profile(actor)
    assert words not in client.get(actor.get_absolute_url()).content.decode()


def test_profiles_of_two_that_become_one_do_not_get_in_each_others_way() -> None:
    from actors import merging

    double, into = organisation(400), organisation(400)
    freshness.climb()
    merging.merge_actors(double, into=into)
    assert freshness.climb() == 0
    assert Activity.objects.count() == 0
