"""The register's way through half a year without a mouse: "stimmt noch?" by mail, and cooperation from an overlap."""

import re
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.utils import timezone
from playwright.sync_api import Page, expect

from actors import freshness
from actors.models import Activity, Actor
from platform_mark.accounts import idle
from platform_mark.accounts.models import User
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.search import index
from tests.actors.make import make_activity, make_actor, make_member
from tests.browser.barriers import SCREENS, axe
from tests.browser.conftest import NewContext
from tests.browser.portal import PASSWORD, Portal, in_database_of
from tests.browser.test_account import WIDE, enter, fill, heading, press
from tests.make import make_user

KEPT, FORGOTTEN = "Rundgang Hubzähler", "Werkstatt Hubzähler"


def sign_in(page: Page, email: str) -> None:
    page.goto("/konto/anmelden/")
    fill(page, "E-Mail-Adresse", email)
    fill(page, "Passwort$", PASSWORD)
    enter(page)
    page.goto("/konto/")


def make_speaker(actor: Actor, email: str) -> None:
    user = make_user(email, password=PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    make_member(actor, user)


def let_pass(portal: Portal, title: str, days: int) -> None:
    """Let the last word about an entry be so many days old."""

    def run() -> None:
        Activity.objects.filter(title=title).update(confirmed_at=timezone.now() - timedelta(days=days))
        index.put(*Activity.objects.for_search().filter(title=title))

    in_database_of(portal, run)


def test_one_button_behind_the_mailed_link_confirms_and_what_nobody_confirms_goes_and_comes_back(
    visit: NewContext, portal: Portal
) -> None:
    speaker, mailbox = "frage@hubkammer.example", "post@hubkammer.example"

    def begin() -> None:
        actor = make_actor("Kammer Hubzähler", contact_email=mailbox, second_email="")
        make_speaker(actor, speaker)
        for title in (KEPT, FORGOTTEN):
            make_activity(title, actor=actor, confirmed_at=timezone.now() - timedelta(days=185))
        freshness.climb()

    in_database_of(portal, begin)
    text = in_database_of(portal, lambda: full_text(OutgoingMail.objects.get(to=mailbox)))
    assert KEPT in text and FORGOTTEN in text
    [link] = re.findall(r"/bestaetigen/[^\s/]+/", text)

    reader = visit(bypass_csp=True, **WIDE).new_page()
    reader.goto(link)
    assert axe(reader) == []
    press(reader, rf"Stimmt noch\s*: {KEPT}")
    expect(reader.get_by_role("main")).to_contain_text("Heute bestätigt")
    expect(reader.get_by_role("main").get_by_role("button")).to_have_text(re.compile(FORGOTTEN))
    assert {cookie["name"] for cookie in reader.context.cookies()} <= {"__Host-csrf"}, "nobody is logged in"

    let_pass(portal, FORGOTTEN, 215)
    visitor = visit(**WIDE).new_page()
    visitor.goto("/aktivitaeten/?q=Hubz%C3%A4hler")
    kept, forgotten = (visitor.get_by_role("row").filter(has_text=title) for title in (KEPT, FORGOTTEN))
    today = f"{timezone.localdate():%d.%m.%Y}"
    expect(kept).to_contain_text(today)
    expect(forgotten).to_contain_text("nicht mehr bestätigt")

    let_pass(portal, FORGOTTEN, 300)
    visitor.reload()
    expect(forgotten).to_have_count(0)
    visitor.goto("/aktivitaeten/?q=Hubz%C3%A4hler&stand=frueher")
    expect(forgotten).to_have_count(1)

    page = visit(**WIDE).new_page()
    sign_in(page, speaker)
    expect(page.get_by_role("main")).to_contain_text("Früherer Eintrag")
    press(page, "Wieder aufnehmen")
    expect(page.get_by_role("main")).to_contain_text(f"„{FORGOTTEN}“ ist wieder öffentlich und heute bestätigt.")
    visitor.goto("/aktivitaeten/?q=Hubz%C3%A4hler")
    expect(forgotten).to_contain_text(today)


def test_mailed_links_keep_a_profile_and_an_account_that_were_long_still(visit: NewContext, portal: Portal) -> None:
    mailbox, person = "profil@hubzaehler.example", "still@hubzaehler.example"
    long_ago = timezone.now() - timedelta(days=500)

    def begin() -> list[str]:
        actor = make_actor("Stiller Hubzähler", contact_email=mailbox, second_email="", approved_at=long_ago)
        make_speaker(actor, person)
        User.objects.filter(email=person).update(joined_at=long_ago, last_login=long_ago)
        freshness.climb()
        idle.ask_and_close()
        texts = [full_text(OutgoingMail.objects.get(to=to)) for to in (mailbox, person)]
        found = [re.search(r"/(?:bestaetigen|konto/behalten)/[^\s/]+/", text) for text in texts]
        return [link[0] for link in found if link]

    links = in_database_of(portal, begin)
    for screen in SCREENS.values():
        page = visit(bypass_csp=True, **screen).new_page()
        for address in (*links, "/akteure/stiller-hubzaehler/", "/konto/behalten/danke/"):
            page.goto(address)
            assert axe(page) == [], address
            width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert page.evaluate(width), address

    page.goto("/akteure/stiller-hubzaehler/")
    expect(page.get_by_role("main")).to_contain_text("Profil nicht bestätigt")
    page.goto(links[0])
    press(page, r"Stimmt noch\s*: Profil")
    expect(heading(page)).to_have_text("Danke, alles ist bestätigt")
    page.goto("/akteure/stiller-hubzaehler/")
    expect(page.get_by_role("main")).not_to_contain_text("nicht bestätigt")
    page.goto(links[1])
    press(page, "Konto behalten")
    expect(heading(page)).to_have_text("Danke, Ihr Konto bleibt bestehen")


def test_the_matrix_shows_an_overlap_and_a_gap_and_leads_to_a_request_for_cooperation(
    visit: NewContext, portal: Portal
) -> None:
    asking, asked = "matrix@draht.example", "antwort@andere.example"

    def begin() -> None:
        make_speaker(make_actor("Netzwerk Matrix"), asking)
        other = make_actor("Andere Kammer", contact_email=asked, second_email="")
        make_speaker(other, "person@andere.example")
        for number in range(3):
            make_activity(f"Förderlotse {number}", actor=other, kind="funding", phases=["sustain"], target_groups=[])

    in_database_of(portal, begin)
    page = visit(bypass_csp=True, **WIDE).new_page()
    sign_in(page, asking)
    page.goto("/aktivitaeten/matrix/")
    fill(page, "Zeilen", "Phase")
    fill(page, "Spalten", "Art")
    press(page, "Übersicht zeigen")
    expect(heading(page)).to_have_text("Wer macht was für wen")
    label = Activity.Phase("sustain").label
    overlaps = page.get_by_role("region", name="Viel Ähnliches")
    gaps = page.get_by_role("region", name="Was fehlt")
    expect(overlaps).to_contain_text(f"{label}, Förderung: 3 Angebote")
    expect(gaps).to_contain_text(f"{label}:")
    assert axe(page) == []

    press(page, rf"Zusammenarbeit anfragen\s*: {label}, Förderung")
    press(page, r"Zusammenarbeit anfragen\s*: Förderlotse 1")
    expect(heading(page)).to_have_text("Zusammenarbeit anfragen")
    assert axe(page) == []
    fill(page, "Ihre Nachricht", "Wollen wir die Lotsen zusammenlegen?")
    press(page, "Anfrage schicken")
    expect(page.get_by_role("main")).to_contain_text("Ihre Anfrage ist unterwegs an „Andere Kammer“.")

    text = in_database_of(portal, lambda: full_text(OutgoingMail.objects.get(to=asked)))
    assert "Wollen wir die Lotsen zusammenlegen?" in text and "Netzwerk Matrix" in text
    assert asking not in text, "relayed without addresses"
