"""Files of entries: all or nothing, wrong rows named, nothing made up."""

import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from actors import importing, review
from actors.importing import ImportRefused, Outcome, PlanChanged, Row
from actors.models import Activity, Actor, Revision
from actors.stages import Stage
from platform_mark.exports import write_xlsx
from platform_mark.sheets import FileRefused
from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_activity, make_actor, make_revision
from tests.make import make_user

pytestmark = pytest.mark.django_db

FACT: dict[str, Any] = {
    "title": "Technologiescouts",
    "kind": "Beratung und Zuschuss",
    "organiser": "Wirtschaftsförderung Lenneschiene",
    "partners": ["Fachhochschule am Fluss"],
    "start": "2010",
    "end": None,
    "place": "Altena",
    "branch_wz": ["25", "C"],
    "target_groups": ["managers"],
    "summary": "Scouts vermitteln zwischen Betrieben & Hochschulen.",
    "terms": "kostenfrei",
    "source_url": "https://quelle.example/scouts",
}


@pytest.fixture(autouse=True)
def reference() -> None:
    load_reference()


def run(facts: list[dict[str, Any]], **options: Any) -> importing.Plan:
    return importing.carry_out(importing.read(json.dumps(facts).encode()), by=None, **options)


def test_a_fact_becomes_an_unconfirmed_entry_of_an_actor_without_account() -> None:
    run([FACT])
    activity = Activity.objects.public().get()
    actor = activity.actor
    assert (actor.name, actor.kind, actor.state, actor.memberships.count()) == (
        "Wirtschaftsförderung Lenneschiene",
        "agency",
        "approved",
        0,
    )
    assert (activity.kind, activity.target_groups, activity.cost_note) == ("advice", ["managers"], "kostenfrei")
    assert [branch.slug for branch in activity.branches.all()] == ["metall-und-draht"]
    assert [place.name for place in activity.municipalities.all()] == ["Altena"]
    assert (activity.valid_from, activity.valid_until, activity.confirmed_at) == (None, None, None)
    assert activity.stage() == Stage.OVERDUE
    assert activity.description == "Partner laut Quelle: Fachhochschule am Fluss.\n\nBeginn laut Quelle: 2010."


def test_an_end_that_names_a_month_ends_with_it() -> None:
    run([{**FACT, "start": "2019-09-01", "end": "2022-08"}])
    activity = Activity.objects.former().get()
    assert (activity.valid_from, activity.valid_until) == (date(2019, 9, 1), date(2022, 8, 31))
    assert "Ende laut Quelle: August 2022." in activity.description


