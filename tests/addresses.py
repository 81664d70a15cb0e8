"""Every address of the portal: the names the resolver knows, and a page of each kind on filled data."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from actors import cooperating, freshness, joining
from actors.models import Activity, Membership
from dialogues import links, registration, waiting_line
from dialogues.formats import ideas, reporting
from dialogues.mails import ONLINE_PURPOSE, PURPOSE
from dialogues.models import Dialogue, Question, SeatKind
from dialogues.party import Person
from platform_mark.accounts import idle
from platform_mark.accounts.models import IdleAccount, User
from platform_mark.alerts import mails as alert_mails
from platform_mark.demand import wishing
from platform_mark.publishing import versions
from platform_mark.slugs import german_slug
from platform_mark.tokens import make_token
from practices import suggesting
from tests.actors.make import fill_register, make_activity, make_actor, make_member
from tests.alerts.make import make_alert
from tests.dialogues.make import make_dialogue, make_registration, make_room
from tests.make import FORMAT_TITLE, LONG_WORD, Site, make_user

FORMAT_PATH = f"/formate/{german_slug(FORMAT_TITLE)}/"


@dataclass(frozen=True)
class Route:
    """One pattern of the URLconf: its full name, empty where it has none, and its path with placeholders."""

    name: str
    path: str


def routes() -> list[Route]:
    """Every pattern, through all includes and namespaces, the admin among them."""
    return list(_walk(get_resolver(), "", ""))


def _walk(resolver: URLResolver, namespace: str, path: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        below = path + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace, below)
        elif isinstance(pattern, URLPattern):
            yield Route(f"{namespace}{pattern.name}" if pattern.name else "", below)


def public_pages(site: Site) -> dict[str, list[str]]:
    """Addresses of pages for everybody, by the name of their route: each kind, and each of its looks."""
    register = fill_register()
    return {
        "home": ["/"],
        "search": [
            "/suche/",
            "/suche/?q=Einstelldaten",
            "/suche/?q=Einstelldaten&art=akteure",
            f"/suche/?q={LONG_WORD}",
            "/suche/?q=Einstelldaten+Quantenlaser&art=gibt-es-nicht",
        ],
        "demand:sent": ["/suche/wunsch/fast-fertig/"],
        "demand:ended": ["/suche/wunsch/beendet/"],
        "actors:activities": [
            "/aktivitaeten/",
            f"/aktivitaeten/?branche={site.metal.slug}&art=beratung&eigens=ja",
            "/aktivitaeten/?stand=frueher",
            f"/aktivitaeten/?q={LONG_WORD}&art=gibt-es-nicht",
        ],
        "actors:matrix": ["/aktivitaeten/matrix/", "/aktivitaeten/matrix/?zeilen=kreis&spalten=phase"],
        "actors:activity": [
            activity.get_absolute_url()
            for activity in (register.rich, register.bare, register.former, register.unconfirmed)
        ],
        "actors:proposed": [f"{register.rich.get_absolute_url()}aenderung/danke/"],
        "actors:list": ["/akteure/", "/akteure/?art=kammer", "/akteure/?art=gibt-es-nicht"],
        "actors:detail": [register.actor.get_absolute_url(), register.former_actor.get_absolute_url()],
        "actors:confirm-thanks": ["/bestaetigen/danke/"],
        "branches:list": ["/branchen/"],
        "branches:selection": ["/branchen/auswahl/"],
        "branches:detail": [
            site.metal.get_absolute_url(),
            site.plastics.get_absolute_url(),
            site.empty.get_absolute_url(),
        ],
        "first-steps": [
            "/einstieg/",
            f"/einstieg/?branche={site.metal.slug}&groesse=kleinst&druck=papierkram&kreis=hagen",
            "/einstieg/?branche=&groesse=&druck=",
            f"/einstieg/?branche={LONG_WORD}&groesse=gibt-es-nicht&druck=termine-platzen",
            f"/einstieg/?branche={site.plastics.slug}&aendern=ja",
        ],
        "first-steps-sheet": [
            f"/einstieg/blatt/?branche={site.metal.slug}&groesse=mittel&druck=ausschuss",
            "/einstieg/blatt/",
        ],
        "self-check": [
            "/einstieg/selbstcheck/",
            f"/einstieg/selbstcheck/?zettel=ja&maschinen=manchmal&nachts=nein&branche={site.metal.slug}&groesse=kleinst",
            f"/einstieg/selbstcheck/?zettel=nein&anfragen={LONG_WORD}&branche={LONG_WORD}&groesse=",
            f"/einstieg/selbstcheck/?zettel=ja&branche={site.plastics.slug}&groesse=mittel&kreis=hagen&aendern=ja",
        ],
        "legal-impressum": ["/impressum/"],
        "legal-datenschutz": ["/datenschutz/"],
        "legal-barrierefreiheit": ["/barrierefreiheit/"],
        "legal-nutzungsbedingungen": ["/nutzungsbedingungen/"],
        "legal-moderationsregeln": ["/moderationsregeln/"],
        "legal-lizenz": ["/lizenz/"],
        "legal-leichte-sprache": ["/leichte-sprache/"],
        "legal-leichte-sprache-beispiele": ["/leichte-sprache-beispiele/"],
        "legal-leichte-sprache-dialoge": ["/leichte-sprache-dialoge/"],
        "barrier-sent": ["/barrierefreiheit/danke/"],
        "opendata:index": ["/daten/"],
        "alerts:sent": ["/benachrichtigungen/fast-fertig/"],
        "alerts:ended": ["/benachrichtigungen/beendet/"],
        "formats:list": ["/formate/", "/formate/?zielgruppe=auszubildende", "/formate/?ziel=weltfrieden"],
        "formats:set": ["/formate/karten/", "/formate/karten/?zielgruppe=auszubildende"],
        "formats:detail": [site.format.get_absolute_url()],
        "formats:report-sent": ["/formate/ausprobiert/fast-fertig/"],
        "ideas:list": ["/ideen/"],
        "ideas:sent": ["/ideen/danke/"],
        "practices:list": [
            "/beispiele/",
            "/beispiele/?seite=2",
            f"/beispiele/?branche={site.metal.slug}&groesse=mittel",
            "/beispiele/?groesse=gross&branche=gibt-es-nicht",
            f"/beispiele/?branche={site.plastics.slug}&groesse=gross",
            f"/beispiele/?branche={LONG_WORD}",
        ],
        "dialogues:list": [
            "/dialoge/",
            "/dialoge/?ansicht=monat",
            "/dialoge/?zeitraum=vergangen",
            f"/dialoge/?branche={site.metal.slug}&form=hybrid",
            f"/dialoge/?branche={LONG_WORD}&zeitraum=morgen",
            f"/dialoge/?q=Einstelldaten&ort={LONG_WORD}",
        ],
        "dialogues:detail": [
            dialogue.get_absolute_url()
            for dialogue in (
                *(site.dialogues.rich, site.dialogues.bare, site.dialogues.waiting, site.dialogues.online),
                *(site.dialogues.cancelled, site.dialogues.moved, site.dialogues.documented, site.dialogues.long_words),
            )
        ],
        "practices:compare": [
            "/beispiele/vergleich/",
            f"/beispiele/vergleich/?b={site.rich.slug}&b={site.external.slug}&b={site.long_words.slug}",
        ],
        "practices:suggest-sent": ["/beispiele/vorschlagen/fast-fertig/"],
        "practices:detail": [
            practice.get_absolute_url()
            for practice in (site.rich, site.bare, site.external, site.anonymous, site.fictitious, site.long_words)
        ],
    }


def feeds(site: Site) -> dict[str, list[str]]:
    """Addresses for everybody that answer with a file for other programs."""
    return {
        "practices:feed-atom": ["/beispiele/neu.atom", f"/beispiele/neu.atom?branche={site.metal.slug}"],
        "formats:feed-atom": ["/formate/neu.atom", "/formate/neu.atom?zielgruppe=auszubildende"],
        "dialogues:feed-calendar": ["/dialoge/termine.ics"],
        "dialogues:feed-atom": ["/dialoge/neu.atom", f"/dialoge/neu.atom?branche={site.metal.slug}"],
        "dialogues:calendar": [
            f"{dialogue.get_absolute_url()}termin.ics" for dialogue in (site.dialogues.rich, site.dialogues.cancelled)
        ],
        "practices:handout": [
            f"{practice.get_absolute_url()}beispiel.pdf" for practice in (site.rich, site.external, site.long_words)
        ],
        "opendata:json": [
            *(f"/daten/v1/{kind}.json" for kind in ("beispiele", "dialoge", "aktivitaeten", "akteure", "formate")),
            f"/daten/v1/beispiele.json?branche={LONG_WORD}",
            "/daten/v1/beispiele.json?nach=x",
            "/daten/v1/gibt-es-nicht.json",
        ],
        "opendata:csv": ["/daten/v1/beispiele.csv"],
        "opendata:xlsx": ["/daten/v1/dialoge.xlsx"],
        "opendata:schema": ["/daten/v1/schema/akteure.json"],
        "opendata:openapi": ["/daten/openapi.json"],
        "opendata:hsds": ["/daten/v1/hsds/service.json"],
        "opendata:catalogue-json": ["/daten/katalog.jsonld"],
        "opendata:catalogue-turtle": ["/daten/katalog.ttl"],
    }


def form_pages() -> dict[str, list[str]]:
    """Addresses of pages for everybody with a form that posts: they need a cookie, so they stand apart from reading."""
    return {
        "practices:suggest": ["/beispiele/vorschlagen/"],
        "formats:report": [f"{FORMAT_PATH}ausprobiert/"],
        "ideas:send": ["/ideen/neu/"],
        "barrier-report": ["/barrierefreiheit/melden/"],
        "demand:wish": ["/suche/wunsch/", "/suche/wunsch/?q=Quantenlaser"],
        "alerts:new": [
            "/benachrichtigungen/neu/?zu=beispiele&groesse=klein",
            f"/benachrichtigungen/neu/?zu=dialoge&branche={LONG_WORD}",
        ],
        "actors:propose": ["/aktivitaeten/erstberatung-fertigung/aenderung/"],
        "account_login": ["/konto/anmelden/"],
        "account_signup": ["/konto/neu/"],
        "account_request_login_code": ["/konto/anmelden/code/"],
        "account_reset_password": ["/konto/passwort/vergessen/"],
    }


def account_pages(owner: User | None = None) -> dict[str, str]:
    """Addresses under /konto/ about one organisation: of somebody else, unless its owner is given."""
    owner = owner or make_user()
    actor = make_actor()
    make_member(actor, owner)
    colleague = make_member(actor, role="editor")
    activity, asked = make_activity(actor=actor), make_activity(actor=make_actor())
    make_member(asked.actor)
    invitation = joining.invite(actor, email="gast@kammer.test", role="editor", by=owner)
    request = cooperating.ask(actor, activity=asked, text="Wollen wir zusammen?", by=owner)
    member = Membership.objects.get(actor=actor, user=colleague)
    token = make_token(joining.PURPOSE, invitation.pk, invitation.token_version)
    return {
        "account:claim": f"/konto/akteure/{asked.actor.slug}/vertreten/",
        "account:profile": f"/konto/akteure/{actor.slug}/profil/",
        "account:confirm-profile": f"/konto/akteure/{actor.slug}/profil/bestaetigen/",
        "account:people": f"/konto/akteure/{actor.slug}/personen/",
        "account:member": f"/konto/akteure/{actor.slug}/personen/{member.pk}/",
        "account:withdraw-invitation": f"/konto/akteure/{actor.slug}/einladungen/{invitation.pk}/",
        "account:confirm-all": f"/konto/akteure/{actor.slug}/bestaetigen/",
        "account:leave": f"/konto/akteure/{actor.slug}/austritt/",
        "account:invitation": f"/konto/einladung/{token}/",
        "account:activity": f"/konto/aktivitaeten/{activity.pk}/",
        "account:preview": f"/konto/aktivitaeten/{activity.pk}/vorschau/",
        "account:step": f"/konto/aktivitaeten/{activity.pk}/ausblenden/",
        "account:cooperate": f"/konto/kooperation/{asked.slug}/",
        "account:cooperation": f"/konto/kooperationen/{request.pk}/",
        "account:relayed": f"/konto/anfrage/{make_token(cooperating.PURPOSE, request.pk, cooperating.VERSION)}/",
        "mfa_remove_webauthn": "/konto/passkeys/1/entfernen/",
    }


def secret_pages(site: Site) -> dict[str, list[str]]:
    """Addresses whose last part is a key: made here, as a mail or a colleague would hand them on."""
    suggestion = suggesting.suggest(
        company="Heat & Co's Härterei",
        place="Altena",
        what="Der Ofen schreibt sein Buch selbst.",
        benefit="Zwei Stunden weniger Büro je Woche.",
        email="chefin@haerterei.test",
    )
    token = make_token(suggesting.PURPOSE, suggestion.pk, suggestion.token_version)
    idea = ideas.send(
        target_group="trainees", problem="Zettel.", suggestion="Azubis suchen sie.", email="azubi@haerterei.test"
    )
    report = reporting.report(
        site.format,
        where="Härterei",
        size="small",
        with_whom="drei Azubis",
        worked="Alles.",
        failed="",
        would_repeat=True,
        email="azubi@haerterei.test",
    )
    wish = wishing.leave("Quantenlaser", email="azubi@haerterei.test")
    draft, booking = site.hidden[0], site.dialogues.registration
    booked = make_token(PURPOSE, booking.pk, booking.token_version)
    dialogue = make_dialogue(
        f"Rüsten online {Dialogue.objects.count()}", seats=0, online_seats=5, online_link="https://raum.example/9931"
    )
    online = make_registration(dialogue)
    due = make_activity(f"Stammtisch {Activity.objects.count()}", confirmed_at=timezone.now() - timedelta(days=200))
    link = make_token(freshness.PURPOSE, due.actor.pk, due.actor.confirm_version)
    unused = IdleAccount.objects.create(
        user=make_user(), asked=1, asked_at=timezone.now(), ends_on=timezone.localdate()
    )
    return {
        "account_keep": [f"/konto/behalten/{make_token(idle.PURPOSE, unused.pk, idle.VERSION)}/"],
        "demand:own": [f"/suche/wunsch/{make_token(wishing.PURPOSE, wish.pk, wish.token_version)}/"],
        "ideas:own": [f"/ideen/meine/{make_token(ideas.PURPOSE, idea.pk, idea.token_version)}/"],
        "formats:own-report": [
            f"/formate/ausprobiert/{make_token(reporting.PURPOSE, report.pk, report.token_version)}/"
        ],
        "formats:preview": [f"/formate/vorschau/{versions.open_preview(site.format_draft)}/"],
        "dialogues:online": [f"/anmeldung/online/{make_token(ONLINE_PURPOSE, online.pk, online.token_version)}/"],
        "dialogues:preview": [f"/dialoge/vorschau/{versions.open_preview(site.dialogues.draft)}/"],
        "dialogues:feedback": [f"/anmeldung/{booked}/rueckmeldung/"],
        "actors:confirm": [f"/bestaetigen/{link}/"],
        "practices:suggestion": [f"/beispiele/vorschlag/{token}/"],
        "practices:preview": [f"/beispiele/vorschau/{versions.open_preview(draft)}/"],
        **alert_pages(),
        **sign_up_pages(),
    }


def alert_pages() -> dict[str, list[str]]:
    """Addresses behind the links of alerts: to confirm, to change, to leave, and after it all."""
    waiting = make_alert("wartet@haerterei.test", "zu=formate", confirmed_at=None, checked_at=None)
    alert = make_alert("azubi@haerterei.test", f"zu=beispiele&groesse=klein&q={LONG_WORD}")
    make_alert("azubi@haerterei.test", "zu=dialoge", paused_at=timezone.now())
    gone = make_alert("gone@haerterei.test")
    gone_path = alert_mails.own_link(gone.subscriber).url.partition("/benachrichtigungen/")[2]
    gone.subscriber.delete()
    subscriber = alert.subscriber
    own = f"/benachrichtigungen/{make_token(alert_mails.OWN, subscriber.pk, subscriber.token_version)}/"
    leave = make_token(alert_mails.LEAVE, subscriber.pk, subscriber.token_version)
    return {
        "alerts:confirm": [
            f"/benachrichtigungen/bestaetigen/{make_token(alert_mails.CONFIRM, row.pk, row.token_version)}/"
            for row in (waiting, alert)
        ],
        "alerts:leave": [f"/benachrichtigungen/abmelden/{leave}/"],
        "alerts:own": [own, f"/benachrichtigungen/{gone_path}"],
        "alerts:data": [f"{own}daten.json"],
    }


def sign_up_pages() -> dict[str, list[str]]:
    """Addresses of the sign-up and of the own page in each of its states: confirmed, waiting, offered, unconfirmed."""
    name = f"Sprechstunde {Dialogue.objects.count()}"
    dialogue = make_dialogue(name, seats=1, online_seats=1, waiting_mode="offer", is_by_invitation=True)
    invitation = links.invitation_token(dialogue)
    Question.objects.create(dialogue=dialogue, kind="several", text="Was möchten Sie sehen?", choices=["A", "B"])
    rows = []
    for number in range(4):
        row = registration.sign_up(
            dialogue,
            company=f"{LONG_WORD} & Co. {number}",
            contact_name="Mara O'Brien",
            email=f"betrieb{number}@firma.example",
            people=[Person("Mara", dialogue.seat_kinds.get(way="onsite"))],
            list_agreed=True,
            news_agreed=True,
            invitation=invitation,
        )
        assert row
        rows.append(row if number == 3 else registration.confirm(row))
    SeatKind.objects.filter(dialogue=dialogue, way="onsite").update(capacity=2)
    waiting_line.promote(dialogue)
    own = [links.own_path(row) for row in rows]
    form = f"/dialoge/{dialogue.slug}/anmelden/"
    return {
        "dialogues:sign-up": [form],
        "dialogues:invited": [f"{form}{invitation}/"],
        "dialogues:almost-done": [f"{dialogue.get_absolute_url()}fast-fertig/"],
        "dialogues:room": [f"{make_room().get_absolute_url()}fragen/", f"{dialogue.get_absolute_url()}fragen/"],
        "dialogues:erased": ["/anmeldung/geloescht/"],
        "dialogues:handed-over": ["/anmeldung/uebergeben/"],
        "dialogues:registration": own,
        "dialogues:registration-party": [f"{own[0]}personen/"],
        "dialogues:registration-transfer": [f"{own[0]}uebergeben/"],
        "dialogues:registration-reminders": [f"{own[0]}erinnerungen-beenden/"],
        "dialogues:registration-data": [f"{own[0]}daten.json"],
    }
