"""A visitor orders news by mail, confirms, gets one mail with what is new, and leaves."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from platform_mark.alerts.digest import send_digests
from platform_mark.alerts.models import Alert, Subscriber
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from tests.browser.conftest import NewContext
from tests.browser.portal import Portal
from tests.browser.test_sign_up import in_database_of
from tests.make import make_practice

WHO = "neugierig@firma.test"


def text_of(portal: Portal, kind: str) -> str:
    return in_database_of(portal, lambda: full_text(OutgoingMail.objects.filter(kind=kind, to=WHO).latest("pk")))


def link_in(portal: Portal, kind: str, number: int = 0) -> str:
    text = text_of(portal, kind)
    return re.findall(r"https?://[^/\s]+(/benachrichtigungen/\S+)", text)[number]


def test_a_visitor_orders_confirms_hears_of_news_once_and_leaves(visit: NewContext, portal: Portal) -> None:
    page = visit(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
    branch = portal.site.plastics
    page.goto(f"/branchen/{branch.slug}/")
    page.get_by_role("link", name="Neues dazu per E-Mail").click()
    expect(page.get_by_role("main")).to_contain_text(f"Branche: {branch.name}")
    page.get_by_label("E-Mail-Adresse").fill(WHO)
    page.get_by_role("radio", name="wöchentlich").check()
    page.wait_for_timeout(3500)
    page.get_by_role("button", name="Bestellen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fast fertig: Sehen Sie in Ihre E-Mails")

    page.goto(link_in(portal, "benachrichtigung-bestaetigen"))
    assert not in_database_of(portal, Alert.objects.confirmed().exists)
    page.get_by_role("button", name="Benachrichtigung bestätigen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihre Benachrichtigungen")

    def publish_and_run() -> tuple[int, int]:
        make_practice("Spritzguss ohne Suchen", branches=(branch,), published_at=timezone.now())
        make_practice("Anderswo", published_at=timezone.now())
        next_week = timezone.now() + timedelta(days=7)
        return send_digests(next_week), send_digests(next_week)

    assert in_database_of(portal, publish_and_run) == (1, 0)
    text = text_of(portal, "benachrichtigung-neues")
    assert "Spritzguss ohne Suchen" in text
    assert "Anderswo" not in text

    page.goto(link_in(portal, "benachrichtigung-neues", 1))
    page.get_by_role("button", name="Abmelden").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sie bekommen keine Benachrichtigungen mehr")
    assert not in_database_of(portal, Subscriber.objects.filter(email=WHO).exists)
