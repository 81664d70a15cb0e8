"""Somebody suggests an example: five fields, one mail, one button, and an answer with a reason."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from practices import releasing, suggesting
from practices.models import Practice, Suggestion
from practices.suggesting import SuggestionRefused
from practices.tasks import forget_old_suggestions
from tests.cast import make_cast
from tests.mails import went_out
from tests.make import make_municipality

pytestmark = pytest.mark.django_db

FORM = "/beispiele/vorschlagen/"
INPUT = {
    "company": "Heat & Co's Härterei",
    "place": "Altena",
    "what": "Der Ofen schreibt sein Buch selbst.\r\n\r\nEin Fühler, ein Tablet.",
    "benefit": "Zwei Stunden weniger Büro je Woche.",
    "email": "chefin@haerterei.test",
}


def fill_in(client: Any, seconds: float = 20, **changes: str) -> Any:
    """Open the form, take some time, post it."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        opened = client.get(FORM).context["form"].fields["opened"].initial
        clock.shift(timedelta(seconds=seconds))
        return client.post(FORM, {**INPUT, "opened": opened, **changes})


def link_in_last_mail() -> str:
    return full_text(OutgoingMail.objects.latest("pk")).partition("https://portal.test")[2].split()[0]


def test_a_confirmed_suggestion_reaches_staff(client: Any) -> None:
    response = fill_in(client)
    assert (response.status_code, response["Location"]) == (302, "/beispiele/vorschlagen/fast-fertig/")
    assert not Suggestion.objects.to_answer().exists()

    own_page = link_in_last_mail()
    assert "Vorschlag bestätigen" in client.get(own_page).content.decode()
    assert client.post(own_page).status_code == 302
    assert Suggestion.objects.to_answer().get().company == INPUT["company"]
    assert "Ihr Vorschlag ist bei uns" in client.get(own_page).content.decode()


def test_the_mail_to_an_unconfirmed_address_holds_nothing_the_sender_typed(client: Any) -> None:
    fill_in(client)
    mail = OutgoingMail.objects.get()
    text = mail.subject + full_text(mail)
    assert mail.to == INPUT["email"]
    for name in ("company", "what", "benefit"):
        assert INPUT[name] not in text


def test_looking_at_the_link_changes_nothing_and_confirming_twice_is_harmless(client: Any) -> None:
    fill_in(client)
    own_page = link_in_last_mail()
    for _ in range(2):
        client.get(own_page)
        client.head(own_page)
    assert Suggestion.objects.get().state == "pending"
    client.post(own_page)
    confirmed_at = Suggestion.objects.get().confirmed_at
    assert client.post(own_page).status_code == 302
    assert Suggestion.objects.get().confirmed_at == confirmed_at


def test_the_own_page_is_for_nobody_else_and_leaves_no_trace_outside(client: Any) -> None:
    fill_in(client)
    own_page = link_in_last_mail()
    response = client.get(own_page)
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    assert client.get(own_page[:-2] + "x/").status_code == 404
    later = timezone.now() + timedelta(hours=49)
    with time_machine.travel(later):
        assert client.get(own_page).status_code == 200, "the mail still waits: nothing runs out"
    went_out(later)
    with time_machine.travel(later + timedelta(hours=47)):
        assert client.get(own_page).status_code == 200
    with time_machine.travel(later + timedelta(hours=49)):
        assert client.get(own_page).status_code == 404
        assert client.post(own_page).status_code == 404


@pytest.mark.parametrize("name", INPUT)
def test_an_empty_field_is_told_beside_it_and_nothing_is_lost(client: Any, name: str) -> None:
    response = fill_in(client, **{name: ""})
    page = response.content.decode()
    assert response.status_code == 422
    assert "<title>Fehler: Beispiel vorschlagen" in page
    assert list(response.context["form"].errors) == [name]
    assert 'aria-invalid="true"' in page
    kept = {key: value for key, value in INPUT.items() if key != name}
    assert {key: response.context["form"][key].value() for key in kept} == kept
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize("trap", [{"seconds": 0}, {"website": "https://spam.test"}])
def test_a_caught_post_gets_one_more_plain_step_and_loses_nothing(client: Any, trap: dict[str, Any]) -> None:
    response = fill_in(client, **trap)
    assert response.status_code == 422
    assert "noch einmal ab" in response.content.decode()
    assert not OutgoingMail.objects.exists()
    form = response.context["form"]
    again = {name: form[name].value() for name in INPUT} | {"opened": form.fields["opened"].initial}
    with time_machine.travel(timezone.now() + timedelta(seconds=60)):
        assert client.post(FORM, again).status_code == 302
    assert Suggestion.objects.get().what == INPUT["what"]


def test_too_many_posts_from_one_place_get_a_page_that_says_when_to_come_back(client: Any) -> None:
    answers = [client.post(FORM, {}).status_code for _ in range(11)]
    assert answers[:10] == [422] * 10
    response = client.post(FORM, {})
    assert (response.status_code, response["Retry-After"]) == (429, "3600")
    assert "<h1>" in response.content.decode()


