"""`manage.py import_dialogues`: all or nothing, each wrong row named, and no date that nobody has said."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from dialogues.models import Dialogue, Report
from platform_mark.publishing.models import State
from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_actor

pytestmark = pytest.mark.django_db

ROW: dict[str, Any] = {
    "title": "Fachimpuls „Digitale Kompetenzen“",
    "kind": "Fachdialog",
    "organiser": ["Kammer am Fluss", "Hochschule nebenan"],
    "date": "2018-06-25",
    "date_note": "17:00 bis 19:00 Uhr",
    "venue": "Werkhalle",
    "place": "Altena",
    "branch_wz": ["25", "C"],
    "target_groups": ["managers"],
    "participants": 100,
    "summary": "Gespräche über Stand und Bedarf.",
    "source_url": "https://www.quelle.example/bericht?seite=1&teil=2",
}
Import = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    load_reference()

    def run(*rows: Any, is_refused: bool = False, **options: Any) -> str:
        file, out = tmp_path / "rows.json", StringIO()
        file.write_text(json.dumps(list(rows)), encoding="utf-8")
        if is_refused:
            with pytest.raises(CommandError, match="Nichts wurde eingelesen"):
                call_command("import_dialogues", str(file), stdout=out, stderr=out, **options)
        else:
            call_command("import_dialogues", str(file), stdout=out, stderr=out, **options)
        return out.getvalue()

    return run


def refused(run: Import, *rows: Any) -> str:
    """What is said about rows that are refused; nothing may have been stored."""
    said = run(*rows, is_refused=True)
    assert not Dialogue.objects.exists()
    return said


def test_a_report_becomes_a_draft_with_all_it_says(run: Import) -> None:
    actor = make_actor("Kammer am Fluss")
    assert run(ROW) == "Eingelesen: 1 als Entwurf, 0 waren schon da und bleiben, wie sie sind.\n"
    dialogue = Dialogue.objects.get()
    assert (dialogue.state, dialogue.published_at, dialogue.slug) == (
        State.DRAFT,
        None,
        "fachimpuls-digitale-kompetenzen",
    )
    assert timezone.localtime(dialogue.starts_at).isoformat() == "2018-06-25T17:00:00+02:00"
    assert timezone.localtime(dialogue.ends_at).isoformat() == "2018-06-25T19:00:00+02:00"
    assert (dialogue.date_note, dialogue.town, dialogue.place) == ("", "Altena", "")
    assert [branch.name for branch in dialogue.branches.all()] == ["Metall und Draht"]
    assert [(host.shown_name, host.actor) for host in dialogue.hosts.all()] == [
        ("Kammer am Fluss", actor),
        ("Hochschule nebenan", None),
    ]
    assert Report.objects.get().participants == 100
    assert Report.objects.get().published_at is None


@pytest.mark.parametrize(
    ("date", "note", "expected"),
    [
        ("2017-05", "Donnerstag im Mai 2017, Tag nicht genannt", "05.2017; Donnerstag im Mai 2017, Tag nicht genannt"),
        ("2019", "Sommer 2019", "2019; Sommer 2019"),
        ("2025-01-23", None, "23.01.2025, Uhrzeit nicht genannt"),
        (None, "11. Oktober, Jahr nicht genannt", "11. Oktober, Jahr nicht genannt"),
        (None, "17:00 bis 19:00 Uhr", "17:00 bis 19:00 Uhr"),
        (None, None, ""),
    ],
)
def test_a_date_that_is_not_whole_stays_in_words(run: Import, date: str, note: str, expected: str) -> None:
    run({**ROW, "date": date, "date_note": note})
    dialogue = Dialogue.objects.get()
    assert (dialogue.starts_at, dialogue.ends_at, dialogue.date_note) == (None, None, expected)


def test_a_second_run_changes_nothing_even_where_staff_have(run: Import) -> None:
    run(ROW)
    Dialogue.objects.update(teaser="Von der Redaktion.")
    assert "0 als Entwurf, 1 waren schon da" in run({**ROW, "summary": "Ganz anders."})
    assert Dialogue.objects.get().teaser == "Von der Redaktion."
    assert Dialogue.objects.get().hosts.count() == 2


def test_a_dry_run_checks_and_stores_nothing(run: Import) -> None:
    assert run(ROW, dry_run=True).startswith("Wäre eingelesen: 1 als Entwurf")
    assert not Dialogue.objects.exists()


def test_one_wrong_row_keeps_all_out_and_every_fault_is_named(run: Import) -> None:
    said = refused(
        run,
        ROW,
        {**ROW, "title": "", "date": "im Mai"},
        {**ROW, "title": "B", "date": "2025-02-30", "branch_wz": ["04"], "target_groups": ["alle"]},
        {**ROW, "title": "C", "source_url": "", "participants": "viele"},
        {**ROW, "title": "D", "date_note": "25:00 bis 26:00 Uhr", "farbe": "rot"},
        {**ROW, "title": "E", "date_note": "19:00 bis 17:00 Uhr", "summary": "x" * 301},
        {**ROW, "title": "F\x00", "organiser": "Kammer"},
        ROW,
    )
    for words in (
        "Eintrag 2, Feld „title“",
        "Eintrag 2, Feld „date“: Erwartet wird JJJJ-MM-TT, JJJJ-MM oder JJJJ.",
        "Eintrag 3, Feld „date“: Diesen Tag gibt es nicht: 2025-02-30.",
        "Eintrag 3, Feld „branch_wz“: Die Abteilung „04“",
        "Eintrag 3, Feld „target_groups“",
        "Eintrag 4, Feld „participants“: Hier wird eine ganze Zahl erwartet.",
        "Eintrag 5, Feld „farbe“: Dieses Feld gibt es nicht.",
        "Eintrag 6, Feld „summary“",
        "Eintrag 6, Feld „Eintrag“: Das Ende muss nach dem Beginn liegen.",
        "Eintrag 7, Feld „title“: Der Text enthält ein unsichtbares Zeichen",
        "Eintrag 7, Feld „organiser“: Hier wird eine Liste von Texten erwartet.",
        "Eintrag 8, Feld „title“: Gleiche Quelle",
    ):
        assert words in said, words
    assert "Eintrag 1," not in said


def test_hours_that_no_clock_shows_and_a_missing_source_are_named(run: Import) -> None:
    said = refused(run, {**ROW, "date_note": "25:00 bis 26:00 Uhr"}, {**ROW, "title": "Ohne", "source_url": None})
    assert "Eintrag 1, Feld „date_note“: Diese Uhrzeit gibt es nicht" in said
    assert "Eintrag 2, Feld „source_url“: Ohne Quelle" in said


def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    file, out = tmp_path / "x.json", StringIO()
    for content, words in ((b"{", "Das ist kein JSON"), (b'{"a": 1}', "Erwartet wird eine Liste"), (b"\xff", "UTF-8")):
        file.write_bytes(content)
        with pytest.raises(CommandError):
            call_command("import_dialogues", str(file), stderr=out)
        assert words in out.getvalue()
    with pytest.raises(CommandError):
        call_command("import_dialogues", str(tmp_path / "fehlt.json"), stderr=out)
    assert "Nicht lesbar" in out.getvalue()
