"""`manage.py starter_content`: loads once, takes away all and only what it loaded, and only in the quick start."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from dialogues.attendance import attendance
from dialogues.desk.statistics import HIDDEN, UNKNOWN, statistics
from dialogues.models import Agreement, Dialogue, Host, Outcome, Registration, Series
from dialogues.seats import Word, seat_states
from platform_mark.mail.models import OutgoingMail
from platform_mark.media.models import Document, Image
from platform_mark.search import index
from platform_mark.starter import content
from platform_mark.taxonomy.models import CompanySize
from platform_mark.taxonomy.reference import load_reference
from practices.models import Practice, PracticePicture
from tests.dialogues.make import make_dialogue, make_registration
from tests.make import make_practice

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def quick_start(settings: LazySettings, tmp_path: Path) -> None:
    settings.QUICK_START = True
    settings.MEDIA_ROOT = tmp_path / "media"
    load_reference()


def starter_content(*arguments: str) -> str:
    out = StringIO()
    call_command("starter_content", *arguments, stdout=out)
    return out.getvalue()


def test_it_shows_every_size_many_branches_and_every_field() -> None:
    starter_content("load")
    own = Practice.objects.published().filter(kind="own")

    assert own.count() >= 10
    assert all(own.values_list("is_fictitious", flat=True))
    assert set(own.values_list("size", flat=True)) == set(CompanySize.values)
    assert own.exclude(branches=None).values("branches").distinct().count() >= 6
    for part in ("effects", "steps", "prerequisites", "pictures"):
        assert own.exclude(**{part: None}).exists()
    for name in ("failures", "lessons", "advice", "goal", "worries", "quote_text", "funding_programme"):
        assert own.exclude(**{name: ""}).exists(), name
    assert Practice.objects.published().filter(kind="external").count() == 27


def test_invented_firms_stand_before_reports_in_the_list_and_no_date_lies_ahead() -> None:
    starter_content("load")
    newest = list(Practice.objects.published().newest_first())
    assert [practice.kind for practice in newest] == sorted((p.kind for p in newest), reverse=True)
    assert all(practice.as_of and practice.as_of <= timezone.localdate() for practice in newest)


def test_loading_twice_is_loading_once() -> None:
    first = starter_content("load")
    count = Practice.objects.count()
    assert first == f"Startinhalte geladen: {count} Beispiele.\n"
    assert starter_content("load") == "Startinhalte geladen: 0 Beispiele.\n"
    assert Practice.objects.count() == count


def test_removing_takes_all_and_only_what_was_loaded(settings: LazySettings) -> None:
    mine = make_practice("Eigenes der Redaktion")
    starter_content("load")
    Practice.objects.filter(is_fictitious=True).update(title="Von der Redaktion geändert")

    starter_content("remove")

    assert list(Practice.objects.all()) == [mine]
    assert not Image.objects.exists()


def test_a_starter_picture_that_staff_use_elsewhere_stays() -> None:
    starter_content("load")
    picture = PracticePicture.objects.first()
    assert picture is not None
    mine = make_practice("Eigenes der Redaktion")
    PracticePicture.objects.create(practice=mine, image=picture.image)

    starter_content("remove")

    assert list(Image.objects.all()) == [picture.image]


def test_what_was_there_before_is_neither_doubled_nor_removed() -> None:
    call_command("import_practices", str(content.FOLDER / "practices_external.json"), stdout=StringIO())
    starter_content("load")
    assert Practice.objects.filter(kind="external").count() == 27
    starter_content("remove")
    assert Practice.objects.filter(kind="external").count() == 27


def test_a_start_loads_only_into_an_empty_portal_and_not_again_after_removal() -> None:
    assert "geladen: " in starter_content("load", "--if-empty")
    starter_content("remove")
    assert "nichts geladen" in starter_content("load", "--if-empty")
    assert not Practice.objects.exists()


def test_an_explicit_load_after_removal_brings_everything_back() -> None:
    starter_content("load")
    count = Practice.objects.count()
    starter_content("remove")
    starter_content("load")
    assert Practice.objects.count() == count


def test_production_refuses(settings: LazySettings) -> None:
    settings.QUICK_START = False
    with pytest.raises(CommandError, match="nur im Schnellstart"):
        starter_content("load")
    assert not Practice.objects.exists()


# ---------------------------------------------------------------- dialogues


def test_there_is_a_dialogue_in_every_state() -> None:
    starter_content("load")
    dialogues = list(Dialogue.objects.published())
    words = {state.word for state in seat_states(dialogues).values()}
    assert len(dialogues) >= 8
    assert {Word.FREE, Word.FEW, Word.WAITING, Word.NOT_YET, Word.CLOSED, Word.CANCELLED, Word.OVER} <= words
    assert {dialogue.form for dialogue in dialogues} == set(Dialogue.Form.values)
    assert Registration.objects.filter(state=Registration.State.OFFERED, offered_until__gt=timezone.now()).count() == 1
    assert Dialogue.objects.published().documented().count() == 2
    assert Outcome.objects.values("kind").distinct().count() == len(Outcome.Kind)
    assert set(Agreement.objects.values_list("state", flat=True)) == set(Agreement.State.values)
    assert all(dialogue.is_fictitious for dialogue in dialogues)
    assert all(bool(dialogue.online_link) == dialogue.is_online for dialogue in dialogues)
    assert all(Host.objects.values_list("is_fictitious", flat=True))


def test_who_signed_up_is_invented_and_no_mail_goes_out() -> None:
    starter_content("load")
    addresses = list(Registration.objects.values_list("email", flat=True))
    assert len(addresses) >= 60
    assert all(address.endswith(".example") for address in addresses)
    assert not OutgoingMail.objects.filter(kind__startswith="dialog").exists()


def test_the_reports_tell_the_numbers_that_the_statistics_count() -> None:
    starter_content("load")
    for dialogue in Dialogue.objects.documented():
        came = attendance(dialogue)
        assert (dialogue.report.participants, dialogue.report.companies) == (came.people, came.companies)
    found = statistics(timezone.localdate() - timedelta(days=90), timezone.localdate() + timedelta(days=90))
    for table in found.tables[1:3]:
        assert sum(row.cells[0] not in {0, HIDDEN} for row in table.rows if row.name != UNKNOWN) >= 3, table.title


def test_dialogues_are_on_workdays_not_between_the_years_and_whole() -> None:
    for now in ("2026-11-20T09:00:00+00:00", "2027-03-01T09:00:00+00:00"):
        with time_machine.travel(now, tick=False):
            starter_content("load")
            for dialogue in Dialogue.objects.all():
                day = timezone.localtime(dialogue.starts_at)
                assert day.weekday() <= 4
                assert (day.month, day.day) < (12, 23)
                dialogue.full_clean()
            starter_content("remove")


def test_loading_twice_makes_no_dialogue_twice_and_removing_leaves_nothing_of_them() -> None:
    mine = make_dialogue("Eigener der Redaktion")
    booking = make_registration(mine)
    starter_content("load")
    count = Dialogue.objects.count()
    starter_content("load")
    assert Dialogue.objects.count() == count
    assert Series.objects.get().dialogues.count() == 3
    make_registration(Dialogue.objects.get(title="Rüsten ohne Suchen"))

    starter_content("remove")

    assert list(Dialogue.objects.all()) == [mine]
    assert list(Registration.objects.all()) == [booking]
    assert not Series.objects.exists()
    assert not Document.objects.exists()
    assert not Image.objects.exists()
    starter_content("load")
    assert Dialogue.objects.count() == count


def test_the_index_knows_the_dialogues_as_they_are() -> None:
    starter_content("load")
    assert index.differences() == 0
