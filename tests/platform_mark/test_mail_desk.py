"""What staff do with mails: change a text, look at it, send it to themselves, take it back; release or discard a draft."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from platform_mark.desk import privacy
from platform_mark.desk.mail_texts import KINDS
from platform_mark.mail import texts
from platform_mark.mail.models import BulkMail, MailText, OutgoingMail
from tests.cast import Cast, make_cast
from tests.dialogues.make import make_dialogue, make_registration
from tests.mails import make_bulk
from tests.markup import Page
from tests.production import ROOT

pytestmark = pytest.mark.django_db

TEXT = {
    "subject": "Bald: {titel}",
    "text": "{anrede},\n\n{eckdaten}\n\nAnsehen:\n{link}\n\nEnde:\n{erinnerungen_beenden}",
}
PATH = "/admin/outbox/mailtext/art/dialog-erinnerung/"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def organiser(cast: Cast) -> Iterator[Client]:
    return cast.client("organiser")


def words(response: object) -> str:
    return " ".join(Page.of(response).main.text.split())  # type: ignore[arg-type]


def test_the_outbox_calls_each_kind_by_a_german_name(cast: Cast) -> None:
    for name in ("dialog-bestaetigen", "idee-stand", "von-frueher"):
        OutgoingMail.objects.create(kind=name, to="a@firma.test", subject="x", text="x", message_id=name)
    page = Page.of(cast.client("administrator").get("/admin/outbox/outgoingmail/")).main
    assert page.text.count("Idee: neuer Stand") == 2, "in its row and in the filter"
    assert "von-frueher" in page.text and "dialog-bestaetigen" not in page.text
    mails = {path.stem for path in (ROOT / "templates/email").glob("*.txt")}
    assert {name for name in mails if texts.label(name) == name} == set()


def test_the_list_names_every_kind_and_what_was_changed(organiser: Client) -> None:
    organiser.post(PATH, {**TEXT, "save": "1"})
    page = Page.of(organiser.get("/admin/outbox/mailtext/"))
    rows = page.main.all("tr")
    assert len(rows) == len(KINDS) + 1
    assert [row.text for row in rows if "geändert am" in row.text] == [
        row.text for row in rows if "Bald: {titel}" in row.text
    ]


def test_a_changed_text_goes_out_until_it_is_taken_back(organiser: Client) -> None:
    assert organiser.post(PATH, {**TEXT, "save": "1"}).status_code == 302
    row = MailText.objects.get()
    assert (row.subject, row.text) == (TEXT["subject"], TEXT["text"])
    assert row.updated_by.email == "organiser@portal.test"

    assert organiser.post(PATH, {"reset": "1"}).status_code == 302
    assert not MailText.objects.exists()
    assert "Es gilt der mitgelieferte Text." in words(organiser.get(PATH))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": TEXT["text"] + "{passwort}"}, "Den Platzhalter {passwort} gibt es hier nicht."),
        ({"text": "{eckdaten} {erinnerungen_beenden}"}, "Der Platzhalter {link} muss im Text stehen bleiben."),
        ({"subject": "{{ settings.SECRET_KEY }}"}, "Eine geschweifte Klammer steht allein."),
        ({"subject": ""}, "Diese Angabe fehlt noch"),
    ],
)
def test_a_text_that_cannot_work_is_refused_at_saving_and_keeps_what_was_typed(
    change: dict[str, str], fault: str, organiser: Client
) -> None:
    response = organiser.post(PATH, {**TEXT, **change, "save": "1"})
    assert response.status_code == 422
    assert fault in words(response)
    [typed] = Page.of(response).main.all("textarea")
    assert typed.text.split() == {**TEXT, **change}["text"].split()
    assert not MailText.objects.exists()


def test_an_unconfirmed_address_cannot_be_written_to_with_what_somebody_typed(organiser: Client) -> None:
    text = {"subject": "Hallo", "text": "{betrieb} {eckdaten} {link}", "save": "1"}
    response = organiser.post("/admin/outbox/mailtext/art/dialog-bestaetigen/", text)
    assert "Den Platzhalter {betrieb} gibt es hier nicht." in words(response)


def test_preview_and_test_mail_take_real_data_and_save_nothing(cast: Cast) -> None:
    registration = make_registration(make_dialogue("Schweißen & Fügen"), company="Heat & Co's", contact_name="Kim Echt")
    superuser = cast.client("superuser")
    response = superuser.post(PATH, {**TEXT, "preview": "1"})
    assert "Bald: Schweißen & Fügen" in words(response)
    assert "Guten Tag Kim Echt," in words(response)
    assert "-1." not in words(response), "no key of a real person on the page"

    superuser.post(PATH, {**TEXT, "test": "1"})
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == ("superuser@portal.test", "Test: Bald: Schweißen & Fügen")
    assert mail.token_row == 0, "the link of a test mail opens nobody's sign-up"
    assert mail.other_links["erinnerungen_beenden"]["row_id"] == 0
    assert not MailText.objects.exists()
    assert registration.token_version == 1


def test_who_may_not_read_sign_ups_previews_with_made_up_people(organiser: Client) -> None:
    make_registration(make_dialogue(), contact_name="Kim Echt")
    assert "Guten Tag Kim Muster," in words(organiser.post(PATH, {**TEXT, "preview": "1"}))


def test_every_kind_can_be_opened_and_previewed(cast: Cast) -> None:
    make_registration(make_dialogue(online_seats=3))
    for person in ("organiser", "superuser"):
        for name in KINDS:
            response = cast.client(person).get(f"/admin/outbox/mailtext/art/{name}/")
            assert response.status_code == 200, name
            assert "So liest es jemand" in words(response), name
    assert cast.client("superuser").get("/admin/outbox/mailtext/art/gibt-es-nicht/").status_code == 404


# ---------------------------------------------------------------- bulk mails


def release_path(row: BulkMail) -> str:
    return f"/admin/outbox/bulkmail/{row.pk}/absenden/"


def test_a_bulk_mail_names_its_number_and_goes_out_by_the_press_that_repeats_it(organiser: Client) -> None:
    row = make_bulk(3)
    page = organiser.get(release_path(row))
    assert "Diese E-Mail geht an 3 Personen" in words(page)
    assert "Guten Tag Person 0," in words(page)
    assert OutgoingMail.objects.filter(state="waiting").count() == 0

    OutgoingMail.objects.filter(to="person1@firma.test").delete()
    organiser.post(release_path(row), {"release": "3"})
    assert OutgoingMail.objects.filter(state="waiting").count() == 0, "the number is another one by now"
    organiser.post(release_path(row), {"release": "2"})
    assert OutgoingMail.objects.filter(state="waiting").count() == 2
    row.refresh_from_db()
    assert row.released_by.email == "organiser@portal.test"
    organiser.post(release_path(row), {"release": "2"})
    assert OutgoingMail.objects.count() == 2


def test_a_draft_can_be_changed_tested_and_discarded_but_what_went_out_cannot(organiser: Client) -> None:
    row = make_bulk(2)
    change = f"/admin/outbox/bulkmail/{row.pk}/change/"
    assert organiser.post(change, {"subject": "Neu", "text": "{anrede}, {unbekannt} {link}"}).status_code == 200
    organiser.post(change, {"subject": "Neu", "text": "{anrede}, kommt bitte. {link}"})
    organiser.post(release_path(row), {"test": "1"})
    test = OutgoingMail.objects.get(state="waiting")
    assert (test.to, test.subject) == ("organiser@portal.test", "Test: Neu")

    organiser.post(release_path(row), {"release": "2"})
    assert set(OutgoingMail.objects.filter(bulk=row).values_list("subject", flat=True)) == {"Neu"}
    organiser.post(change, {"subject": "Später", "text": "{link}"})
    organiser.post(release_path(row), {"discard": "1"})
    row.refresh_from_db()
    assert row.subject == "Neu"

    other = make_bulk(2)
    organiser.post(release_path(other), {"discard": "1"})
    assert not BulkMail.objects.filter(pk=other.pk).exists()
    assert not OutgoingMail.objects.filter(state="draft").exists()


def test_the_start_page_tells_of_drafts_and_of_mail_that_does_not_get_out(organiser: Client) -> None:
    make_bulk(2)
    OutgoingMail.objects.filter(to="person0@firma.test").update(state="waiting")
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        text = words(organiser.get("/admin/"))
    assert "1 E-Mail wartet noch, die älteste seit 2 Stunden" in text.replace("\xa0", " ")
    assert "1 Rundmail ist noch nicht abgeschickt" in text


def test_a_failed_mail_whose_person_was_erased_is_nothing_to_do_and_is_not_sent_again(organiser: Client) -> None:
    make_bulk(2)
    OutgoingMail.objects.update(state="failed")
    privacy.erase_person("person0@firma.test")

    page = Page.of(organiser.get("/admin/")).main
    link = next(link for link in page.all("a") if "1 E-Mail ist nicht zustellbar" in link.text)
    listed = words(organiser.get(link["href"]))
    assert "person1@firma.test" in listed
    assert "geloescht@example.invalid" not in listed

    chosen = {"action": "send_again", "_selected_action": list(OutgoingMail.objects.values_list("pk", flat=True))}
    organiser.post("/admin/outbox/outgoingmail/", chosen)
    assert sorted(OutgoingMail.objects.values_list("to", "state")) == [
        ("geloescht@example.invalid", "failed"),
        ("person1@firma.test", "waiting"),
    ]
