"""Entries stay true or leave the lists: stages, mails, the button behind the link."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from actors import freshness, stages
from actors.models import Activity, Actor, Confirmation
from actors.stages import Stage
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.search.models import SearchEntry
from platform_mark.tokens import make_token
from tests.actors.make import make_activity, make_actor, make_member
from tests.make import days_ago

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def entry(age: int, **fields: Any) -> Activity:
    """A public entry that was confirmed so many days ago."""
    then = days_ago(age)
    return make_activity(**{"confirmed_at": then, "published_at": then} | fields)


def link_of(mail: OutgoingMail) -> str:
    """The path of the personal link in a mail as it is sent."""
    found = re.search(r"https?://[^/]+(/bestaetigen/\S+)", full_text(mail))
    assert found, full_text(mail)
    return found[1]


def test_one_entry_walks_through_every_stage_and_each_mail_comes_once() -> None:
    """420 days without an answer, then one click; the job runs twice a day and misses a week in between."""
    with time_machine.travel(START, tick=False) as clock:
        contacts = {"contact_email": "post@k.example", "second_email": "chefin@k.example"}
        # Its profile is nothing to ask about in this time.
        actor = make_actor("Kammer & Söhne", confirmed_at=START + 300 * DAY, **contacts)
        activity = make_activity("Runder Tisch Drahtziehen", actor=actor)
        seen: list[tuple[int, str, bool, bool]] = []
        for day in range(420):
            clock.move_to(START + day * DAY)
            if not 160 <= day < 167:
                freshness.climb()
                freshness.climb()
            now = (
                str(activity.stage()),
                Activity.objects.public().exists(),
                Activity.objects.former().exists(),
            )
            if not seen or seen[-1][1:] != now:
                seen.append((day, *now))
        assert seen == [
            (0, "fresh", True, False),
            (180, "due", True, False),
            (194, "overdue", True, False),
            (254, "former", False, True),
        ]
        mails = OutgoingMail.objects.order_by("pk")
        assert [((mail.created_at - START).days, mail.to) for mail in mails] == [
            (day, to) for day in (150, 173, 194) for to in ("post@k.example", "chefin@k.example")
        ]
        assert {mail.subject for mail in mails} == {"Stimmt noch? Runder Tisch Drahtziehen"}
        assert "Kammer & Söhne" in mails[0].text

        freshness.confirm(activity)
        activity.refresh_from_db()
        assert (activity.stage(), Activity.objects.public().get()) == (Stage.FRESH, activity)
        clock.move_to(START + (419 + 150) * DAY)
        freshness.climb()
        assert OutgoingMail.objects.count() == 8


def test_after_a_long_standstill_one_mail_comes_and_not_three() -> None:
    entry(200, actor=make_actor(contact_email="post@k.example", second_email=""))
    assert (freshness.climb(), freshness.climb()) == (1, 0)
    text = OutgoingMail.objects.get().text
    assert "als „nicht bestätigt“ gekennzeichnet" in text
    assert "noch keine Antwort" not in text, "nobody has asked before"


def test_what_became_former_during_a_standstill_is_told_all_the_same() -> None:
    entry(300, actor=make_actor(contact_email="post@k.example", second_email=""))
    freshness.climb()
    assert "steht jetzt unter „Frühere Einträge“" in OutgoingMail.objects.get().text


def test_an_organisation_gets_one_mail_for_all_its_entries() -> None:
    actor = make_actor("Kammer", second_email="")
    for number in range(3):
        entry(160, title=f"Eintrag {number}", actor=actor)
    assert freshness.climb() == 1
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Stimmt noch? 3 Einträge von Kammer"
    assert all(f"Eintrag {number}" in mail.text for number in range(3))


def test_without_contacts_the_mail_goes_to_those_who_are_responsible() -> None:
    actor = make_actor(contact_email="", second_email="")
    make_member(actor, email="leiterin@kammer.example")
    make_member(actor, email="weg@kammer.example", is_active=False)
    entry(160, actor=actor)
    freshness.climb()
    assert OutgoingMail.objects.get().to == "leiterin@kammer.example"


def test_nobody_is_asked_about_what_has_ended_or_is_not_public() -> None:
    today = timezone.localdate()
    entry(170, valid_until=today - DAY)
    entry(170, state="draft", published_at=None)
    entry(170, state="archived")
    entry(170, actor=make_actor(state=Actor.State.FORMER, left_at=timezone.now()))
    entry(149)
    assert freshness.climb() == 0


def test_rows_and_objects_agree_whatever_became_of_the_entry_and_of_its_organisation() -> None:
    actors = [make_actor(), make_actor(state="former", left_at=timezone.now())]
    ends = [None, timezone.localdate() - DAY, timezone.localdate()]
    seen = set()
    for actor, state, until, age in product(actors, ["published", "archived"], ends, [0, 180, 194, 254]):
        for confirmed_at in (None, days_ago(age)):
            made = entry(age, actor=actor, state=state, valid_until=until, confirmed_at=confirmed_at)
            matches = [each for each in Stage if Activity.objects.in_stage(each).filter(pk=made.pk).exists()]
            assert matches == [made.stage()], (actor.state, state, until, age, confirmed_at)
            seen.add(made.stage())
    assert seen == set(Stage)


@pytest.mark.parametrize("age", [0, 149, 150, 179, 180, 193, 194, 253, 254, 400])
@pytest.mark.parametrize("until", [None, -1, 0, 30])
@pytest.mark.parametrize("is_confirmed", [True, False])
def test_rows_and_objects_agree_on_the_stage(age: int, until: int | None, is_confirmed: bool) -> None:
    """Over the change to summer time and back, at both ends of the day."""
    for moment in (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), datetime(2026, 10, 25, 0, 1, tzinfo=UTC)):
        with time_machine.travel(moment, tick=False):
            valid_until = None if until is None else timezone.localdate() + until * DAY
            fields: dict[str, Any] = {} if is_confirmed else {"confirmed_at": None}
            activity = entry(age, valid_until=valid_until, **fields)
            stage = activity.stage()
            matches = [each for each in Stage if Activity.objects.in_stage(each).filter(pk=activity.pk).exists()]
            assert matches == [stage]
            assert Activity.objects.current().filter(pk=activity.pk).exists() == (stage != Stage.FORMER)
            assert Activity.objects.former().filter(pk=activity.pk).exists() == (stage == Stage.FORMER)
            ends = stages.former_from(
                confirmed_at=activity.confirmed_at, published_at=activity.published_at, valid_until=valid_until
            )
            assert (ends <= timezone.now()) == (stage == Stage.FORMER)
            activity.delete()


def test_an_offer_is_good_to_the_end_of_its_last_day() -> None:
    with time_machine.travel(datetime(2026, 6, 30, 21, 59, tzinfo=UTC), tick=False) as clock:
        make_activity(valid_until=date(2026, 6, 30))
        assert Activity.objects.public().exists()
        clock.move_to(datetime(2026, 6, 30, 22, 0, tzinfo=UTC))
        assert not Activity.objects.public().exists()
        former = Activity.objects.former().get()
        assert freshness.former_note(former) == "Das Angebot endete am 30.06.2026."


def test_the_index_lets_go_of_an_entry_by_itself() -> None:
    activity = entry(0)
    found = SearchEntry.objects.get(kind="actors.activity", object_id=activity.pk)
    assert timezone.localdate(found.visible_until) == timezone.localdate() + 254 * DAY
    freshness.confirm(activity)
    review_day = SearchEntry.objects.get(pk=found.pk).visible_until
    assert timezone.localdate(review_day) == timezone.localdate() + 254 * DAY


def test_the_note_says_why_an_entry_is_a_former_one() -> None:
    with time_machine.travel(START, tick=False):
        assert freshness.former_note(entry(0)) == ""
        assert (
            freshness.former_note(entry(300))
            == "Seit dem 21.03.2025 hat niemand bestätigt, dass dieses Angebot noch gilt."
        )
        assert "Niemand hat bestätigt" in freshness.former_note(entry(300, confirmed_at=None))
        assert "bietet das nicht mehr an" in freshness.former_note(entry(0, state="archived"))


def test_a_confirmation_is_no_change_and_names_who_gave_it() -> None:
    activity = entry(185)
    changed_at = activity.changed_at
    freshness.confirm(activity, by_staff=True)
    activity.refresh_from_db()
    assert activity.confirmed_text == f"Zuletzt bestätigt am {timezone.localdate():%d.%m.%Y} von der Regionalagentur"
    assert activity.changed_at == changed_at
    assert Confirmation.objects.filter(activity=activity, by_staff=True).count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"state": "draft", "published_at": None}, "nicht öffentlich"),
        ({"valid_until": date(2020, 1, 1)}, "endete am 01.01.2020"),
    ],
)
def test_what_cannot_be_true_is_not_confirmed(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        freshness.confirm(entry(10, **fields))


def test_the_home_page_says_which_share_of_the_public_entries_was_confirmed_in_half_a_year(client: Client) -> None:
    entry(0)
    entry(179)
    entry(180)
    entry(10, confirmed_at=None)
    entry(300)
    entry(0, visibility="actors")
    assert "<b>50&nbsp;%</b> davon in den letzten 180 Tagen bestätigt" in client.get("/").content.decode()


def test_due_are_those_of_the_next_month_and_all_later_ones_the_oldest_first() -> None:
    actor = make_actor()
    late, soon, never = entry(230, actor=actor), entry(151, actor=actor), entry(9, actor=actor, confirmed_at=None)
    entry(100, actor=actor)
    entry(230)
    assert freshness.due_for(actor) == [never, late, soon]


# ---------------------------------------------------------------- the page behind the mailed link


def mailed(actor: Actor) -> str:
    freshness.climb()
    return link_of(OutgoingMail.objects.filter(to=actor.contact_email).latest("pk"))


def test_one_button_confirms_one_entry_and_looking_confirms_nothing(client: Client) -> None:
    actor = make_actor("Kammer")
    one, other = entry(185, title="Runder Tisch", actor=actor), entry(250, title="Sprechtag", actor=actor)
    link = mailed(actor)

    page = client.get(link)
    client.head(link)
    assert [page.headers[name] for name in ("Referrer-Policy", "X-Robots-Tag")] == ["same-origin", "noindex, nofollow"]
    assert "no-store" in page.headers["Cache-Control"]
    assert not Confirmation.objects.filter(by_link=True).exists()

    response = client.post(link, {"entry": one.slug})
    assert (response.status_code, response["Location"]) == (302, link)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.stage(), other.stage()) == (Stage.FRESH, Stage.OVERDUE)
    html = client.get(link).content.decode()
    assert "Heute bestätigt" in html
    assert one.confirmed_text.endswith("von der Organisation")


def test_all_at_once_ends_the_link_and_what_was_former_is_back(client: Client) -> None:
    actor = make_actor()
    for age in (160, 200, 300):
        entry(age, actor=actor)
    link = mailed(actor)

    response = client.post(link, {"all": "1"}, follow=True)

    assert response.redirect_chain == [("/bestaetigen/danke/", 302)]
    assert Activity.objects.public().filter(actor=actor).count() == 3
    assert client.get(link).status_code == 404


def test_a_link_confirms_nothing_of_others(client: Client) -> None:
    actor = make_actor()
    entry(185, actor=actor)
    foreign = entry(185, title="Fremder Eintrag")
    link = mailed(actor)
    assert client.post(link, {"entry": foreign.slug}).status_code == 404
    assert client.post(link, {}).status_code == 404
    assert client.post(link, {"entry": "\x00"}).status_code == 404
    assert "Fremder Eintrag" not in client.get(link).content.decode()
    assert not Confirmation.objects.filter(by_link=True).exists()


def test_a_link_dies_with_its_organisation_and_with_its_addresses(client: Client) -> None:
    actor = make_actor()
    entry(185, actor=actor)
    link = mailed(actor)
    Actor.objects.filter(pk=actor.pk).update(state="former", left_at=timezone.now())
    assert client.get(link).status_code == 404
    Actor.objects.filter(pk=actor.pk).update(state="approved")
    assert client.get(link).status_code == 200
    freshness.end_links(actor)
    assert client.get(link).status_code == 404


@pytest.mark.parametrize("token", ["", "x", "1-1", "1-1.AAAA", "ä" * 40])
def test_a_made_up_link_opens_nothing(client: Client, token: str) -> None:
    entry(185)
    assert client.get(f"/bestaetigen/{token}/").status_code == 404


def test_a_token_of_another_purpose_opens_nothing(client: Client) -> None:
    actor = make_actor()
    entry(185, actor=actor)
    other = make_token("actors.invitation", actor.pk, actor.confirm_version)
    assert client.get(f"/bestaetigen/{other}/").status_code == 404
