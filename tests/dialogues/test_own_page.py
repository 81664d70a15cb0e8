"""The page behind the personal link: what it says, what its buttons do, and for whom it is not there."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from dialogues import links, mails, party, registration, staff_changes
from dialogues.models import Dialogue, DialogueDocument, Question, Registration, RegistrationEvent, SeatKind
from dialogues.party import Person
from platform_mark import erasures
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.tokens import make_token
from tests.conftest import PortalClient
from tests.dialogues.make import make_dialogue
from tests.dialogues.test_registration import book, people, sign_up, state
from tests.dialogues.test_sign_up_form import locked_by_others
from tests.make import make_document
from tests.markup import Page

pytestmark = pytest.mark.django_db

ACTIONS = ("confirm", "cancel", "accept", "decline", "end-news", "erase")
SUB_PAGES = ("", "personen/", "uebergeben/", "erinnerungen-beenden/", "daten.json")


def own(row: Registration) -> str:
    return links.own_path(Registration.objects.get(pk=row.pk))


def read(client: Any, row: Registration) -> str:
    response = client.get(own(row))
    assert response.status_code == 200
    return response.content.decode()


def press(client: Any, row: Registration, action: str) -> Any:
    return client.post(own(row), {"action": action})


# ---------------------------------------------------------------- from the mail to the seat


def test_the_button_behind_the_link_of_the_mail_confirms(client: Any) -> None:
    row = sign_up(make_dialogue())
    path = full_text(OutgoingMail.objects.get()).partition(django_settings.BASE_URL)[2].split()[0]
    page = client.get(path).content.decode()
    assert "<h1>" in page
    assert "Noch ein Schritt" in page
    assert "Heat &amp; Co&#x27;s a" in page
    assert "Bestätigen Sie nicht, löschen wir alles nach 48 Stunden." in page
    response = client.post(path, {"action": "confirm"})
    assert (response.status_code, response["Location"]) == (302, path)
    assert "Ihr Platz ist bestätigt" in client.get(path).content.decode()
    assert client.post(path, {"action": "confirm"}).status_code == 302
    assert state(row) == "confirmed"


def test_looking_changes_nothing(client: Any) -> None:
    row = sign_up(make_dialogue())
    before = Registration.objects.values().get(), RegistrationEvent.objects.count(), OutgoingMail.objects.count()
    for page in SUB_PAGES:
        for _ in range(2):
            client.get(own(row) + page)
            client.head(own(row) + page)
    client.get(own(row), {"action": "confirm"})
    assert (
        Registration.objects.values().get(),
        RegistrationEvent.objects.count(),
        OutgoingMail.objects.count(),
    ) == before


def test_every_button_needs_the_form_token_but_the_end_of_reminders() -> None:
    strict = PortalClient(enforce_csrf_checks=True)
    row = book(make_dialogue(), news_agreed=True)
    for action in ACTIONS:
        assert press(strict, row, action).status_code == 403
    for page in ("personen/", "uebergeben/"):
        assert strict.post(own(row) + page, {"rows": "1"}).status_code == 403
    assert state(row) == "confirmed"
    answer = strict.post(f"{own(row)}erinnerungen-beenden/", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not answer.cookies
    row.refresh_from_db()
    assert (row.reminders_ended_at is not None, row.state, row.news_agreed_at is not None) == (True, "confirmed", True)
    assert RegistrationEvent.objects.count() == 2


# ---------------------------------------------------------------- the state comes first


def test_the_state_stands_in_the_heading_of_every_booking(client: Any) -> None:
    dialogue = make_dialogue(seats=2)
    seated, group = book(dialogue, "a", 2), book(dialogue, "b")
    behind = book(dialogue, "c")
    assert "Ihre 2 Plätze sind bestätigt" in read(client, seated)
    assert "Warteliste, Platz 1" in read(client, group)
    page = read(client, behind)
    assert "Warteliste, Platz 2" in page
    assert "Platz 2. Vor Ihnen steht 1 Anmeldung." in page
    press(client, seated, "cancel")
    assert "Ihre Anmeldung ist storniert" in read(client, seated)
    Dialogue.objects.update(cancelled_at=timezone.now(), cancel_reason="Die Halle ist gesperrt.")
    page = read(client, group)
    assert "Der Dialog ist abgesagt" in page
    assert "Die Halle ist gesperrt." in page
    assert "Anmeldung stornieren" not in page


def test_one_seat_and_several_are_given_back_in_their_number(client: Any) -> None:
    dialogue = make_dialogue(seats=3)
    for row, before, after in (
        (book(dialogue, "a"), ("Ihr Platz geht sofort", "Platz freigeben"), "Ihr Platz ist wieder frei."),
        (book(dialogue, "b", 2), ("Ihre Plätze gehen sofort", "Plätze freigeben"), "Ihre Plätze sind wieder frei."),
    ):
        page = read(client, row)
        assert all(words in page for words in before)
        press(client, row, "cancel")
        assert after in read(client, row)


def test_every_state_leads_to_the_dialogue_and_who_left_may_sign_up_anew_while_that_is_open(client: Any) -> None:
    dialogue = make_dialogue(seats=1)
    public, form = f'href="{dialogue.get_absolute_url()}"', f'href="/dialoge/{dialogue.slug}/anmelden/"'
    pending, seated, waits = sign_up(dialogue, "a"), book(dialogue, "b"), book(dialogue, "c")
    for row in (pending, seated, waits):
        assert public in read(client, row)
        assert form not in read(client, row)
    registration.cancel(seated)
    assert public in read(client, seated)
    assert form in read(client, seated)
    Dialogue.objects.update(signup_closes_at=timezone.now())
    assert form not in read(client, seated)
    Dialogue.objects.update(state="draft")
    assert public not in read(client, seated)


def test_a_moderated_and_a_rejected_booking_say_so(client: Any) -> None:
    row = book(make_dialogue(is_moderated=True))
    assert "Ihre Anmeldung wird geprüft" in read(client, row)
    staff_changes.decide(row, accept=False, reason="Zu viele & zu spät.", by=None)
    assert "Zu viele &amp; zu spät." in read(client, row)


def test_an_offer_is_taken_or_given_back_by_button(client: Any) -> None:
    dialogue = make_dialogue(seats=1, waiting_mode="offer")
    first, second, third = (book(dialogue, who) for who in "abc")
    registration.cancel(first)
    page = Page.of(client.get(own(second))).main
    assert page.one("h1").text == "Für Sie ist ein Platz frei"
    [declining] = [details for details in page.all("details") if details.one("summary").text == "Platz ablehnen"]
    assert [button["value"] for button in declining.all("button")] == ["decline"]
    assert [button.text for button in page.all("button") if button["value"] == "accept"] == ["Platz annehmen"]
    assert len([button for button in page.all("button") if button["value"] == "decline"]) == 1, "asked once before"
    press(client, second, "decline")
    assert "Sie haben den Platz abgelehnt" in read(client, second)
    press(client, third, "accept")
    press(client, third, "accept")
    assert "Ihr Platz ist bestätigt" in read(client, third)


def test_an_offer_that_came_too_late_is_told_kindly(client: Any) -> None:
    dialogue = make_dialogue(seats=1, waiting_mode="offer")
    first, second = (book(dialogue, who) for who in "ab")
    registration.cancel(first)
    Registration.objects.filter(pk=second.pk).update(offered_until=timezone.now())
    response = press(client, second, "accept")
    assert response.status_code == 409
    assert "Die Frist für dieses Angebot ist vorbei" in response.content.decode()


def test_part_of_a_group_that_waits_is_shown_with_its_place(client: Any) -> None:
    page = read(client, book(make_dialogue(seats=1), "a", 3, group="singly"))
    assert "Ihr Platz ist bestätigt" in page
    assert "2 Personen von Ihnen warten noch: Warteliste, Platz 1" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["confirm", "erase"])
def test_a_dialogue_that_stays_locked_asks_to_try_again(client: Any, action: str) -> None:
    row = sign_up(make_dialogue())
    with locked_by_others(row.dialogue):
        response = press(client, row, action)
    assert response.status_code == 409
    assert "in einer Minute noch einmal" in response.content.decode()
    assert Registration.objects.get().email == row.email


# ---------------------------------------------------------------- changing it


def test_the_party_is_changed_in_a_form_that_knows_who_comes(client: Any) -> None:
    row = book(make_dialogue(seats=5))
    path = f"{own(row)}personen/"
    assert client.get(path).context["form"]["name-0"].value() == "Person 1"
    more = client.post(path, {"rows": "1", "name-0": "Mara", "more": "1"})
    assert (more.status_code, more.context["form"].number, more.context["form"]["name-0"].value()) == (200, 2, "Mara")
    assert client.post(path, {"rows": "2", "name-0": "Mara", "name-1": ""}).status_code == 302
    assert [str(person) for person in row.attendees.all()] == ["Mara", "N.N."]
    assert client.post(path, {"rows": "1", "name-0": "x" * 121}).status_code == 422
    assert client.post(path, {"rows": "1", "name-0": "Mara"}).status_code == 302
    assert row.attendees.count() == 1


def test_what_was_changed_on_another_page_is_said_on_the_way_back(client: Any) -> None:
    row = book(make_dialogue())
    for page, values, said in (
        ("personen/", {"rows": "1", "name-0": "Aylin"}, "Wer kommt, steht unten."),
        ("uebergeben/", {"contact_name": "Mara Neu", "email": row.email}, "Der neue Name steht unten."),
    ):
        assert said in client.post(own(row) + page, values, follow=True).content.decode()
        assert said not in read(client, row)
    assert "Gespeichert" not in client.get(f"{own(row)}?gespeichert=x").content.decode()


def test_handing_over_moves_the_link_to_the_new_address(client: Any) -> None:
    row = book(make_dialogue())
    old = own(row)
    path = f"{old}uebergeben/"
    assert client.post(path, {"contact_name": "", "email": "x"}).status_code == 422
    response = client.post(path, {"contact_name": "Jens Neumann", "email": "jens@firma.example"})
    assert (response.status_code, response["Location"]) == (302, "/anmeldung/uebergeben/")
    assert client.get(old).status_code == 404
    assert "Ihr Platz ist bestätigt" in read(client, row)
    assert client.get("/anmeldung/uebergeben/").status_code == 200


def test_a_refused_change_says_why_and_keeps_the_input(client: Any) -> None:
    dialogue = make_dialogue()
    row, _ = book(dialogue), book(dialogue, "b")
    values = {"contact_name": "Jens", "email": "b@firma.example"}
    response = client.post(f"{own(row)}uebergeben/", values)
    assert response.status_code == 422
    assert response.context["form"]["contact_name"].value() == "Jens"
    assert state(row) == "confirmed"


def test_what_can_no_longer_be_changed_leads_back(client: Any) -> None:
    row = book(make_dialogue())
    registration.cancel(row)
    for page in ("personen/", "uebergeben/"):
        response = client.get(own(row) + page)
        assert (response.status_code, response["Location"]) == (302, own(row))
        assert client.post(own(row) + page, {"rows": "2"}).status_code == 302
    assert press(client, row, "cancel").status_code == 302
    assert press(client, row, "irgendwas").status_code == 404
    assert client.post(own(row)).status_code == 404


# ---------------------------------------------------------------- what participants get


def test_online_link_and_documents_are_for_confirmed_people_only(client: Any) -> None:
    dialogue = make_dialogue(seats=1, online_link="https://raum.example/geheim")
    for title, visibility in (("Für alle", "public"), ("Nur für uns", "participants")):
        DialogueDocument.objects.create(dialogue=dialogue, document=make_document(title), visibility=visibility)
    seated, waits = book(dialogue, "a"), book(dialogue, "b")
    assert all(words in read(client, seated) for words in ("raum.example/geheim", "Für alle", "Nur für uns"))
    page = read(client, waits)
    assert "Für alle" in page
    assert "raum.example" not in page
    assert "Nur für uns" not in page


def test_a_link_that_is_not_made_yet_is_promised_for_later_on_every_page_and_in_the_mail(client: Any) -> None:
    dialogue = make_dialogue(seats=1, online_seats=1)
    promise = "schicken wir Ihnen vor dem Termin."
    onsite, online = book(dialogue, "a"), book(dialogue, "b", people=people(dialogue, way="online"))
    assert f"Den Link {promise}" in read(client, online)
    assert promise not in read(client, onsite)
    assert [promise in mail.text for mail in OutgoingMail.objects.filter(kind=mails.Kind.CONFIRMED).order_by("pk")] == [
        False,
        True,
    ]
    public = client.get(dialogue.get_absolute_url()).content.decode()
    assert f"Den Link zur Online-Teilnahme {promise}" in public
    assert "mit der Bestätigung" not in public

    Dialogue.objects.update(online_link="https://raum.example/da")
    assert promise not in read(client, online)
    assert "mit der Bestätigung" in client.get(dialogue.get_absolute_url()).content.decode()


def test_the_list_of_participants_shows_who_agreed_to_who_is_confirmed_for_a_week(client: Any) -> None:
    dialogue = make_dialogue(seats=3)
    reader = book(dialogue, "a")
    agreed, silent = (
        book(dialogue, who, company=company, list_agreed=is_listed)
        for who, company, is_listed in (("b", "Offen & Söhne", True), ("c", "Stille Post", False))
    )
    waits = book(dialogue, "d", list_agreed=True)
    page = read(client, reader)
    assert "Offen &amp; Söhne: Person 1" in page
    assert "Stille Post" not in page
    assert "Offen &amp; Söhne" not in read(client, waits)
    with time_machine.travel(dialogue.ends_at + timedelta(days=8)):
        assert "Offen &amp; Söhne" not in read(client, reader)
    assert agreed.list_agreed_at and not silent.list_agreed_at


# ---------------------------------------------------------------- own data


def test_what_is_stored_stands_there_with_the_day_it_goes(client: Any) -> None:
    dialogue = make_dialogue(retention_days=45)
    question = Question.objects.create(dialogue=dialogue, text="Welcher Tisch?", delete_after_days=5)
    row = book(dialogue, needs="vegan", needs_agreed=True, answers={question: ["Rüsten"]})
    page = read(client, row)
    for words, days in (("Heat &amp; Co&#x27;s a", 45), ("vegan", 2), ("Rüsten", 5)):
        day = timezone.localtime(dialogue.ends_at + timedelta(days=days))
        assert words in page
        assert f"{day:%d.%m.%Y}" in page


def test_own_data_is_complete_and_nobody_elses(client: Any) -> None:
    dialogue = make_dialogue(seats=1)
    question = Question.objects.create(dialogue=dialogue, text="Welcher Tisch?")
    row = book(dialogue, needs="vegan", needs_agreed=True, answers={question: ["Rüsten"]}, group="singly", number=2)
    book(dialogue, "fremd")
    response = client.get(f"{own(row)}daten.json")
    data = json.loads(response.content)
    assert response["Content-Type"] == "application/json"
    assert data["betrieb"] == "Heat & Co's a"
    assert [person["stand"] for person in data["personen"]] == ["Bestätigt", "Warteliste"]
    assert data["antworten"] == [{"frage": "Welcher Tisch?", "antwort": ["Rüsten"]}]
    assert data["einwilligungen"]["hinweis"]["text"].startswith("Sie dürfen meinen Hinweis")
    assert data["einwilligungen"]["spaetere_nachrichten"] == {"gegeben_am": None, "text": None}
    assert data["angemeldet_am"] and data["adresse_bestaetigt_am"]
    assert len(data["e_mails"]) == 2
    assert "fremd" not in response.content.decode()


def test_erasing_frees_the_seat_leaves_only_numbers_and_outlives_a_restore(
    client: Any, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR, before = tmp_path, timezone.now()
    dialogue = make_dialogue(seats=1)
    row, waits = book(dialogue, "kanarienvogel", needs="Zebraallergie", needs_agreed=True), book(dialogue, "b")
    old = own(row)
    response = press(client, row, "erase")
    assert (response.status_code, response["Location"]) == (302, "/anmeldung/geloescht/")
    assert "Ihre Angaben sind gelöscht" in client.get("/anmeldung/geloescht/").content.decode()
    assert client.get(old).status_code == 404
    assert state(waits) == "confirmed"
    stored = repr(
        [
            *Registration.objects.filter(pk=row.pk).values(),
            *OutgoingMail.objects.filter(token_row=row.pk).values(),
            *row.events.values(),
            *row.attendees.values(),
            *row.answers.values(),
        ]
    )
    for trace in ("kanarienvogel", "Zebraallergie", "O'Brien", "Person 1"):
        assert trace not in stored
    assert row.attendees.get().name == ""
    assert row.events.filter(action="erased").count() == 1
    known = ["kanarienvogel@firma.example", "b@firma.example"]
    assert erasures.erased_since(before, known) == [("kanarienvogel@firma.example", "booking", row.pk)]


def test_consent_to_news_is_withdrawn_by_button(client: Any) -> None:
    row = book(make_dialogue(), news_agreed=True)
    assert "Keine späteren Nachrichten mehr" in read(client, row)
    press(client, row, "end-news")
    assert "Keine späteren Nachrichten mehr" not in read(client, row)


# ---------------------------------------------------------------- tokens


def test_own_pages_leave_no_trace_outside(client: Any) -> None:
    row = book(make_dialogue())
    for page in SUB_PAGES:
        response = client.get(own(row) + page)
        assert response.status_code == 200
        assert response["Referrer-Policy"] == "same-origin"
        assert "no-store" in response["Cache-Control"]
        assert "noindex" in response["X-Robots-Tag"]
        assert 'href="http' not in response.content.decode().replace(f'href="{django_settings.BASE_URL}', "")


def test_wrong_expired_reused_and_foreign_links_get_the_same_friendly_page(client: Any) -> None:
    dialogue = make_dialogue()
    row, other = sign_up(dialogue), sign_up(make_dialogue(), "b")
    path = own(row)
    token = path.split("/")[2]
    wrong = {
        f"/anmeldung/{token[:at]}{chr(ord(token[at]) ^ 1)}{token[at + 1 :]}/"
        for at in range(len(token))
        if (chr(ord(token[at]) ^ 1)).isalnum()
    }
    wrong |= {
        f"/anmeldung/{make_token('dialogues.invitation', row.pk, 1)}/",
        f"/anmeldung/{make_token('practices.suggestion', row.pk, 1)}/",
        f"/anmeldung/{make_token(mails.PURPOSE, row.pk, 2)}/",
        f"/anmeldung/{make_token(mails.PURPOSE, 10**30, 1)}/",
        f"/anmeldung/{make_token(mails.PURPOSE, 999_999, 1)}/",
        "/anmeldung/x/",
    }
    pages = set()
    for address in wrong:
        for response in (client.get(address), client.post(address, {"action": "cancel"})):
            assert response.status_code == 404
            pages.add(response.content)
    registration.erase(other)
    pages.add(client.get(own(other)).content)
    OutgoingMail.objects.filter(token_row=row.pk).update(state="sent", sent_at=timezone.now() - timedelta(hours=49))
    Registration.objects.update(created_at=timezone.now() - timedelta(hours=49))
    for page in SUB_PAGES:
        pages.add(client.get(path + page).content)
        assert client.post(path + page, {"action": "confirm"}).status_code in {404, 405}
    assert len(pages) == 1
    assert "Dieser Link gilt nicht mehr" in pages.pop().decode()
    assert state(row) == "pending"
    assert len(wrong) >= 20


def test_a_rotated_key_keeps_old_links_alive_while_it_is_a_fallback(client: Any, settings: Any) -> None:
    row = book(make_dialogue())
    path = own(row)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [old]
    assert client.get(path).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(path).status_code == 404


def test_the_page_makes_the_same_queries_for_one_and_for_many(client: Any, django_assert_max_num_queries: Any) -> None:
    dialogue = make_dialogue(seats=30, most_per_company=9)
    one = book(dialogue, list_agreed=True)
    for who in "bcdefg":
        book(dialogue, who, 5, list_agreed=True)
    with django_assert_max_num_queries(9):
        client.get(own(one))
    SeatKind.objects.update(capacity=60)
    many = book(dialogue, "z", 9)
    with django_assert_max_num_queries(9):
        client.get(own(many))


def test_people_are_persons_of_the_own_dialogue() -> None:
    dialogue = make_dialogue()
    row = book(dialogue)
    assert party.people_of(row) == people(dialogue)
    assert isinstance(party.people_of(row)[0], Person)
