"""An example as a PDF to hand on: tagged, in German, with the words of the page, and only where there is a page."""

import logging
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from platform_mark.publishing import versions
from platform_mark.publishing.models import State
from practices import views
from practices.handout import typesetting
from practices.models import Practice, PracticePicture
from practices.releasing import take_offline
from tests.make import (
    DAY,
    LONG_WORD,
    add_parts,
    make_branch,
    make_external,
    make_image,
    make_municipality,
    make_practice,
    make_rich_practice,
    make_topic,
)
from tests.markup import Element, Page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def address(practice: Practice) -> str:
    return f"{practice.get_absolute_url()}beispiel.pdf"


def handout(client: Client, practice: Practice) -> PdfReader:
    response = client.get(address(practice))
    assert response.status_code == 200
    return PdfReader(BytesIO(response.content))


def squeezed(text: str) -> str:
    """Letters and signs alone: pypdf does not read by which of the hyphens a line ends (ActualText)."""
    return re.sub(r"[\s\N{SOFT HYPHEN}-]", "", text)


def words(pdf: PdfReader) -> str:
    return squeezed("".join(page.extract_text() for page in pdf.pages))


def tags(element: Any) -> Iterator[DictionaryObject]:
    """All structure elements below this one, in reading order."""
    below = element.get("/K", [])
    for child in below if isinstance(below, list) else [below]:
        each = child.get_object()
        if isinstance(each, DictionaryObject) and "/S" in each:
            yield each
            yield from tags(each)


def figures(pdf: PdfReader) -> list[str]:
    return [tag["/Alt"] for tag in tags(pdf.root_object["/StructTreeRoot"]) if tag["/S"] == "/Figure"]


def printed_texts(element: Element) -> Iterator[str]:
    """Every text of the page that stands on paper, too."""
    for child in element.children:
        if isinstance(child, str):
            yield squeezed(child)
        elif child.tag != "button" and not {"noprint", "crumbs", "brief"} & set(child["class"].split()):
            yield from printed_texts(child)


def full_practice() -> Practice:
    practice = make_rich_practice(
        branches=(make_branch("Metall und Draht"),),
        topics=(make_topic("Rüsten und Fertigung"),),
        municipality=make_municipality("Plettenberg"),
        video_url="https://www.video.example/rundgang",
        video_caption="Rundgang, 4 Minuten, mit Untertiteln",
    )
    add_parts(practice, 2)
    return practice


# ---------------------------------------------------------------- what the file says of itself


def test_it_is_a_tagged_german_pdf_with_its_title(client: Client) -> None:
    pdf = handout(client, full_practice())

    root = pdf.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "de-DE"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Einrichtekarte am Tablet statt Zettel an der Maschine"
    assert pdf.metadata.author == settings.OPERATOR["name"]
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_data()
    kinds = [tag["/S"] for tag in tags(root["/StructTreeRoot"])]
    assert kinds.count("/H1") == 1
    assert {"/H2", "/H3", "/P", "/L", "/LI", "/LBody", "/Figure", "/Link", "/BlockQuote"} <= set(kinds)


def test_it_opens_in_the_browser_under_a_name_of_its_own_and_is_sent_once(client: Client) -> None:
    practice = make_practice("Schichtübergabe auf einer Seite")
    first = client.get(address(practice))
    again = client.get(address(practice), headers={"if-none-match": first["ETag"]})
    head = client.head(address(practice))

    assert first["Content-Type"] == "application/pdf"
    assert first["Content-Disposition"] == 'inline; filename="beispiel-schichtuebergabe-auf-einer-seite.pdf"'
    assert first["X-Robots-Tag"] == "noindex"
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert client.post(address(practice)).status_code == 405
    assert not client.cookies


def test_the_page_leads_to_it(client: Client) -> None:
    practice = make_practice()
    page = Page.of(client.get(practice.get_absolute_url()))
    assert page.main.one("a", href=address(practice)).text == "Als PDF"


