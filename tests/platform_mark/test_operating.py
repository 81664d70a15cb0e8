"""Who runs the portal, texts in Leichte Sprache, and reports of barriers."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from platform_mark import contact
from platform_mark.pages import barriers
from platform_mark.pages.legal_texts import load_legal_texts
from platform_mark.pages.models import BarrierReport, Operator
from tests.cast import make_cast
from tests.markup import Page

pytestmark = pytest.mark.django_db

NEW = {
    "name": "Agentur Neu & Co",
    "street": "Neue Straße 1",
    "town": "58135 Hagen",
    "phone": "02331 1",
    "hours": "",
    "email": "post@neu.test",
}
BARRIER = {"where": "/beispiele/", "what": "Ich komme nicht zum Knopf.", "email": "wer@firma.test"}


@pytest.fixture(autouse=True)
def own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def committing(django_capture_on_commit_callbacks: object) -> object:
    return django_capture_on_commit_callbacks


def test_what_staff_say_of_the_operator_stands_on_every_page_error_pages_included(
    client: Client, committing: object
) -> None:
    administrator = make_cast().client("administrator")
    assert Page.of(administrator.get("/admin/pages/operator/add/")).one("input", name="town")["value"] == "58135 Hagen"
    with committing(execute=True):  # type: ignore[operator]
        assert administrator.post("/admin/pages/operator/add/", NEW).status_code == 302
    load_legal_texts()
    for path in ("/", "/gibt-es-nicht/", "/impressum/"):
        text = Page.of(client.get(path)).one("footer").text
        assert "Agentur Neu & Co" in text and "02331 1" in text, path
    assert "Contact: mailto:post@neu.test" in client.get("/.well-known/security.txt").content.decode()
    assert administrator.get("/admin/pages/operator/add/").status_code == 403, "there is one"


def test_without_a_word_of_staff_or_with_a_damaged_file_the_environment_says_it(settings: LazySettings) -> None:
    assert contact.operator() == settings.OPERATOR
    contact.publish(NEW)
    assert contact.operator()["name"] == "Agentur Neu & Co"
    (settings.DATA_DIR / "operator.json").write_text('{"name": 1')
    assert contact.operator() == settings.OPERATOR


def test_an_update_tells_again_what_the_database_knows(committing: object) -> None:
    Operator.objects.create(**NEW)
    with committing(execute=True):  # type: ignore[operator]
        call_command("load_reference", verbosity=0)
    assert contact.operator()["email"] == "post@neu.test"


def test_three_pages_explain_the_portal_in_easy_language_and_lead_to_each_other(client: Client) -> None:
    load_legal_texts()
    paths = {"/leichte-sprache/", "/leichte-sprache-beispiele/", "/leichte-sprache-dialoge/"}
    for path in paths:
        page = Page.of(client.get(path))
        assert paths <= {link["href"] for link in page.main.all("a")}
        longest = max(len(sentence.split()) for p in page.main.all("p", "li") for sentence in p.text.split(". "))
        assert longest <= 16, path
    assert "/leichte-sprache/" in Page.of(client.get("/")).links


def test_a_barrier_is_reported_without_a_mail_program_and_answered_by_staff(client: Client) -> None:
    load_legal_texts()
    assert reverse("barrier-report") in Page.of(client.get("/barrierefreiheit/")).links
    path = reverse("barrier-report")
    opened = Page.of(client.get(path)).main.one("input", name="opened")["value"]
    with time_machine.travel(timezone.now() + timedelta(seconds=30), tick=True):
        wrong = client.post(path, {**BARRIER, "what": "", "opened": opened})
        assert wrong.status_code == 422
        assert Page.of(wrong).main.one("input", name="where")["value"] == "/beispiele/"
        assert client.post(path, {**BARRIER, "opened": opened}).headers["Location"] == reverse("barrier-sent")
    report = BarrierReport.objects.get()

    administrator = make_cast().client("administrator")
    assert "gemeldete Barriere wartet auf Antwort" in Page.of(administrator.get("/admin/")).main.text
    action = {"action": "mark_answered", "_selected_action": str(report.pk)}
    administrator.post("/admin/pages/barrierreport/", action)
    assert "Barriere wartet" not in Page.of(administrator.get("/admin/")).main.text
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert barriers.forget_old() == 1
