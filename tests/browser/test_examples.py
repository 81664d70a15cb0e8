"""Good examples from end to end, as a company and as staff: found, read, written, released, imported."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.browser.portal import Portal

WIDE = {"viewport": {"width": 1440, "height": 1000}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def heading(page: Page) -> str:
    return page.locator("#treffer").inner_text()


def number_in(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


# ---------------------------------------------------------------- a company


def test_a_company_narrows_by_every_facet_and_the_counts_tell_the_truth(visit: NewContext, portal: Portal) -> None:
    rich = portal.site.rich
    page = visit(**WIDE).new_page()
    page.goto("/beispiele/")
    everything = number_in(heading(page))

    for facet, label in {
        "branche": portal.site.metal.name,
        "groesse": "mittel",
        "ort": "Altena",
        "thema": "Rüsten und Fertigung",
        "zielgruppe": "Auszubildende",
        "aufwand": "mittel",
    }.items():
        choice = page.locator(f"label:has(input[name={facet}])").filter(has_text=re.compile(rf"^\s*{re.escape(label)}"))
        promised = number_in(choice.first.locator(".count").inner_text())
        choice.first.locator("input").check()
        page.get_by_role("button", name="Treffer zeigen").first.click()
        page.wait_for_url(f"**{facet}=**")
        assert number_in(heading(page)) == promised, facet
    expect(page.get_by_role("main").get_by_role("link", name=rich.title, exact=True)).to_be_visible()

    page.get_by_role("link", name="Filter entfernen: Altena").click()
    page.wait_for_url(lambda url: "ort=" not in url)
    shown = heading(page)
    stranger = visit(**PHONE).new_page()
    stranger.goto(page.url)
    assert heading(stranger) == shown
    page.get_by_role("link", name="Alle Filter löschen").click()
    assert number_in(heading(page)) == everything


@pytest.mark.parametrize(
    ("asked", "title", "marked"),
    [
        ("rüstzeit", "Die Karte halbiert die Rüstzeit", "Rüstzeit"),
        ("Ruestzeiten", "Die Karte halbiert die Rüstzeit", "Rüstzeit"),
        ("Maschinensteuerung", "Alte Maschinensteuerung spricht mit dem Netz", "Maschinensteuerung"),
        ("steuerung", "Alte Maschinensteuerung spricht mit dem Netz", "Maschinensteuerung"),
    ],
)
def test_what_is_typed_is_found_first_and_marked(
    visit: NewContext, portal: Portal, asked: str, title: str, marked: str
) -> None:
    page = visit(**WIDE).new_page()
    page.goto("/beispiele/")
    page.get_by_role("searchbox").fill(asked)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")

    first = page.get_by_role("main").get_by_role("article").first
    expect(first.get_by_role("heading")).to_contain_text(title)
    expect(first.locator("mark").first).to_contain_text(re.compile(marked, re.IGNORECASE))


# ---------------------------------------------------------------- staff write


def picture(folder: Path) -> Path:
    file = folder / "halle.jpg"
    Image.new("RGB", (1200, 600), (180, 90, 40)).save(file)
    return file


def upload_picture(page: Page, folder: Path, alt: str) -> None:
    page.goto("/admin/media/image/add/")
    page.locator("#id_file").set_input_files(picture(folder))
    page.get_by_label("Bildbeschreibung").fill(alt)
    page.get_by_label("Bildnachweis").fill("Foto: Seilerei & Söhne")
    page.get_by_role("button", name="Speichern", exact=True).click()
    page.wait_for_url("**/admin/media/image/")


def write(page: Page, label: str, text: str) -> None:
    page.get_by_role("textbox", name=label).click()
    page.keyboard.type(text)


def test_staff_write_show_release_publish_and_revise_while_the_public_text_stays(
    visit: NewContext, portal: Portal, staff_state: dict[str, Any], tmp_path: Path
) -> None:
    page = visit(storage_state=staff_state, **WIDE).new_page()
    upload_picture(page, tmp_path, "Prüferin hält die Kamera an das Seil.")
    page.goto("/admin/practices/practice/add/")
    page.get_by_label("Titel:", exact=True).fill("Seile prüfen mit der Kamera am Haken")
    page.get_by_label("In einem Satz").fill("Die Kamera sieht den Riss, bevor ihn die Hand spürt.")
    page.get_by_label("Betrieb:", exact=True).fill("Seilerei & Söhne")
    page.get_by_label(portal.site.metal.name, exact=True).check()
    write(page, "Ausgangslage", "Früher tastete jeder jedes Seil ab.")
    page.get_by_role("button", name="Anlegen: Bild im Beispiel").click()
    page.locator("#pictures-0 .select2-selection").click()
    page.locator(".select2-results__option", has_text="Prüferin").click()

    # Without the company's yes nothing becomes public, and the reason is told; nothing is lost.
    page.get_by_role("button", name="Veröffentlichen", exact=True).click()
    page.wait_for_url(re.compile(r"/practice/\d+/change/"))
    expect(page.locator(".messagelist")).to_contain_text("Die Freigabe des Betriebs fehlt")
    form = page.url

    page.get_by_role("button", name="Vorschau-Link erzeugen").click()
    words = page.locator(".messagelist").inner_text()
    link = re.search(r"https://\S+", words)
    assert link, words
    phone = visit(**PHONE).new_page()
    answer = phone.goto(link[0])
    assert answer is not None and answer.headers["x-robots-tag"].startswith("noindex")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Seile prüfen mit der Kamera am Haken")
    expect(phone.get_by_text("Vorschau, noch nicht veröffentlicht")).to_be_visible()
    expect(phone.get_by_role("img", name="Prüferin hält die Kamera an das Seil.")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.goto(form)
    page.get_by_role("link", name="Freigabe eintragen").click()
    page.get_by_label("Wer:").fill("Petra Muster, Geschäftsführung")
    page.get_by_label("Auf welchem Weg:").select_option("mail")
    page.get_by_role("button", name="Freigabe eintragen").click()
    page.wait_for_url("**/change/")
    page.get_by_role("button", name="Veröffentlichen", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("Veröffentlicht.")

    visitor = visit(**WIDE).new_page()
    visitor.goto("/beispiele/?q=Seile+pr%C3%BCfen")
    visitor.get_by_role("main").get_by_role("article").first.get_by_role("link").first.click()
    expect(visitor.get_by_role("main")).to_contain_text("Früher tastete jeder jedes Seil ab.")

    page.get_by_role("button", name="Überarbeiten").click()
    page.get_by_label("In einem Satz").fill("Ein ganz neuer Satz.")
    page.get_by_role("button", name="Veröffentlichen", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("Die Freigabe des Betriebs fehlt")
    visitor.reload()
    expect(visitor.get_by_role("main")).to_contain_text("Die Kamera sieht den Riss")
    expect(visitor.get_by_role("main")).not_to_contain_text("Ein ganz neuer Satz.")


# ---------------------------------------------------------------- staff import


def workbook(wrong: bool) -> bytes:
    """40 examples; three of them wrong, if asked for."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(
        ["Art", "Titel", "In einem Satz", "Betrieb", "Branchen", "Beschäftigte", "Jahr", "Quelle (Adresse)", "Stand"]
    )
    for n in range(1, 41):
        source = f"https://www.example.org/ofen/{n}"
        row = ["extern", f"Ofenbuch {n}", "Der Ofen schreibt sein Buch selbst.", "Härterei", "Handel", 10 + n, 2024]
        sheet.append([*row, source, date(2026, 9, 1)])
    if wrong:
        sheet["F9"], sheet["E22"], sheet["I41"] = "ca. 80", "Metal und Draht", "im September"
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_staff_import_a_table_and_are_told_which_three_cells_are_wrong(
    visit: NewContext, portal: Portal, staff_state: dict[str, Any]
) -> None:
    page = visit(storage_state=staff_state, **WIDE).new_page()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def choose(content: bytes) -> None:
        page.locator("input[type=file]").set_input_files(
            {"name": "beispiele.xlsx", "mimeType": kind, "buffer": content}
        )
        page.get_by_role("button", name=re.compile("prüfen")).click()

    page.goto("/admin/practices/practice/")
    page.get_by_role("link", name="Import").click()
    choose(workbook(wrong=True))
    wrong = page.locator(".exchange table").first.locator("tbody th")
    expect(wrong).to_have_text(
        [
            "Zeile 9, Spalte „Beschäftigte“ (F9)",
            "Zeile 22, Spalte „Branchen“ (E22)",
            "Zeile 41, Spalte „Stand“ (I41)",
        ]
    )
    expect(page.get_by_role("button", name=re.compile("anlegen"))).to_have_count(0)

    choose(workbook(wrong=False))
    page.get_by_role("button", name="40 Entwürfe anlegen").click()
    expect(page.locator("#container")).to_contain_text("40 Beispiele als Entwurf angelegt.")
    # Nothing of it is public before somebody says so.
    visitor = visit(**WIDE).new_page()
    visitor.goto("/beispiele/?q=Ofenbuch")
    expect(visitor.get_by_role("main")).not_to_contain_text("Ofenbuch 7")
