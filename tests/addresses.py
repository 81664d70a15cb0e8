"""Every address of the portal: the names the resolver knows, and a page of each kind on filled data."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from dialogues.formats import ideas, reporting
from dialogues.mails import ONLINE_PURPOSE, PURPOSE
from platform_mark.publishing import versions
from platform_mark.slugs import german_slug
from platform_mark.tokens import make_token
from practices import suggesting
from tests.dialogues.make import make_dialogue, make_registration
from tests.make import FORMAT_TITLE, LONG_WORD, Site

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
    return {
        "home": ["/"],
        "branches:list": ["/branchen/"],
        "branches:selection": ["/branchen/auswahl/"],
        "branches:detail": [
            site.metal.get_absolute_url(),
            site.plastics.get_absolute_url(),
            site.empty.get_absolute_url(),
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
        "formats:list": ["/formate/", "/formate/?zielgruppe=trainees", "/formate/?ziel=weltfrieden"],
        "formats:set": ["/formate/karten/", "/formate/karten/?zielgruppe=trainees"],
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
        "dialogues:feed-calendar": ["/dialoge/termine.ics"],
        "dialogues:feed-atom": ["/dialoge/neu.atom", f"/dialoge/neu.atom?branche={site.metal.slug}"],
        "dialogues:calendar": [
            f"{dialogue.get_absolute_url()}termin.ics" for dialogue in (site.dialogues.rich, site.dialogues.cancelled)
        ],
    }


def form_pages() -> dict[str, list[str]]:
    """Addresses of pages for everybody with a form that posts: they need a cookie, so they stand apart from reading."""
    return {
        "practices:suggest": ["/beispiele/vorschlagen/"],
        "formats:report": [f"{FORMAT_PATH}ausprobiert/"],
        "ideas:send": ["/ideen/neu/"],
        "barrier-report": ["/barrierefreiheit/melden/"],
        "account_login": ["/konto/anmelden/"],
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
    draft, booking = site.hidden[0], site.dialogues.registration
    booked = make_token(PURPOSE, booking.pk, booking.token_version)
    dialogue = make_dialogue("Rüsten online", seats=0, online_seats=5, online_link="https://raum.example/9931")
    online = make_registration(dialogue)
    return {
        "ideas:own": [f"/ideen/meine/{make_token(ideas.PURPOSE, idea.pk, idea.token_version)}/"],
        "formats:own-report": [
            f"/formate/ausprobiert/{make_token(reporting.PURPOSE, report.pk, report.token_version)}/"
        ],
        "formats:preview": [f"/formate/vorschau/{versions.open_preview(site.format_draft)}/"],
        "dialogues:online": [f"/anmeldung/online/{make_token(ONLINE_PURPOSE, online.pk, online.token_version)}/"],
        "dialogues:preview": [f"/dialoge/vorschau/{versions.open_preview(site.dialogues.draft)}/"],
        "dialogues:feedback": [f"/anmeldung/{booked}/rueckmeldung/"],
        "practices:suggestion": [f"/beispiele/vorschlag/{token}/"],
        "practices:preview": [f"/beispiele/vorschau/{versions.open_preview(draft)}/"],
    }