def test_the_same_file_twice_changes_nothing_and_staffs_words_stay() -> None:
    run([FACT])
    Activity.objects.update(summary="Von der Redaktion geschrieben.")
    plan = run([FACT])
    assert (plan.count(Outcome.NEW), plan.count(Outcome.UNCHANGED)) == (0, 1)
    assert Activity.objects.get().summary == "Von der Redaktion geschrieben."
    assert Actor.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 10_000}, "title"),
        ({"title": 7}, "title"),
        ({"organiser": None}, "organiser"),
        ({"source_url": "javascript:alert(1)"}, "source_url"),
        ({"target_groups": ["alle"]}, "target_groups"),
        ({"target_groups": "managers"}, "target_groups"),
        ({"branch_wz": ["00"]}, "branch_wz"),
        ({"start": "gestern"}, "start"),
        ({"end": "2022-13"}, "end"),
        ({"summary": "Null\x00byte"}, "summary"),
        ({"state": "published"}, "state"),
    ],
)
def test_one_wrong_row_is_named_and_nothing_is_stored(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        run([FACT, {**FACT, "title": "Zweiter", **wrong}])
    assert {fault.number for fault in refused.value.faults} == {2}
    assert f"Feld „{field}“" in str(refused.value.faults[0])
    assert not Activity.objects.exists()
    assert not Actor.objects.exists()


def test_a_row_that_is_no_entry_is_named() -> None:
    with pytest.raises(ImportRefused) as refused:
        importing.carry_out(importing.read_facts([FACT, "x"]), by=None)
    assert str(refused.value.faults[0]) == "Eintrag 2: Das ist kein Eintrag mit Feldern."


def test_the_command_says_what_it_did_and_a_dry_run_does_nothing(tmp_path: Path) -> None:
    file = tmp_path / "liste.json"
    file.write_text(json.dumps([FACT, {**FACT, "title": "Zweites Angebot"}]))
    told = io.StringIO()
    call_command("import_activities", file, "--dry-run", stdout=told)
    assert not Activity.objects.exists()
    call_command("import_activities", file, stdout=told)
    assert told.getvalue().splitlines() == [
        "Wäre eingelesen: 2 neu, 0 geändert, 0 unverändert, 1 neuer Akteur.",
        "Eingelesen: 2 neu, 0 geändert, 0 unverändert, 1 neuer Akteur.",
    ]
    file.write_text("kein JSON")
    with pytest.raises(CommandError):
        call_command("import_activities", file)
    with pytest.raises(CommandError, match="nicht lesbar"):
        call_command("import_activities", tmp_path / "fehlt.json")


# ---------------------------------------------------------------- tables


def sheet(*rows: list[Any]) -> bytes:
    file = io.BytesIO()
    write_xlsx(file, importing.SHEET, rows, widths=[20] * len(rows[0]))
    return file.getvalue()


HEAD = ["Akteur", "Titel", "In einem Satz", "Art", "Für wen", "Branchen", "Bis", "Eigenes Kennzeichen"]
LINE = [
    *("Kammer", "Sprechtag", "Eine Stunde, umsonst.", "Beratung"),
    *("Führungskräfte | Beschäftigte", "Handel", "31.12.2099", "A-1"),
]


def test_a_table_makes_entries_and_by_their_own_key_changes_them() -> None:
    actor = make_actor("Kammer")
    importing.carry_out(importing.read(sheet(HEAD, LINE)), by=None)
    activity = Activity.objects.get()
    assert (activity.actor, activity.target_groups, activity.valid_until) == (
        actor,
        ["employees", "managers"],
        date(2099, 12, 31),
    )
    assert activity.confirmed_at is None

    changed = [*LINE[:1], "Sprechtag am Abend", *LINE[2:]]
    plan = importing.carry_out(importing.read(sheet(HEAD, changed)), by=None)
    activity.refresh_from_db()
    assert ([entry.changed_labels for entry in plan.entries], activity.title) == (["Titel"], "Sprechtag am Abend")
    assert Revision.objects.get().by_staff


def test_a_column_that_is_missing_leaves_its_field_alone() -> None:
    actor = make_actor("Kammer")
    activity = make_activity("Sprechtag", actor=actor, cost="free", area="Südwestfalen")
    importing.carry_out(
        importing.read(sheet(["Akteur", "Titel", "Anderes Gebiet"], ["Kammer", "Sprechtag", ""])), by=None
    )
    activity.refresh_from_db()
    assert (activity.cost, activity.area) == ("free", "")


def test_wrong_cells_are_named_by_their_address() -> None:
    wrong = [*LINE[:3], "Geschenk", "Alle", *LINE[5:]]
    with pytest.raises(ImportRefused) as refused:
        importing.carry_out(importing.read(sheet(HEAD, LINE, wrong)), by=None)
    assert [fault.where for fault in refused.value.faults] == ["Zelle D3", "Zelle E3"]
    assert not Activity.objects.exists()


def import_while(change: Callable[[], Any], rows: list[Row], **options: Any) -> list[Exception]:
    """Import in the very moment in which somebody else is changing something; return what the import raised."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            importing.carry_out(rows, by=None, **options)
        except Exception as error:  # judged by the caller
            raised.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    with transaction.atomic():
        change()
        thread.start()
        with connection.cursor() as cursor:
            for _ in range(1_000):
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone() != (0,):
                    break
                sleep(0.01)
            else:
                pytest.fail("The import did not wait for the other change.")
    thread.join(timeout=20)
    return raised


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_offline_while_a_file_is_read_stays_offline() -> None:
    activity = make_activity("Sprechtag", actor=make_actor("Kammer"))
    rows = importing.read(sheet(["Akteur", "Titel", "Anderes Gebiet"], ["Kammer", "Sprechtag", "Südwestfalen"]))
    assert import_while(lambda: review.take_offline(activity, by=None), rows) == []
    activity.refresh_from_db()
    assert (activity.state, activity.area) == ("draft", "Südwestfalen")


@pytest.mark.django_db(transaction=True)
def test_what_is_changed_while_a_file_is_read_is_looked_at_again() -> None:
    activity = make_activity("Sprechtag", actor=make_actor("Kammer"))
    rows = importing.read(sheet(["Akteur", "Titel", "Kosten genauer"], ["Kammer", "Sprechtag", "10 Euro"]))
    seen = importing.make_plan(rows).fingerprint
    change = make_revision(activity, data={"title": "Sprechtag IT"})
    [refused] = import_while(lambda: review.approve(change, by=make_user()), rows, fingerprint=seen)
    assert isinstance(refused, PlanChanged)
    assert list(Activity.objects.values_list("title", "cost_note")) == [("Sprechtag IT", "")]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["Titel"], ["x"]], "fehlt die Spalte „Akteur“"),
        ([[*HEAD, "Veröffentlicht"], [*LINE, "ja"]], "gibt es nicht: Veröffentlicht"),
        ([[*HEAD, "Titel"], [*LINE, "zwei"]], "doppelt"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_as_a_whole(rows: list[Any], message: str) -> None:
    with pytest.raises(FileRefused, match=message):
        importing.read(sheet(*rows))


def test_the_template_reads_as_an_empty_list() -> None:
    file = io.BytesIO()
    importing.write_template(file)
    assert importing.read(file.getvalue()) == []
