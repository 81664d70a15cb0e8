"""`manage.py import_practices`: all or nothing, told row by row, the same file twice is the same as once."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from platform_mark.publishing.models import State
from platform_mark.starter.content import FOLDER
from platform_mark.taxonomy.merging import merge
from platform_mark.taxonomy.models import Branch
from platform_mark.taxonomy.reference import load_reference
from practices.models import Practice

pytestmark = [pytest.mark.django_db, pytest.mark.database]

GOOD: dict[str, Any] = {
    "title": "Heat & Co's Ofenbuch",
    "company": "Heat & Co's Härterei",
    "place": "Menden",
    "branch_wz": "25",
    "size_class": "small",
    "employees": 12,
    "summary": "Der Ofen schreibt sein Buch selbst.",
    "challenge": "Alles stand auf Zetteln.",
    "approach": "Ein Fühler & ein Tablet.",
    "result": "Kennzahlen nennt die Quelle nicht.",
    "technologies": ["Sensorik", "KI"],
    "target_groups": ["employees"],
    "year": 2024,
    "source_url": "https://www.example.org/ofen",
}


@pytest.fixture(autouse=True)
def reference() -> None:
    load_reference()


def run(tmp_path: Path, rows: object, *options: str) -> str:
    file = tmp_path / "rows.json"
    file.write_text(rows if isinstance(rows, str) else json.dumps(rows), encoding="utf-8")
    out = StringIO()
    call_command("import_practices", str(file), *options, stdout=out, stderr=out)
    return out.getvalue()


def refused(tmp_path: Path, rows: object, *options: str) -> list[str]:
    file = tmp_path / "rows.json"
    file.write_text(rows if isinstance(rows, str) else json.dumps(rows), encoding="utf-8")
    errors = StringIO()
    with pytest.raises(CommandError, match="Nichts wurde eingelesen"):
        call_command("import_practices", str(file), *options, stderr=errors)
    assert not Practice.objects.exists()
    return errors.getvalue().splitlines()


def test_a_row_becomes_a_draft_with_its_branch_place_size_and_topics(tmp_path: Path) -> None:
    assert run(tmp_path, [GOOD]) == "Eingelesen: 1 neu, 0 geändert, 0 unverändert.\n"

    practice = Practice.objects.get()
    assert (practice.kind, practice.state, practice.size) == ("external", State.DRAFT, "small")
    assert practice.municipality is not None
    assert practice.municipality.name == "Menden (Sauerland)"
    assert [branch.name for branch in practice.branches.all()] == ["Metall und Draht"]
    assert [topic.slug for topic in practice.topics.all()] == [
        "wartung-und-energie",
        "daten-und-kuenstliche-intelligenz",
    ]
    assert practice.solution == "<p>Ein Fühler &amp; ein Tablet.</p>"
    assert practice.slug == "heat-cos-ofenbuch"


def test_the_shipped_file_imports_and_its_examples_are_found_on_the_page(tmp_path: Path, client: Any) -> None:
    call_command("import_practices", str(FOLDER / "practices_external.json"), "--publish", stdout=StringIO())

    assert Practice.objects.published().count() == 27
    page = client.get("/beispiele/?branche=metall-und-draht&groesse=mittel", secure=True).content.decode()
    assert "Digitaler Zwilling für jeden Walzdraht" in page
    assert "Leuchtenfertigung ab Losgröße 1" not in page


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path, [GOOD])
    assert run(tmp_path, [GOOD]) == "Eingelesen: 0 neu, 0 geändert, 1 unverändert.\n"
    assert Practice.objects.count() == 1


def test_what_staff_changed_stays_unless_an_update_is_asked_for(tmp_path: Path) -> None:
    run(tmp_path, [GOOD])
    Practice.objects.update(teaser="Von der Redaktion umgeschrieben.")

    assert "1 sind schon da und lauten anders: so gelassen." in run(tmp_path, [GOOD])
    assert Practice.objects.get().teaser == "Von der Redaktion umgeschrieben."
    assert "0 neu, 1 geändert" in run(tmp_path, [GOOD], "--update")
    assert Practice.objects.get().teaser == GOOD["summary"]


def test_a_dry_run_says_what_would_happen_and_stores_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, [GOOD], "--dry-run", "--publish") == "Wäre eingelesen: 1 neu, 0 geändert, 0 unverändert.\n"
    assert not Practice.objects.exists()


def test_publish_publishes_drafts_but_not_what_staff_archived(tmp_path: Path) -> None:
    run(tmp_path, [GOOD])
    run(tmp_path, [GOOD], "--publish")
    practice = Practice.objects.get()
    assert practice.is_published()

    practice.archive()
    run(tmp_path, [GOOD], "--publish")
    practice.refresh_from_db()
    assert practice.state == State.ARCHIVED


def test_missing_facts_stay_unknown(tmp_path: Path) -> None:
    empty = dict.fromkeys(GOOD, None) | {name: GOOD[name] for name in ("title", "company", "summary", "source_url")}
    run(tmp_path, [empty])
    practice = Practice.objects.get()
    assert (practice.employees, practice.size, practice.year, practice.location) == (None, "", None, "")
    assert (practice.starting_point, practice.technologies, practice.target_groups) == ("", [], [])
    assert not practice.branches.exists()


@pytest.mark.parametrize("code", ["C", None, ""])
def test_a_section_or_no_code_gives_no_branch(tmp_path: Path, code: str | None) -> None:
    run(tmp_path, [GOOD | {"branch_wz": code}])
    assert not Practice.objects.get().branches.exists()


def test_a_place_outside_the_region_is_kept_as_text(tmp_path: Path) -> None:
    run(tmp_path, [GOOD | {"place": "Zülpich"}])
    practice = Practice.objects.get()
    assert (practice.municipality, practice.place, practice.location) == (None, "Zülpich", "Zülpich")


def test_a_merged_branch_is_followed(tmp_path: Path) -> None:
    target = Branch.objects.get(slug="automotive")
    merge(Branch.objects.get(slug="metall-und-draht"), into=target)
    run(tmp_path, [GOOD])
    assert list(Practice.objects.get().branches.all()) == [target]


def test_two_examples_with_the_same_title_get_their_own_addresses(tmp_path: Path) -> None:
    run(tmp_path, [GOOD, GOOD | {"source_url": "https://www.example.org/anderswo"}])
    assert sorted(Practice.objects.values_list("slug", flat=True)) == ["heat-cos-ofenbuch", "heat-cos-ofenbuch-2"]


def test_one_wrong_row_stops_the_whole_file_and_every_wrong_field_is_named(tmp_path: Path) -> None:
    wrong = GOOD | {"title": "", "year": 1800, "branch_wz": "04", "employees": -3, "source_url": "javascript:alert(1)"}
    lines = refused(tmp_path, [GOOD, wrong, GOOD | {"company": 5, "farbe": "rot"}])

    assert all(line.startswith(("Eintrag 2, Feld „", "Eintrag 3, Feld „")) for line in lines)
    fields = {(line.split()[1].rstrip(","), line.partition("„")[2].partition("“")[0]) for line in lines}
    assert fields == {
        *(("2", name) for name in ("title", "year", "branch_wz", "employees", "source_url")),
        *(("3", name) for name in ("company", "farbe")),
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"title": "x"}', "Erwartet wird eine Liste"),
        ("[1, 2]", "kein Eintrag mit Feldern"),
        ('[{"title": ', "kein JSON (Zeile 1)"),
        ("\ufeff[]", "kein JSON"),
        ("", "kein JSON"),
    ],
)
def test_a_file_of_another_shape_is_refused_in_one_line(tmp_path: Path, content: str, reason: str) -> None:
    lines = refused(tmp_path, content)
    assert reason in lines[0]


def test_a_missing_file_and_a_foreign_encoding_are_told(tmp_path: Path) -> None:
    errors = StringIO()
    with pytest.raises(CommandError):
        call_command("import_practices", str(tmp_path / "fehlt.json"), stderr=errors)
    assert "Nicht lesbar" in errors.getvalue()
    (tmp_path / "latin.json").write_bytes("[„ä“]".encode("cp1252"))
    with pytest.raises(CommandError):
        call_command("import_practices", str(tmp_path / "latin.json"), stderr=errors)
    assert "nicht in UTF-8" in errors.getvalue()


def test_the_same_row_twice_in_one_file_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path, [GOOD, GOOD]) == [
        "Eintrag 2, Feld „title“: Gleiche Quelle und gleicher Titel stehen schon weiter oben."
    ]


@pytest.mark.parametrize("field", ["title", "summary", "challenge", "place", "technologies"])
def test_a_nul_byte_is_a_named_error(tmp_path: Path, field: str) -> None:
    text = "vorher\x00nachher"
    [line] = refused(tmp_path, [GOOD | {field: [text] if field == "technologies" else text}])
    assert line.startswith(f"Eintrag 1, Feld „{field}“: ")
    assert line.endswith(" Text enthält ein unsichtbares Zeichen (NUL).")


def test_markup_in_a_file_is_text_not_markup(tmp_path: Path, client: Any) -> None:
    run(
        tmp_path,
        [GOOD | {"title": "<script>alert(1)</script>", "challenge": "<img src=x onerror=alert(1)>"}],
        "--publish",
    )
    page = client.get(Practice.objects.get().get_absolute_url(), secure=True).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