# ---------------------------------------------------------------- the words of the page


@pytest.mark.parametrize(
    "make",
    [
        full_practice,
        lambda: make_practice(is_fictitious=True, as_of=timezone.localdate() - timedelta(days=999)),
        lambda: make_external(result="<p>Weniger Ausschuss.</p>", starting_point="<p>Viel Ausschuss.</p>"),
        lambda: make_rich_practice(f"{LONG_WORD} mit {LONG_WORD[:40]}", company=LONG_WORD, quote_role=LONG_WORD),
        lambda: make_rich_practice(solution="<p>Erst eine Maschine, dann zwölf.</p>" * 400),
    ],
    ids=["full", "invented and old", "external", "long words", "long text"],
)
def test_it_holds_every_word_of_the_page(client: Client, make: Any) -> None:
    practice = make()
    told = list(filter(None, printed_texts(Page.of(client.get(practice.get_absolute_url())).main)))
    assert len(told) > 20

    found = words(handout(client, practice))

    assert [text for text in told if text not in found] == []


@pytest.mark.parametrize("more", [0, 9])
def test_the_first_sheet_has_the_gist_and_the_way_back(client: Client, more: int) -> None:
    practice = full_practice()
    add_parts(practice, more)
    pdf = handout(client, practice)

    first = squeezed(pdf.pages[0].extract_text())

    back = settings.BASE_URL + practice.get_absolute_url()
    for expected in (practice.title, "Steckbrief", "52 min", back, settings.OPERATOR["name"]):
        assert squeezed(expected) in first
    assert more or "ErsteSchritte" in first
    assert "Ausgangslage" not in first
    assert "QR-Code: führt zur Seite dieses Beispiels" in figures(pdf)
    assert back in [link.get_object().get("/A", {}).get("/URI") for link in pdf.pages[0].annotations]


HOSTILE = '#import "@preview/x:1.0.0": * $x^2$ *fett* _schräg_ `roh` \\ = <marke> @ref // ~ ]}) #panic("") Ärger'


def test_what_looks_like_markup_stays_text(client: Client) -> None:
    practice = make_rich_practice(
        HOSTILE[:120],
        slug="boese",
        teaser=HOSTILE,
        company=HOSTILE,
        quote_text=HOSTILE,
        worries=HOSTILE,
        starting_point=f"<p>{escape(HOSTILE)}</p>",
        technologies=[HOSTILE[:60]],
        branches=(make_branch(HOSTILE[:80], slug="metall"),),
    )
    assert words(handout(client, practice)).count(squeezed(HOSTILE)) >= 5


def test_signs_that_no_font_has_are_told_and_those_that_are_none_left_out(client: Client) -> None:
    practice = make_practice("Übergabe → Łódź 漢字 😀\x01\x1f\ufeff", slug="zeichen")
    pdf = handout(client, practice)
    assert "Übergabe→Łódź" in words(pdf)
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Übergabe → Łódź 漢字 😀"


# ---------------------------------------------------------------- pictures


def test_pictures_are_described_and_no_longer_there_when_their_rights_end(client: Client) -> None:
    practice = make_practice()
    for order, image in enumerate(
        (
            make_image(alt="Einrichterin scannt die Karte."),
            make_image(alt="", is_decorative=True),
            make_image(alt="Werkstor", credit="Foto: Niemand mehr", rights_until=timezone.localdate() - DAY),
        )
    ):
        PracticePicture.objects.create(practice=practice, image=image, order=order, caption=f"Bild {order}")

    pdf = handout(client, practice)

    assert figures(pdf) == ["Einrichterin scannt die Karte.", "QR-Code: führt zur Seite dieses Beispiels"]
    assert any(page.images for page in pdf.pages)
    for caption in ("Bild0Foto:FedernwerkLennetal", "Bild1Foto:FedernwerkLennetal"):
        assert caption in words(pdf)
    assert "Niemand" not in words(pdf)


