"""An actor's way without a mouse: sign up, confirm, found, write; staff approve, and a company finds it. And a passkey."""

import re
from typing import Any

from allauth.account.models import EmailAddress
from playwright.sync_api import Page, expect

from actors import joining, review
from actors.models import Actor, Revision
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from tests.browser.barriers import SCREENS, axe
from tests.browser.conftest import NewContext
from tests.browser.portal import PASSWORD, Portal, in_database_of
from tests.make import make_user

WIDE = {"viewport": {"width": 1280, "height": 900}}
NEW = "Federwindemaschine im Winter 7"
# What somebody who looks at the focus reads there.
FOCUSED = """() => {
    const e = document.activeElement;
    return [...(e?.labels ?? []), e].map(x => x?.innerText ?? '').join(' ').replace(/\\u00ad/g, '').trim();
}"""


def tab_to(page: Page, words: str, most: int = 120) -> None:
    """Press Tab until the focus is on what is called so."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if re.match(words, page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"Tab never reaches {words!r}")


def fill(page: Page, label: str, text: str) -> None:
    tab_to(page, label)
    page.keyboard.type(text)


def press(page: Page, words: str) -> None:
    tab_to(page, words)
    enter(page)


def enter(page: Page) -> None:
    """Press Enter where it opens or sends something."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def heading(page: Page) -> Any:
    return page.get_by_role("heading", level=1)


def written() -> Revision:
    return Revision.objects.get(activity__actor__name="Netzwerk Hubzähler")


def test_an_actor_signs_up_founds_and_writes_by_keyboard_and_a_company_finds_it(
    visit: NewContext, portal: Portal
) -> None:
    page = visit(**WIDE).new_page()
    page.goto("/")
    press(page, "Konto$")
    expect(heading(page)).to_have_text("Anmelden")
    press(page, "Konto anlegen")
    fill(page, "Ihr Name", "Nina Neu")
    fill(page, "E-Mail-Adresse", "nina@netzwerk.example")
    fill(page, "Passwort", NEW)
    page.wait_for_timeout(3_100)  # the form is not for robots
    enter(page)
    expect(heading(page)).to_have_text("Bestätigen Sie Ihre Adresse")
    text = in_database_of(portal, lambda: full_text(OutgoingMail.objects.get(to="nina@netzwerk.example")))
    fill(page, "Code aus der E-Mail", re.findall(r"\d{4}-\d{4}", text)[0])
    enter(page)
    expect(heading(page)).to_have_text("Ihr Konto")

    press(page, "Gleich neu anmelden")
    fill(page, "Name", "Netzwerk Hubzähler")
    tab_to(page, "Art")
    page.keyboard.type("Netzwerk")
    fill(page, "Funktionspostfach", "post@netzwerk.example")
    fill(page, "Zweite Adresse", "nina@netzwerk.example")
    fill(page, "Für wen sprechen Sie", "Ich leite das Netzwerk.")
    press(page, "Organisation anmelden")
    expect(page.get_by_role("main")).to_contain_text("„Netzwerk Hubzähler“ ist angemeldet.")
    in_database_of(portal, lambda: joining.approve_actor(Actor.objects.get(name="Netzwerk Hubzähler"), by=None))

    page.reload()
    press(page, "Aktivität eintragen")
    fill(page, "Titel", "Halbtag: Hubzähler zum Anfassen")
    press(page, "Zur Prüfung geben")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("In einem Satz: Bitte füllen Sie dieses Feld aus.")
    fill(page, "In einem Satz$", "Ein halber Tag an der Presse.")
    tab_to(page, "Beratung")
    page.keyboard.press("Space")
    tab_to(page, "Führungskräfte")
    page.keyboard.press("Space")
    tab_to(page, portal.site.metal.name)
    page.keyboard.press("Space")
    press(page, "Zur Prüfung geben")
    expect(page.get_by_role("main")).to_contain_text("„Halbtag: Hubzähler zum Anfassen“ ist abgegeben.")

    visitor = visit(**WIDE).new_page()
    in_database_of(portal, lambda: review.send_back(written(), reason="Bitte nennen Sie den Ort.", by=None))
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Bitte nennen Sie den Ort.")
    press(page, "Weiterschreiben")
    fill(page, "Anderes Gebiet", "Südwestfalen")
    press(page, "Zur Prüfung geben")
    visitor.goto(f"/branchen/{portal.site.metal.slug}/")
    expect(visitor.get_by_role("main")).not_to_contain_text("Hubzähler zum Anfassen")
    in_database_of(portal, lambda: review.approve(written(), by=None))
    visitor.goto(f"/aktivitaeten/?branche={portal.site.metal.slug}")
    visitor.get_by_role("link", name="Halbtag: Hubzähler zum Anfassen").first.click()
    expect(visitor.get_by_role("main")).to_contain_text("Südwestfalen")
    assert visitor.context.cookies() == []

    page.goto("/konto/")
    expect(page.get_by_role("main")).to_contain_text("Veröffentlicht (1)")
    pk = in_database_of(portal, lambda: written().activity_id)
    addresses = [
        "/konto/",
        "/konto/aktivitaeten/neu/",
        f"/konto/aktivitaeten/{pk}/",
        f"/konto/aktivitaeten/{pk}/vorschau/",
    ]
    addresses += ["/konto/akteure/?q=netz", "/konto/akteure/neu/", "/konto/akteure/netzwerk-hubzaehler/personen/"]
    addresses += ["/konto/akteure/netzwerk-hubzaehler/profil/", "/konto/akteure/netzwerk-hubzaehler/austritt/"]
    addresses += [
        "/konto/daten/",
        "/konto/benachrichtigungen/",
        "/konto/zweiter-faktor/",
        "/konto/adresse/",
        "/konto/passkeys/neu/",
    ]
    for screen in SCREENS.values():
        looker = visit(bypass_csp=True, storage_state=page.context.storage_state(), **screen).new_page()
        for address in addresses:
            looker.goto(address)
            assert axe(looker) == [], address
            assert looker.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
                address
            )


def test_a_passkey_is_set_up_and_opens_the_account(visit: NewContext, portal: Portal, quick_start: str) -> None:
    # Browsers give passkeys to no page with a certificate that nobody signed; the quick start needs none.
    email = "schluessel@netzwerk.example"

    def make_account() -> None:
        user = make_user(email, password=PASSWORD)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)

    in_database_of(portal, make_account)
    context = visit(base_url=quick_start, **WIDE)
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    page.goto("/konto/anmelden/")
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden", exact=True).click()
    page.goto("/konto/passkeys/neu/")
    page.get_by_role("button", name="Passkey einrichten").click()
    expect(page.get_by_role("main")).to_contain_text("Ihr Passkey ist eingerichtet.")

    context.clear_cookies()
    page.goto("/konto/anmelden/")
    page.get_by_role("button", name="Passkey benutzen").click()
    page.wait_for_url("**/konto/")
    expect(heading(page)).to_have_text("Ihr Konto")
