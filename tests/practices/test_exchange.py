"""Examples come and go in files: told cell by cell what is wrong, stored all or not at all, never published by it."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from platform_mark.publishing import paragraphs
from platform_mark.publishing.models import State, Version
from platform_mark.taxonomy.merging import merge
from platform_mark.taxonomy.models import Branch, Municipality, Topic
from platform_mark.taxonomy.reference import load_reference
from practices import releasing, snapshot
from practices.exchange.columns import COLUMNS, PART_COLUMNS, READ_ONLY
from practices.models import Practice
from tests.cast import Cast, make_cast
from tests.make import add_parts, make_external, make_practice, make_rich_practice
from tests.markup import Page

pytestmark = [pytest.mark.django_db, pytest.mark.database]

IMPORT = "admin:practices_practice_import"
EXPORT = "admin:practices_practice_export"


@pytest.fixture
def cast(settings: Any, tmp_path: Any) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    load_reference()
    return make_cast()


@pytest.fixture
def editor(cast: Cast) -> Client:
    return cast.client("editor")


def good(number: int = 1, **cells: Any) -> dict[str, Any]:
    """A row that is right, by its headings."""
    return {
        "Art": "extern",
        "Titel": f"Ofenbuch {number}",
        "In einem Satz": "Der Ofen schreibt sein Buch selbst.",
        "Betrieb": "Heat & Co's Härterei",
        "Branchen": "Metall und Draht | Handel",
        "Themen": "Wartung und Energie",
        "Beschäftigte": 12 + number,
        "Stadt oder Gemeinde": "Menden",
        "Jahr": 2024,
        "Für wen": "Beschäftigte | Auszubildende",
        "Ausgangslage": "Alles stand auf Zetteln.\n\nUnd auf Türen.",
        "Quelle (Adresse)": f"https://www.example.org/ofen/{number}",
        "Stand": date(2026, 9, 1),
        **cells,
    }


def xlsx(
    rows: list[Mapping[str, Any]], *, heads: list[str] | None = None, change: Callable[[Any], None] | None = None
) -> bytes:
    """A workbook with these rows under their headings."""
    book = openpyxl.Workbook()
    sheet = book.active
    heads = heads or list(dict.fromkeys(head for row in rows for head in row))
    sheet.append(heads)
    for row in rows:
        sheet.append([row.get(head) for head in heads])
    if change:
        change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_csv(rows: list[Mapping[str, Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0], delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig")


def as_json(rows: Any) -> bytes:
    return json.dumps({"format": "gute-beispiele", "version": 1, "practices": rows}).encode()


def upload(client: Client, content: bytes, name: str = "beispiele.xlsx") -> Any:
    file = io.BytesIO(content)
    file.name = name
    return client.post(reverse(IMPORT), {"file": file}, follow=True)


def text(response: Any) -> str:
    """What people read in the middle of the page."""
    return Page.of(response).one(id="content").text


def faults(response: Any) -> dict[str, str]:
    """Each wrong cell as the page names it, with what it says."""
    assert response.status_code == 200
    plan = response.context["plan"]
    page = text(response)
    found = {fault.where: fault.message for fault in plan.faults}
    assert len(found) == len(plan.faults)
    for where, message in found.items():
        assert " ".join(where.split()) in page
        assert " ".join(message.split())[:60] in page
    return found


def refusal(response: Any) -> str:
    """Why a file as a whole is not taken; nothing is kept."""
    assert response.status_code == 200
    return " ".join(response.context["form"].errors["file"])


def confirm(client: Client, response: Any) -> Any:
    plan = response.context["plan"]
    assert plan.faults == []
    return client.post(response.request["PATH_INFO"], {"fingerprint": plan.fingerprint}, follow=True)


def imported(client: Client, content: bytes, name: str = "beispiele.xlsx") -> Any:
    return confirm(client, upload(client, content, name))


def exported(client: Client, form: str, query: str = "") -> bytes:
    response = client.post(reverse(EXPORT) + query, {"form": form})
    assert response.status_code == 200, response
    assert response["Content-Disposition"].startswith("attachment"), response.content.decode()[:2_000]
    return response.getvalue()


def everything() -> list[Any]:
    """All content there is, to see that nothing has changed."""
    return [(row.slug, row.state, row.updated_at, row.snapshot()) for row in Practice.objects.order_by("pk")]


# ---------------------------------------------------------------- the journey


def test_staff_import_40_examples_with_three_wrong_rows_and_are_told_which_cells(editor: Client) -> None:
    rows = [good(number) for number in range(40)]
    rows[15]["Beschäftigte"] = "ca. 80"
    rows[22]["Branchen"] = "Metal und Draht"
    rows[38]["Stand"] = "im September"
    heads = list(rows[0])
    column = {head: get_column_letter(number) for number, head in enumerate(heads, 1)}

    checked = upload(editor, xlsx(rows))
    assert faults(checked) == {
        f"Zeile 17, Spalte „Beschäftigte“ ({column['Beschäftigte']}17)": "Hier wird eine ganze Zahl erwartet, dort steht „ca. 80“.",
        f"Zeile 24, Spalte „Branchen“ ({column['Branchen']}24)": "„Metal und Draht“ gibt es nicht. Meinten Sie „Metall und Draht“?",
        f"Zeile 40, Spalte „Stand“ ({column['Stand']}40)": "Hier wird ein Datum wie 01.09.2026 erwartet, dort steht „im September“.",
    }
    assert "40 Beispiele gelesen: 37 neu, 0 geändert, 0 unverändert, 3 mit Fehlern." in text(checked)
    assert "anlegen" not in checked.content.decode()
    # Nor by a button that the page does not show.
    editor.post(checked.request["PATH_INFO"], {"fingerprint": checked.context["plan"].fingerprint})
    assert not Practice.objects.exists()

    rows[15]["Beschäftigte"], rows[22]["Branchen"], rows[38]["Stand"] = 80, "Metall und Draht", "1.9.2026"
    checked = upload(editor, xlsx(rows))
    assert 'value="40 Entwürfe anlegen"' in checked.content.decode()
    assert not Practice.objects.exists(), "looking stores nothing"
    done = confirm(editor, checked)
    assert "40 Beispiele als Entwurf angelegt. Veröffentlicht ist davon nichts." in done.content.decode()

    assert Practice.objects.count() == 40
    assert not Practice.objects.exclude(state=State.DRAFT).exists()
    practice = Practice.objects.get(title="Ofenbuch 15")
    assert (practice.kind, practice.employees, practice.as_of) == ("external", 80, date(2026, 9, 1))
    assert practice.starting_point == "<p>Alles stand auf Zetteln.</p><p>Und auf Türen.</p>"
    assert practice.municipality == Municipality.objects.get(name="Menden (Sauerland)")
    assert {branch.slug for branch in practice.branches.all()} == {"metall-und-draht", "handel"}
    assert practice.target_groups == ["employees", "trainees"]
    assert Version.objects.of(practice).get().comment == "Import aus „beispiele.xlsx“"


def test_the_same_file_twice_changes_nothing(editor: Client) -> None:
    content = xlsx([good(1), good(2) | {"Art": "eigen", "Quelle (Adresse)": None}])
    imported(editor, content)
    before = everything()

    checked = upload(editor, content)
    assert "2 Beispiele gelesen: 0 neu, 0 geändert, 2 unverändert." in text(checked)
    assert "Es gibt nichts zu tun" in text(checked)
    assert everything() == before


def test_two_presses_of_the_button_are_one(editor: Client) -> None:
    checked = upload(editor, xlsx([good()]))
    confirm(editor, checked)
    again = confirm(editor, checked)
    assert "schon eingelesen" in again.content.decode()
    assert Practice.objects.count() == 1


def test_what_changed_meanwhile_is_shown_before_anything_is_stored(editor: Client) -> None:
    make_practice("Ofenbuch 1", slug="ofen", state=State.DRAFT, published_at=None, company="Alt")
    checked = upload(editor, xlsx([{"Adresse": "ofen", "Betrieb": "Neu"}]))
    Practice.objects.update(company="Inzwischen")

    answer = confirm(editor, checked)
    assert "Inzwischen hat sich etwas geändert" in answer.content.decode()
    assert Practice.objects.get().company == "Inzwischen"
    assert "Inzwischen" in str(answer.context["plan"].changed[0].differences)
    confirm(editor, answer)
    assert Practice.objects.get().company == "Neu"


def test_a_file_is_kept_for_its_person_alone_and_not_for_ever(editor: Client, cast: Cast) -> None:
    checked = upload(editor, xlsx([good()]))
    address = checked.request["PATH_INFO"]
    answer = cast.client("superuser").get(address, follow=True)
    assert "noch einmal hoch" in answer.content.decode()
    cache.clear()
    assert "noch einmal hoch" in editor.get(address, follow=True).content.decode()


# ---------------------------------------------------------------- what becomes of what is there


def test_the_address_says_which_example_is_meant_and_missing_columns_change_nothing(editor: Client) -> None:
    practice = make_rich_practice(slug="karte", state=State.DRAFT, published_at=None)
    add_parts(practice, 3)
    before = practice.snapshot()

    checked = upload(editor, xlsx([{"Adresse": "karte", "Jahr": 2023, "Technik": None, "Wirkung 2: Nachher": 7}]))
    (entry,) = checked.context["plan"].changed
    assert [(d.label, d.old, d.new) for d in entry.differences][:2] == [
        ("Jahr", "2024", "2023"),
        ("Technik", "Tablets | Formular-App", ""),
    ]
    confirm(editor, checked)

    practice.refresh_from_db()
    effects = [dict(effect) for effect in before["effects"]]
    effects[1]["after"] = "7"
    assert practice.snapshot() == before | {"year": 2023, "technologies": [], "effects": effects}


def test_parts_can_be_added_and_taken_away(editor: Client) -> None:
    practice = make_practice(slug="karte", state=State.DRAFT, published_at=None)
    add_parts(practice, 2)
    imported(
        editor,
        xlsx(
            [
                {
                    "Adresse": "karte",
                    "Schritt 1: Was tun": None,
                    "Schritt 1: Näheres": None,
                    "Schritt 1: Wer": None,
                    "Schritt 1: Wie lange": None,
                    "Schritt 1: Was man braucht": None,
                    "Schritt 5: Was tun": "Anfangen.",
                    "Voraussetzung 3": "Strom",
                }
            ]
        ),
    )
    assert [step.action for step in practice.steps.all()] == [
        "Eine Maschine wählen, die oft umgerüstet wird (1).",
        "Anfangen.",
    ]
    assert [row.text for row in practice.prerequisites.all()] == ["WLAN in der Halle 0", "WLAN in der Halle 1", "Strom"]
    assert practice.pictures.count() == 2, "no file says anything of pictures"


def test_what_is_public_stays_and_its_changes_go_into_a_working_copy(editor: Client) -> None:
    practice = make_external("Öffentlich", slug="oeffentlich", company="Vorher")
    content = xlsx([{"Adresse": "oeffentlich", "Betrieb": "Nachher"}])
    checked = upload(editor, content)
    assert "als Überarbeitung" in text(checked)
    confirm(editor, checked)

    practice.refresh_from_db()
    assert (practice.company, practice.state) == ("Vorher", State.PUBLISHED)
    assert (practice.revision.company, practice.revision.state) == ("Nachher", State.DRAFT)
    assert "1 unverändert" in text(upload(editor, content))

    # Staff go on writing there: another file must not wipe that out.
    answer = upload(editor, xlsx([{"Adresse": "oeffentlich", "Betrieb": "Noch anders"}]))
    assert "wird gerade überarbeitet" in faults(answer)["Zeile 2, Spalte „Adresse“ (A2)"]
    imported(editor, xlsx([{"Adresse": f"{releasing.REVISION_SLUG}{practice.pk}", "Betrieb": "Noch anders"}]))
    assert Practice.objects.get(revision_of=practice).company == "Noch anders"


def test_a_working_copy_that_is_gone_is_not_made_an_example(editor: Client) -> None:
    answer = upload(editor, xlsx([good(1, Adresse="ueberarbeitung-7")]))
    assert list(faults(answer).values()) == ["Diese Überarbeitung gibt es nicht mehr."]


def test_two_of_the_same_title_and_company_need_the_address(editor: Client) -> None:
    for slug in ("eins", "zwei"):
        make_practice("Gleich", slug=slug, company="Selbe GmbH")
    answer = upload(editor, xlsx([{"Titel": "Gleich", "Betrieb": "Selbe GmbH", "Jahr": 2020}]))
    assert "tragen Sie die Adresse ein" in faults(answer)["Zeile 2, Spalte „Titel“ (A2)"]


def test_a_new_example_that_resembles_another_is_pointed_out(editor: Client) -> None:
    make_practice("Ofenbuch einz", company="Heat & Co's Härterei")
    assert "Sieht ähnlich aus: Ofenbuch einz" in text(upload(editor, xlsx([good(Titel="Ofenbuch eins")])))


def test_new_examples_get_free_addresses_or_the_one_in_the_file(editor: Client) -> None:
    make_practice("Ofenbuch 1", slug="ofenbuch-1")
    imported(editor, xlsx([good(1), good(2, Adresse="mein-ofen")]))
    assert set(Practice.objects.values_list("slug", flat=True)) == {"ofenbuch-1", "ofenbuch-1-2", "mein-ofen"}


def test_merged_terms_synonyms_and_codes_are_understood(editor: Client) -> None:
    merge(Branch.objects.get(slug="metall-und-draht"), into=Branch.objects.get(slug="automotive"))
    imported(editor, xlsx([good(1, Branchen="Schlosserei | 24 | handel", Themen="MDE|KI"), good(2, Branchen=25)]))
    first, second = Practice.objects.order_by("title")
    assert {branch.slug for branch in first.branches.all()} == {"automotive", "handel"}
    assert {topic.slug for topic in first.topics.all()} == {
        "ruesten-und-fertigung",
        "daten-und-kuenstliche-intelligenz",
    }
    assert [branch.slug for branch in second.branches.all()] == ["automotive"]


# ---------------------------------------------------------------- there and back


@pytest.fixture
def filled(cast: Cast) -> list[Practice]:
    """Examples of every kind, with all that a file could break."""
    rich = make_rich_practice(branches=tuple(Branch.objects.all()[:3]), topics=tuple(Topic.objects.all()[:2]))
    add_parts(rich, 8)
    rich.effects.update(before=None, after=Decimal("0.25"))
    odd = make_external(
        '=HYPERLINK(1) ; "Zitat" \'s',
        company="+49 & Söhne",
        figure_value="-38 %",
        figure_label="@Rüstzeit",
        place="Zülpich",
        technologies=["A | B", "'=1"],
        starting_point="<p>x &lt; 5 &amp; <strong>fett</strong></p><ul><li>eins</li></ul>",
        goal="<p>Wie &lt;p&gt; geht</p>",
        solution="<p>Zeile<br>Zeile</p><p>\u00a0Absatz</p>",
        people_involved="Betriebsrat\nLeitung",
        worries="  Leerzeichen vorn",
        size_band="micro",
        quote_text="\tTab",
        person_days=Decimal("0.5"),
    )
    revised = make_external("Wird überarbeitet")
    releasing.revise(revised)
    make_practice(
        "Erfunden",
        is_fictitious=True,
        is_anonymous=True,
        state=State.ARCHIVED,
        municipality=Municipality.objects.first(),
    )
    make_practice("Entwurf", state=State.DRAFT, published_at=None)
    return [rich, odd]


@pytest.mark.parametrize("form", ["xlsx", "csv", "json"])
def test_what_was_exported_changes_nothing_when_it_is_read(form: str, filled: list[Practice], editor: Client) -> None:
    before = everything()
    checked = upload(editor, exported(editor, form), f"x.{form}")
    assert checked.context["plan"].faults == []
    assert "6 Beispiele gelesen: 0 neu, 0 geändert, 6 unverändert." in text(checked)
    assert everything() == before


@pytest.mark.parametrize("form", ["xlsx", "csv", "json"])
def test_what_was_exported_makes_the_same_examples_elsewhere(form: str, filled: list[Practice], editor: Client) -> None:
    Practice.objects.filter(revision_of__isnull=False).delete()
    content = exported(editor, form)
    wanted = {row.slug: snapshot.written(row) for row in Practice.objects.all()}
    # What a cell or a form cannot hold: blanks around a text.
    odd = wanted[filled[1].slug]
    odd["worries"], odd["quote_text"] = odd["worries"].strip(), odd["quote_text"].strip()
    Practice.objects.all().delete()

    imported(editor, content)
    assert {row.slug: snapshot.written(row) for row in Practice.objects.all()} == wanted
    assert not Practice.objects.exclude(state=State.DRAFT).exists()


@given(st.text())
def test_any_text_comes_back_from_a_cell_as_it_was(text: str) -> None:
    for html in (paragraphs.from_typed(text), paragraphs.from_plain(text)):
        assert paragraphs.from_typed(paragraphs.to_typed(html)) == html


def test_the_template_is_understood_as_it_is(editor: Client) -> None:
    content = editor.get(reverse("admin:practices_practice_template")).getvalue()
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Beispiele", "Erklärung", "Erlaubte Wörter"]
    assert refusal(upload(editor, content)) == "Die Datei hat nur die Musterzeile der Vorlage."

    heads = [cell.value for cell in book["Beispiele"][1]]
    explained = {row[0].value for row in book["Erklärung"].iter_rows(min_row=2)}
    assert explained == {head.removesuffix(" *") for head in heads}
    words = {
        column[0].value: [cell.value for cell in column[1:] if cell.value] for column in book["Erlaubte Wörter"].columns
    }
    assert words["Branchen"] == [branch.name for branch in Branch.objects.current()]
    assert len(words["Stadt oder Gemeinde"]) == 25
    assert words["Größe, wenn die Zahl fehlt"] == ["kleinst", "klein", "mittel", "groß"]
    for choice in book["Beispiele"].data_validations.dataValidation:
        assert choice.formula1.startswith("'Erlaubte Wörter'!$")

    # The sample itself is right in every cell, once it is meant.
    book["Beispiele"]["A2"] = None
    file = io.BytesIO()
    book.save(file)
    checked = upload(editor, file.getvalue())
    assert faults(checked) == {}
    imported(editor, file.getvalue())
    assert Practice.objects.get().effects.get().after == 32


# ---------------------------------------------------------------- export


def test_an_export_holds_what_the_list_shows_in_its_order(editor: Client) -> None:
    for number, state in enumerate([State.DRAFT, State.PUBLISHED, State.DRAFT]):
        make_practice(f"Ofen {number}", state=state, company="Härterei" if number else "Gießerei")

    def titles(query: str) -> list[str]:
        return [row["title"] for row in json.loads(exported(editor, "json", query))["practices"]]

    assert titles("") == ["Ofen 2", "Ofen 1", "Ofen 0"]
    assert titles("?state__exact=draft") == ["Ofen 2", "Ofen 0"]
    assert titles("?q=Härterei&o=1") == ["Ofen 1", "Ofen 2"]
    page = editor.get(reverse("admin:practices_practice_changelist") + "?q=Härterei&p=1").content.decode()
    assert f'href="{reverse(EXPORT)}?q=H%C3%A4rterei"' in page
    assert "2 Beispiele, so wie die Liste gerade gefiltert ist" in text(editor.get(reverse(EXPORT) + "?q=Härterei"))


def test_chosen_rows_are_exported_alone(editor: Client) -> None:
    chosen, *_ = [make_practice(f"Ofen {number}") for number in range(3)]
    act = {"action": "export_rows", "_selected_action": [chosen.pk]}
    address = editor.post(reverse("admin:practices_practice_changelist"), act)["Location"]
    assert address.startswith(reverse(EXPORT))
    query = "?" + address.partition("?")[2]
    assert [row["title"] for row in json.loads(exported(editor, "json", query))["practices"]] == [chosen.title]

    address = editor.post(reverse("admin:practices_practice_changelist") + "?q=Ofen", act | {"select_across": "1"})[
        "Location"
    ]
    assert address == reverse(EXPORT) + "?q=Ofen"


def test_the_files_are_typed_and_safe(filled: list[Practice], editor: Client) -> None:
    rows = list(csv.reader(io.StringIO(exported(editor, "csv").decode("utf-8-sig")), delimiter=";"))
    assert exported(editor, "csv").startswith(b"\xef\xbb\xbf")
    assert not [cell for row in rows for cell in row if re.match(r"[=+@\t\r]|-[^\d]", cell)]
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert next(row["Kennzahl"] for row in table if row["Ort außerhalb der Region"] == "Zülpich") == "'-38 %"
    assert {row["Eigener Aufwand (Personentage)"] for row in table} >= {"34,5", "0,5"}

    sheet = openpyxl.load_workbook(io.BytesIO(exported(editor, "xlsx"))).active
    heads = [cell.value for cell in sheet[1]]
    assert not [cell for row in sheet for cell in row if cell.data_type == "f"]
    rich = next(row for row in sheet if row[heads.index("Beschäftigte")].value == 84)
    assert rich[heads.index("Eigener Aufwand (Personentage)")].value == 34.5
    assert rich[heads.index("Stand")].is_date
    assert rich[heads.index("Veröffentlicht ab")].is_date
    assert heads[:3] == ["Adresse", "Art", "Titel"]
    assert heads[-6:] == list(READ_ONLY.values())

    document = json.loads(exported(editor, "json"))
    rich = next(row for row in document["practices"] if row["employees"] == 84)
    assert (rich["person_days"], rich["funding_used"], rich["as_of"], rich["state"]) == (
        34.5,
        True,
        "2026-09-01",
        "published",
    )
    assert rich["effects"][0]["after"] == 0.25
    assert set(rich) == set(COLUMNS) | set(PART_COLUMNS) | set(READ_ONLY)


def test_no_file_names_a_person(editor: Client, cast: Cast) -> None:
    practice = make_practice("Freigegeben")
    releasing.record_release(
        practice,
        released_by="Erika Beispiel, Leitung",
        released_on=date(2026, 1, 1),
        channel="mail",
        by=cast.person("editor").user,
    )
    for form in ("xlsx", "csv", "json"):
        content = exported(editor, form)
        whole = (
            content if form != "xlsx" else str(list(openpyxl.load_workbook(io.BytesIO(content)).active.values)).encode()
        )
        assert b"Freigegeben" in whole
        assert b"Erika" not in whole
        assert b"editor@" not in whole


def test_an_export_does_not_ask_more_for_more_rows(editor: Client, django_assert_max_num_queries: Any) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(60) as captured:
            exported(editor, "xlsx")
        return len(captured)

    add_parts(make_rich_practice("Eins"), 2)
    one = queries()
    for number in range(3):
        add_parts(make_rich_practice(f"Noch {number}"), 2)
    assert queries() == one


def test_an_unknown_filter_an_empty_list_and_no_form_are_told(editor: Client) -> None:
    assert "Filter" in editor.get(reverse(EXPORT) + "?gibt__es__nicht=1", follow=True).content.decode()
    assert "Die Liste ist leer" in text(editor.get(reverse(EXPORT)))
    make_practice()
    assert "exe" in text(editor.post(reverse(EXPORT), {"form": "exe"}))
    assert "Bitte wählen Sie eine Form." in text(editor.post(reverse(EXPORT)))


def test_a_list_too_long_for_one_file_is_told(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("practices.exchange.desk.MOST_ROWS", 1)
    make_practice(), make_practice()
    answer = editor.post(reverse(EXPORT), {"form": "csv"})
    assert "In eine Datei passen höchstens 1." in text(answer)


def test_a_text_too_long_for_excel_is_told_and_goes_by_json(editor: Client) -> None:
    make_practice(solution=f"<p>{'lang ' * 8_000}</p>")
    assert "wählen Sie CSV oder JSON" in text(editor.post(reverse(EXPORT), {"form": "xlsx"}))
    assert "1 unverändert" in text(upload(editor, exported(editor, "json"), "x.json"))


# ---------------------------------------------------------------- who may, and what is noted


@pytest.mark.parametrize(
    ("name", "may_import", "may_export"),
    [
        ("visitor", 302, 302),
        ("stranger", 403, 403),
        ("newcomer", 403, 403),
        ("moderator", 403, 200),
        ("organiser", 403, 200),
        ("protector", 403, 403),
        ("administrator", 403, 403),
        ("editor", 200, 200),
    ],
)
def test_import_needs_the_right_to_add_and_change_export_the_right_to_see(
    name: str, may_import: int, may_export: int, cast: Cast
) -> None:
    make_practice()
    client = cast.client(name)
    assert client.get(reverse(IMPORT)).status_code == may_import
    assert client.post(reverse(IMPORT), {"file": io.BytesIO(xlsx([good()]))}).status_code in (may_import, 302)
    assert client.get(reverse("admin:practices_practice_template")).status_code == may_import
    check = client.get(reverse("admin:practices_practice_check", args=["x"])).status_code
    assert check == (302 if may_import == 200 else may_import)
    assert client.get(reverse(EXPORT)).status_code == may_export
    assert client.post(reverse(EXPORT), {"form": "csv"}).status_code == may_export
    assert Practice.objects.count() == 1


def test_without_a_second_factor_nobody_comes_near(cast: Cast) -> None:
    client = Client()
    user = cast.person("editor").user
    client.force_login(user)
    for address in (reverse(IMPORT), reverse(EXPORT)):
        assert client.get(address, secure=True, SERVER_NAME="portal.test").status_code == 302


def test_the_list_shows_what_one_may_do(cast: Cast) -> None:
    address = reverse("admin:practices_practice_changelist")
    assert reverse(IMPORT) in cast.client("editor").get(address).content.decode()
    moderators = cast.client("moderator").get(address).content.decode()
    assert reverse(IMPORT) not in moderators
    assert reverse(EXPORT) in moderators


def test_both_are_in_the_log_with_who_and_how_many(editor: Client, cast: Cast) -> None:
    make_practice("Alt", slug="alt", state=State.DRAFT, published_at=None)
    imported(editor, xlsx([good()]), "neu.xlsx")
    imported(editor, xlsx([{"Adresse": "alt", "Jahr": 2020}]), "liste.xlsx")
    exported(editor, "csv")
    entries = LogEntry.objects.order_by("pk").values_list("user__email", "object_repr", "change_message")
    assert {email for email, _, _ in entries} == {"editor@portal.test"}
    assert [what for _, what, _ in entries] == [
        "Import von 1 Beispiel aus „neu.xlsx“",
        "Ofenbuch 1",
        "Import von 1 Beispiel aus „liste.xlsx“",
        "Alt",
        "Export von 2 Beispielen als CSV für Excel (.csv)",
    ]
    assert [message for _, _, message in entries][1:4:2] == [
        "Import aus „neu.xlsx“: neu, als Entwurf.",
        "Import aus „liste.xlsx“: geändert (Jahr).",
    ]
    upload(editor, xlsx([good(7)]))
    assert LogEntry.objects.count() == 5, "looking is no change"


# ---------------------------------------------------------------- wrong cells


@pytest.mark.parametrize(
    ("head", "value", "reason"),
    [
        ("Titel", None, "Hier fehlt eine Angabe."),
        ("Titel", "x" * 121, "Hier stehen 121 Zeichen, höchstens 120 passen hinein."),
        ("Titel", "=1+1", "Hier steht eine Formel."),
        ("Titel", "#REF!", "Hier steht der Excel-Fehler „#REF!“."),
        ("Titel", True, "Hier wird ein Text erwartet, dort steht WAHR."),
        ("Art", "halb", "„halb“ gibt es nicht. Möglich ist: Eigenes Beispiel, Extern veröffentlichtes Beispiel."),
        ("Adresse", "mit leerzeichen", "Dort steht „mit leerzeichen“."),
        ("Adresse", "x" * 81, "Hier stehen 81 Zeichen, höchstens 80 passen hinein."),
        ("Beschäftigte", "achtzig", "Hier wird eine ganze Zahl erwartet, dort steht „achtzig“."),
        ("Beschäftigte", 80.5, "Hier wird eine ganze Zahl erwartet, dort steht „80,5“."),
        ("Beschäftigte", -3, "Dort steht „-3“."),
        ("Beschäftigte", 10**12, "Dort steht „1000000000000“."),
        ("Beschäftigte", date(2026, 1, 1), "Hier wird eine ganze Zahl erwartet, dort steht das Datum 01.01.2026."),
        ("Größe, wenn die Zahl fehlt", "riesig", "„riesig“ gibt es nicht. Möglich ist: kleinst, klein, mittel, groß."),
        (
            "Größe, wenn die Zahl fehlt",
            "klein",
            "Geben Sie die Zahl der Beschäftigten an oder die Größe, nicht beides.",
        ),
        ("Stadt oder Gemeinde", "Lüdenscheit", "„Lüdenscheit“ gehört nicht zur Region. Meinten Sie „Lüdenscheid“?"),
        (
            "Stadt oder Gemeinde",
            "München",
            "„München“ gehört nicht zur Region. Für Orte außerhalb gibt es eine eigene Spalte.",
        ),
        (
            "Ort außerhalb der Region",
            "Zülpich",
            "Wählen Sie eine Stadt der Region oder nennen Sie einen Ort außerhalb, nicht beides.",
        ),
        ("Jahr", 1066, "Dort steht „1066“."),
        ("Branchen", "Handel, Automotive", "Mehrere trennen Sie mit „|“."),
        ("Themen", "Weltfrieden", "„Weltfrieden“ gibt es nicht. Was es gibt, steht in der Vorlage."),
        ("Für wen", "Beschäftigte | Hunde", "„Hunde“ gibt es nicht."),
        ("Technik", "x" * 61, "höchstens 60 Zeichen je Wort"),
        ("Kosten bis (Euro)", 5, "„Kosten bis“ muss mindestens so hoch sein wie „Kosten ab“. Füllen Sie beide Felder."),
        ("Eigener Aufwand (Personentage)", "1,234", "Dort steht „1.234“."),
        ("Förderung genutzt", "vielleicht", "Hier wird „ja“ oder „nein“ erwartet, dort steht „vielleicht“."),
        ("Erfunden", "vielleicht", "Hier wird „ja“ oder „nein“ erwartet, dort steht „vielleicht“."),
        (
            "Quelle (Adresse)",
            "javascript:alert(1)",
            "Hier wird eine Adresse, die mit https:// oder http:// beginnt erwartet, dort steht „javascript:alert(1)“.",
        ),
        ("Quelle (Adresse)", None, "Ein extern veröffentlichtes Beispiel braucht die Adresse seiner Quelle."),
        ("Stand", "30.02.2026", "Hier wird ein Datum wie 01.09.2026 erwartet, dort steht „30.02.2026“."),
        ("Stand", 46266, "Hier wird ein Datum wie 01.09.2026 erwartet, dort steht „46266“."),
        ("Zitat", "x" * 501, "Hier stehen 501 Zeichen, höchstens 500 passen hinein."),
        ("Wirkung 1: Was", "Rüstzeit", "Hier fehlt eine Angabe. Wirkung 1 ist unvollständig."),
        ("Schritt 2: Wer", "Leitung", "Hier fehlt eine Angabe. Schritt 2 ist unvollständig."),
        ("Voraussetzung 1", "x" * 161, "höchstens 160 passen hinein"),
    ],
)
def test_a_wrong_cell_is_named_with_what_is_expected(editor: Client, head: str, value: Any, reason: str) -> None:
    row = good(**{"Kosten ab (Euro)": 10} if head.startswith("Kosten bis") else {}) | {head: value}
    found = faults(upload(editor, xlsx([row])))
    assert any(reason in message for message in found.values()), found
    assert all(where.startswith("Zeile 2") for where in found)
    cell = f"({get_column_letter(list(row).index(head) + 1)}2)"
    assert any(cell in where for where in found) or head.startswith(("Wirkung", "Schritt"))
    assert not Practice.objects.exists()


@pytest.mark.parametrize(
    ("head", "value", "name", "stored"),
    [
        ("Beschäftigte", "1.200", "employees", 1200),
        ("Beschäftigte", 80.0, "employees", 80),
        ("Beschäftigte", " 80 ", "employees", 80),
        ("Kennzahl", -0.38, "figure_value", "-0,38"),
        ("Betrieb", 1848, "company", "1848"),
        ("Eigener Aufwand (Personentage)", 0.1 + 0.2, "person_days", Decimal("0.3")),
        ("Eigener Aufwand (Personentage)", "34,5", "person_days", Decimal("34.5")),
        ("Förderung genutzt", False, "funding_used", False),
        ("Förderung genutzt", None, "funding_used", None),
        ("Erfunden", "x", "is_fictitious", True),
        ("Art", "EXTERN", "kind", "external"),
        ("Stand", "2026-09-01", "as_of", date(2026, 9, 1)),
        ("Titel", "Zwei\nZeilen", "title", "Zwei Zeilen"),
        ("Jahr", None, "year", None),
        ("Technik", "Tablets | tablets\nSensor", "technologies", ["Tablets", "Sensor"]),
        (
            "Ausgangslage",
            "x < 5 & <script>alert(1)</script>",
            "starting_point",
            "<p>x &lt; 5 &amp; &lt;script&gt;alert(1)&lt;/script&gt;</p>",
        ),
        (
            "Ausgangslage",
            '<p onclick="x()">Ja</p><script>alert(1)</script><img src=x onerror=y>',
            "starting_point",
            "<p>Ja</p>",
        ),
        ("Ausgangslage", "<ul><li>eins</li></ul>", "starting_point", "<ul><li>eins</li></ul>"),
    ],
)
def test_what_people_write_in_cells_is_understood(
    editor: Client, head: str, value: Any, name: str, stored: Any
) -> None:
    imported(editor, xlsx([good() | {head: value}]))
    assert getattr(Practice.objects.get(), name) == stored


def test_every_wrong_cell_of_a_row_is_told_at_once(editor: Client) -> None:
    wrong = good(Titel=None, Jahr="bald", Branchen="Nichts") | {"Wirkung 1: Nachher": "weniger"}
    assert len(faults(upload(editor, xlsx([wrong])))) == 6
    told = faults(upload(editor, xlsx([good(Titel=None, Jahr=2099) | {"Stadt oder Gemeinde": "Köln"}])))
    assert [where.split("„")[1].split("“")[0] for where in told] == ["Titel", "Stadt oder Gemeinde", "Jahr"]


def test_the_same_example_twice_in_a_file_is_told(editor: Client) -> None:
    answer = upload(editor, xlsx([good(1), good(1)]))
    assert list(faults(answer).values()) == ["Dieses Beispiel steht schon weiter oben: Zeile 2."]
    answer = upload(editor, xlsx([good(1, Adresse="a"), good(2, Adresse="a")]))
    assert list(faults(answer).values()) == ["Dieses Beispiel steht schon weiter oben: Zeile 2."]


def test_another_example_of_the_same_source_and_title_is_told_with_its_address(editor: Client) -> None:
    imported(editor, xlsx([good(1)]))
    answer = upload(editor, xlsx([good(1, Adresse="noch-eins")]))
    assert "Seine Adresse ist „ofenbuch-1“" in next(iter(faults(answer).values()))


def test_a_needed_column_that_is_missing_is_told_once_a_row(editor: Client) -> None:
    answer = upload(editor, xlsx([{"Titel": "Nur ein Titel"}]))
    assert faults(answer) == {
        "Zeile 2 (die Datei hat keine Spalte „In einem Satz“)": "Hier fehlt eine Angabe.",
        "Zeile 2 (die Datei hat keine Spalte „Betrieb“)": "Hier fehlt eine Angabe.",
    }


# ---------------------------------------------------------------- wrong files


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (xlsx([good()], heads=[*good(), "Mitarbeiter"]), "Die Spalte „Mitarbeiter“ (N1) gibt es nicht."),
        (xlsx([good()], heads=[*good(), "Beschäftigde"]), "Meinten Sie „Beschäftigte“?"),
        (xlsx([good()], heads=[*good(), "titel *"]), "Die Spalte „titel *“ steht zweimal: B1 und N1."),
        (xlsx([{"Jahr": 2024}]), "Es fehlt die Spalte „Titel“ oder die Spalte „Adresse“."),
        (xlsx([{"Name": "x", "Ort": "y"}]), "keine Überschriften, die der Import kennt"),
        (xlsx([], heads=["Titel"]), "keine Zeile mit Werten"),
        (xlsx([good()], change=lambda sheet: sheet.merge_cells("B2:B4")), "Verbundene Zellen: B2 bis B4"),
        (
            xlsx([good()], change=lambda sheet: sheet.cell(5, 20, "verirrt")),
            "In T5 steht etwas, aber die Spalte hat keine Überschrift.",
        ),
        (xlsx([good()], heads=[*good(), "=A1"]), "In der Überschrift N1: Hier steht eine Formel."),
        (b"<!doctype html><script>alert(1)</script>", "keine Überschriften"),
        (b"Titel;Wirkung 21: Was\nx;y", "„Wirkung 21: Was“ (B1) gibt es nicht"),
        (b"", "leer"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "keine Tabelle"),
        (b"Titel\n" + b"x\n" * 2_001, "mehr als 2.000 Zeilen"),
        (b"[]", "Erwartet wird eine Liste von Beispielen"),
        (b'{"a": 1}', "kein Export guter Beispiele"),
        (b'[{"title": ', "kein JSON"),
        (as_json([{}] * 2_001), "mehr als 2000 Einträge"),
    ],
)
def test_a_wrong_file_is_refused_in_words_and_kept_nowhere(editor: Client, content: bytes, reason: str) -> None:
    assert reason in refusal(upload(editor, content))
    assert not Practice.objects.exists()


def test_no_file_and_a_file_too_large_are_told(editor: Client) -> None:
    assert "Bitte wählen Sie eine Datei." in text(editor.post(reverse(IMPORT)))
    assert refusal(upload(editor, b"x" * (10 * 1024 * 1024 + 1))) == "Die Datei ist größer als 10 MB."


def test_a_windows_file_is_read_and_told(editor: Client) -> None:
    rows = [{head: cell for head, cell in good().items() if not isinstance(cell, date)} | {"Betrieb": "Öfen – „Glut“"}]
    content = as_csv(rows).decode("utf-8-sig").encode("cp1252")
    checked = upload(editor, content, "liste.csv")
    assert "Windows-1252" in text(checked)
    confirm(editor, checked)
    assert Practice.objects.get().company == "Öfen – „Glut“"


def test_empty_rows_and_columns_that_follow_from_others_are_passed_over(editor: Client) -> None:
    checked = upload(editor, xlsx([good(1), {}, {}, good(2)], heads=["Kreis", *good(), "Stand der Bearbeitung"]))
    assert [entry.number for entry in checked.context["plan"].entries] == [2, 5]
    assert "Nicht eingelesen, weil es sich von selbst ergibt: Kreis, Stand der Bearbeitung." in text(checked)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"title": 5}, None),
        ({"title": "x\x00y"}, "title"),
        ({"title": "x\ud800y"}, "title"),
        ({"title": ["x"]}, "title"),
        ({"farbe": "rot"}, "farbe"),
        ({"employees": "viele"}, "employees"),
        ({"employees": True}, "employees"),
        ({"employees": 1e300}, "employees"),
        ({"branches": ["metall-und-draht", 999]}, "branches"),
        ({"branches": {"a": 1}}, "branches"),
        ({"as_of": 5}, "as_of"),
        ({"effects": "viele"}, "effects"),
        ({"effects": ["viele"]}, "effects[0]"),
        ({"effects": [{"farbe": 1}]}, "effects[0].farbe"),
        ({"effects": [{"label": "x", "after": "y", "method": "measured"}]}, "effects[0].after"),
        ({"solution": "x" * 200_001}, "solution"),
    ],
)
def test_a_wrong_field_of_json_is_named_by_its_path(editor: Client, change: dict[str, Any], where: str | None) -> None:
    row = {"title": "Ofen", "teaser": "Satz", "company": "Glut", "year": 2024} | change
    checked = upload(editor, as_json([row]), "x.json")
    found = faults(checked)
    assert [key for key in found if key.startswith(f"Eintrag 1, Feld „{where}“")] or (where is None and not found), (
        found
    )
    assert not Practice.objects.exists()


def test_numbers_that_would_fill_the_memory_are_refused(editor: Client) -> None:
    rows = b'[{"title": "Ofen", "teaser": "Satz", "company": 1E+999999999, "employees": 1E+999999999, "person_days": 1E-999999999}]'
    assert len(faults(upload(editor, rows, "x.json"))) == 2


def test_an_entry_that_is_no_object_is_told(editor: Client) -> None:
    answer = upload(editor, as_json(["x", 5]), "x.json")
    assert faults(answer) == {
        "Eintrag 1": "Das ist kein Beispiel mit Feldern.",
        "Eintrag 2": "Das ist kein Beispiel mit Feldern.",
    }


# ---------------------------------------------------------------- the pages


def test_the_pages_hold_no_script_or_style_of_their_own_and_speak_german(editor: Client) -> None:
    make_practice("Alt", slug="alt", state=State.DRAFT, published_at=None)
    pages = [
        editor.get(reverse(IMPORT)),
        editor.get(reverse(EXPORT)),
        upload(editor, b"kaputt"),
        upload(editor, xlsx([good(Jahr="bald")])),
        upload(editor, xlsx([good(1), {"Adresse": "alt", "Jahr": 2020}])),
    ]
    for page in pages:
        html = page.content.decode()
        assert " style=" not in html
        assert not re.search(r"<script(?![^>]* src=)(?![^>]*type=\"application/json\")[^>]*>", html)
        assert not re.search(r"\son\w+=", html)
        assert not re.search(
            r"\b(Choose|Upload|Import data|Submit|Confirm|rows?|Browse|Errors?|required)\b", text(page)
        )
        assert "'unsafe-inline'" not in page["Content-Security-Policy"]
        assert html.count("<h1") == 1
        assert "no-store" in page["Cache-Control"]


def test_what_a_file_says_is_shown_as_text(editor: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    html = upload(editor, xlsx([good(Titel=evil, Jahr=evil)]), f"{evil}.xlsx").content.decode()
    assert evil not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    html = upload(editor, xlsx([{evil: 1, "Titel": 2}])).content.decode()
    assert evil not in html


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: f"Titel;Jahr;Branchen\n{text}".encode("utf-8", "ignore")),
    )
)
def test_whatever_is_uploaded_gets_an_answer(editor: Client, content: bytes) -> None:
    assert upload(editor, content).status_code == 200