def test_a_lost_picture_leaves_its_words(client: Client, tmp_path: Any) -> None:
    practice = make_practice()
    image = make_image(alt="Einrichterin scannt die Karte.")
    PracticePicture.objects.create(practice=practice, image=image)
    for file in (tmp_path / "bilder" / image.token).iterdir():
        file.write_bytes(b"kein Bild")
    assert "EinrichterinscanntdieKarte." in words(handout(client, practice))


# ---------------------------------------------------------------- only where there is a page


def test_there_is_none_of_what_is_not_public(client: Client) -> None:
    hidden = [
        make_practice(state=State.DRAFT, published_at=None),
        make_practice(state=State.REVIEW, published_at=None),
        make_practice(state=State.ARCHIVED),
        make_practice(published_at=timezone.now() + DAY),
        make_practice(published_at=timezone.now() - 2 * DAY, expires_at=timezone.now() - DAY),
    ]
    assert [client.get(address(practice)).status_code for practice in hidden] == [404] * 5


def test_what_is_withdrawn_is_gone_though_it_was_made_before(client: Client) -> None:
    practice = make_practice()
    etag = client.get(address(practice))["ETag"]
    take_offline(practice)
    assert client.get(address(practice), headers={"if-none-match": etag}).status_code == 404


def test_a_former_address_leads_to_the_new_one(client: Client) -> None:
    practice = make_practice("Alter Titel")
    former = address(practice)
    practice.slug = "neuer-titel"
    practice.save()
    versions.remember_address(practice, "alter-titel")
    response = client.get(former)
    assert (response.status_code, response["Location"]) == (301, "/beispiele/neuer-titel/beispiel.pdf")


def test_a_company_that_wants_no_name_has_none_in_it(client: Client) -> None:
    practice = make_practice(
        "Ohne Namen",
        company="Stanzerei Geheimhaltung",
        is_anonymous=True,
        employees=38,
        municipality=make_municipality("Hemer"),
        video_url="https://video.example/stanzerei",
        video_caption="Unser Werk",
    )
    PracticePicture.objects.create(practice=practice, image=make_image(alt="Werkstor mit Namen"))

    pdf = handout(client, practice)

    told = words(pdf) + str(pdf.metadata) + pdf.root_object["/Metadata"].get_data().decode() + "".join(figures(pdf))
    assert "BetriebohneNamensnennung" in told
    for secret in ("Geheimhaltung", "Hemer", "stanzerei", "UnserWerk", "Werkstor", "38Beschäftigte"):
        assert secret not in told


def test_it_follows_what_changes_beside_the_example(client: Client) -> None:
    branch = make_branch("Metall und Draht")
    practice = make_practice(branches=(branch,))
    before = client.get(address(practice))
    branch.name = "Draht und Federn"
    branch.save()
    after = client.get(address(practice), headers={"if-none-match": before["ETag"]})
    assert "DrahtundFedern" in words(PdfReader(BytesIO(after.content)))


# ---------------------------------------------------------------- what it may cost


def test_one_client_gets_only_so_many(client: Client) -> None:
    practice = make_practice()
    assert {client.get(address(practice)).status_code for _ in range(views.HANDOUTS)} == {200}
    refused = client.get(address(practice))
    assert (refused.status_code, refused["Retry-After"]) == (429, "600")
    assert client.get(address(practice), REMOTE_ADDR="203.0.113.7").status_code == 200


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")


def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "LONGEST_SECONDS", 0.001)


@pytest.mark.parametrize("fault", [broken, slow])
def test_a_fault_of_the_renderer_is_logged_and_answered_in_german(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    practice = make_practice()
    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        fault(patched)
        response = client.get(address(practice))
    assert response.status_code == 500
    assert Page.of(response).problems == []
    assert any(record.exc_info for record in caplog.records)
    assert client.get(address(practice)).status_code == 200
