"""From the full dialogue to what came of it: the waiting list, the day itself and the documentation, by keyboard."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from dialogues import registration
from dialogues.links import own_path
from dialogues.models import Dialogue, Registration, Report
from dialogues.party import Person as Coming
from platform_mark.mail.models import OutgoingMail
from tests.browser.conftest import NewContext
from tests.browser.portal import PASSWORD, Portal
from tests.browser.test_sign_up import in_database_of, tab_to
from tests.dialogues.make import in_days, make_dialogue, make_registration
from tests.make import make_user

WIDE = {"viewport": {"width": 1280, "height": 900}}


def sign_up(page: Page, dialogue: Dialogue, company: str, email: str, *people: str, button: str) -> None:
    """Fill in the form and send it; the first person is whoever writes."""
    page.goto(f"/dialoge/{dialogue.slug}/anmelden/")
    tab_to(page, "Betrieb")
    page.keyboard.type(company)
    tab_to(page, "Ihr Name")
    page.keyboard.type(people[0])
    tab_to(page, "E-Mail-Adresse")
    page.keyboard.type(email)
    for number, name in enumerate(people[1:], 2):
        tab_to(page, "Weitere Person")
        page.keyboard.press("Enter")
        field = page.get_by_label(f"Name der {number}. Person")
        expect(field).to_be_visible()
        field.focus()
        page.keyboard.type(name)
    page.wait_for_timeout(3100)
    tab_to(page, button)
    page.keyboard.press("Enter")
    page.wait_for_url("**/fast-fertig/**")


def press(page: Page, name: str) -> None:
    tab_to(page, name, most=250)
    page.keyboard.press("Enter")


def mails_to(portal: Portal, email: str) -> list[str]:
    """The kinds of mails to this address, the latest last."""
    return in_database_of(
        portal, lambda: list(OutgoingMail.objects.filter(to=email).order_by("pk").values_list("kind", flat=True))
    )


def own_page(portal: Portal, email: str) -> str:
    return in_database_of(portal, lambda: own_path(Registration.objects.get(email=email)))


def test_who_waits_moves_up_when_a_party_gets_smaller_and_is_told(visit: NewContext, portal: Portal) -> None:
    dialogue = in_database_of(portal, lambda: make_dialogue(seats=2))
    first = visit(**WIDE).new_page()
    sign_up(first, dialogue, "Federnwerk", "erste@firma.example", "Mara Hellweg", "Jens Ohm", button="Verbindlich")
    first.goto(own_page(portal, "erste@firma.example"))
    press(first, "Anmeldung bestätigen")
    expect(first.get_by_role("heading", level=1)).to_have_text("Ihre 2 Plätze sind bestätigt")

    second = visit(**WIDE).new_page()
    second.goto("/dialoge/")
    expect(second.get_by_role("main")).to_contain_text("Warteliste")
    sign_up(second, dialogue, "Drehteile", "zweite@firma.example", "Kim Muster", button="Auf die Warteliste")
    second.goto(own_page(portal, "zweite@firma.example"))
    press(second, "Anmeldung bestätigen")
    expect(second.get_by_role("heading", level=1)).to_contain_text("Warteliste")
    expect(second.get_by_role("main")).to_contain_text("Platz 1")

    press(first, "Personen ändern")
    expect(first.get_by_label("Name der 2. Person")).to_have_value("Jens Ohm")
    press(first, "2. Person streichen")
    expect(first.get_by_label("Name der 2. Person")).to_have_count(0)
    press(first, "Änderung speichern")
    expect(first.get_by_role("heading", level=1)).to_have_text("Ihr Platz ist bestätigt")

    second.goto(own_page(portal, "zweite@firma.example"))
    expect(second.get_by_role("heading", level=1)).to_have_text("Ihr Platz ist bestätigt")
    assert mails_to(portal, "zweite@firma.example") == [
        "dialog-bestaetigen",
        "dialog-warteliste",
        "dialog-nachgerueckt",
    ]


@pytest.fixture
def organiser(portal: Portal) -> str:
    def make() -> str:
        user = make_user("veranstaltung@portal.test", password=PASSWORD, is_staff=True)
        user.groups.set([Group.objects.get(name="Veranstaltungen")])
        return user.email

    return in_database_of(portal, make)


def test_staff_print_tick_off_and_publish_and_the_outbox_shows_the_mails(
    visit: NewContext, portal: Portal, quick_start: str, organiser: str
) -> None:
    def make() -> Dialogue:
        dialogue = make_dialogue("Wenn die Tafel spricht", starts_at=in_days(0, 0), ends_at=timezone.now())
        make_registration(dialogue, people=2, email="gast@firma.example", company="Härterei Nord")
        Report.objects.create(dialogue=dialogue, summary="<p>Zwei Betriebe sahen die Tafel.</p>", participants=1)
        ahead = make_dialogue("Was als Nächstes kommt")
        registration.sign_up(
            ahead,
            company="Härterei Nord",
            contact_name="Kim",
            email="gast@firma.example",
            people=[Coming("Kim", ahead.seat_kinds.get())],
        )
        return dialogue

    dialogue = in_database_of(portal, make)
    # The quick start asks for no second factor.
    page = visit(base_url=quick_start, **WIDE).new_page()
    page.goto("/admin/")
    tab_to(page, "E-Mail-Adresse")
    page.keyboard.type(organiser)
    tab_to(page, "Passwort")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")

    page.goto(f"/admin/dialogues/dialogue/{dialogue.pk}/liste/")
    page.emulate_media(media="print")
    expect(page.get_by_role("row", name="Härterei Nord")).to_have_count(2)
    expect(page.get_by_text("Zum Drucken nehmen Sie")).to_be_hidden()
    page.emulate_media(media="screen")
    press(page, "Liste öffnen")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Abhaken")
    press(page, "Person 1: ist da")
    expect(page.get_by_role("status")).to_contain_text("1 von 2 da")
    press(page, "Person 2: kam nicht")
    expect(page.get_by_role("status")).to_contain_text("1 kam nicht")

    page.goto(f"/admin/dialogues/dialogue/{dialogue.pk}/change/")
    press(page, "Nachbericht veröffentlichen")
    expect(page.locator(".messagelist")).to_be_visible()
    assert mails_to(portal, "gast@firma.example")[-1] in {"dialog-unterlagen", "dialog-danke"}
    reader = visit(**WIDE).new_page()
    reader.goto(dialogue.get_absolute_url())
    expect(reader.get_by_role("main")).to_contain_text("Zwei Betriebe sahen die Tafel.")

    # Where no mail server is, staff read in the outbox what would have been sent, personal link and all.
    page.goto("/admin/outbox/outgoingmail/?q=gast@firma.example")
    press(page, "Bitte bestätigen")
    expect(page.get_by_role("main")).to_contain_text("/anmeldung/")
    press(page, f"{quick_start}/anmeldung/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Noch ein Schritt")