def test_a_flood_for_one_address_looks_the_same_but_sends_three_mails(client: Any, settings: Any) -> None:
    settings.POST_LIMIT_FACTOR = 100
    answers = {fill_in(client)["Location"] for _ in range(5)}
    assert answers == {"/beispiele/vorschlagen/fast-fertig/"}
    assert OutgoingMail.objects.count() == 3


def confirmed() -> Suggestion:
    suggestion = suggesting.suggest(**INPUT)
    suggesting.confirm(suggestion)
    suggestion.refresh_from_db()
    return suggestion


def test_staff_turn_a_suggestion_into_a_draft_and_the_sender_follows_it_to_publication(client: Any) -> None:
    altena = make_municipality("Altena")
    practice = suggesting.accept(confirmed())

    assert (practice.state, practice.company, practice.municipality) == ("draft", INPUT["company"], altena)
    assert practice.solution == "<p>Der Ofen schreibt sein Buch selbst.</p><p>Ein Fühler, ein Tablet.</p>"
    own_page = link_in_last_mail()
    assert "wird aufgeschrieben" in client.get(own_page).content.decode()

    today = timezone.localdate()
    releasing.record_release(practice, released_by="Leitung", released_on=today, channel="mail", by=None)
    releasing.publish(practice, by=None)
    page = client.get(own_page).content.decode()
    assert "Ihr Vorschlag ist veröffentlicht" in page
    assert f'href="{practice.get_absolute_url()}"' in page


def test_a_place_outside_the_region_is_kept_as_text() -> None:
    suggestion = confirmed()
    Suggestion.objects.update(place="Zülpich")
    practice = suggesting.accept(suggestion)
    assert (practice.municipality, practice.place) == (None, "Zülpich")


def test_a_refusal_needs_its_reason_and_tells_it(client: Any) -> None:
    suggestion = confirmed()
    with pytest.raises(SuggestionRefused, match="begründen"):
        suggesting.decline(suggestion, reason="  ")
    suggesting.decline(suggestion, reason="Das Beispiel gibt es schon & ist aktuell.")
    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject == f"Ihr Vorschlag: {INPUT['company']}"
    assert "Das Beispiel gibt es schon & ist aktuell." in full_text(mail)
    assert "Das Beispiel gibt es schon &amp; ist aktuell." in client.get(link_in_last_mail()).content.decode()


def test_the_log_of_the_desk_names_no_company_since_it_outlives_the_suggestion() -> None:
    editor: Any = make_cast().client("editor")
    accepted, declined = confirmed(), confirmed()
    for row, answer in ((accepted, {"accept": "1"}), (declined, {"decline": "1", "reason": "Das gibt es schon."})):
        editor.post(reverse("admin:practices_suggestion_answer", args=[row.pk]), answer)
    logged = LogEntry.objects.filter(content_type__model="suggestion").values_list("object_repr", flat=True)
    assert set(logged) == {f"Vorschlag {accepted.pk}", f"Vorschlag {declined.pk}"}


def test_only_a_confirmed_suggestion_is_answered_and_only_once() -> None:
    with pytest.raises(SuggestionRefused, match="nicht bestätigt"):
        suggesting.accept(suggesting.suggest(**INPUT))
    suggestion = confirmed()
    suggesting.accept(suggestion)
    with pytest.raises(SuggestionRefused):
        suggesting.decline(suggestion, reason="zu spät")
    assert Practice.objects.count() == 1


def test_unconfirmed_suggestions_and_old_addresses_are_forgotten() -> None:
    suggesting.suggest(**INPUT)
    answered = confirmed()
    suggesting.accept(answered)
    waiting = confirmed()
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert suggesting.forget_old() == (0, 0), "its mail still waits"
    went_out()
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert suggesting.forget_old() == (1, 1)
        assert suggesting.forget_old() == (0, 0)
    answered.refresh_from_db()
    waiting.refresh_from_db()
    assert (answered.email, waiting.email) == ("", INPUT["email"])


def test_what_was_suggested_is_deleted_a_year_after_the_answer_and_the_example_stays(client: Any) -> None:
    answered, waiting = confirmed(), confirmed()
    practice = suggesting.accept(answered)
    own_page = link_in_last_mail()
    with time_machine.travel(timezone.now() + timedelta(days=364)):
        forget_old_suggestions(timestamp=0)
        assert client.get(own_page).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=366)):
        forget_old_suggestions(timestamp=0)
        assert client.get(own_page).status_code == 404
    assert list(Suggestion.objects.all()) == [waiting]
    assert Practice.objects.get() == practice


def test_the_words_of_the_form_are_no_addresses_of_examples(client: Any) -> None:
    assert client.get("/beispiele/vorschlagen/").status_code == 200
    assert client.get("/beispiele/vorschlagen/fast-fertig/").status_code == 200
