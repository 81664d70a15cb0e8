"""`manage.py starter_content load` in a portal that has none of it: on what is there, on any day, and where it refuses."""

from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from dialogues.models import Dialogue
from platform_mark.starter import content
from platform_mark.taxonomy.reference import load_reference
from practices.models import Practice

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


def test_what_was_there_before_is_neither_doubled_nor_removed() -> None:
    call_command("import_practices", str(content.FOLDER / "practices_external.json"), stdout=StringIO())
    assert "nichts geladen" in starter_content("load", "--if-empty")
    starter_content("load")
    assert Practice.objects.filter(kind="external").count() == 27
    starter_content("remove")
    assert Practice.objects.filter(kind="external").count() == 27


@pytest.mark.parametrize("now", ["2026-11-20T09:00:00+00:00", "2027-03-01T09:00:00+00:00"])
def test_dialogues_are_on_workdays_not_between_the_years_and_whole(now: str) -> None:
    with time_machine.travel(now, tick=False):
        # As a first start does.
        assert "geladen: " in starter_content("load", "--if-empty")
        dialogues = list(Dialogue.objects.all())
        for dialogue in dialogues:
            day = timezone.localtime(dialogue.starts_at)
            assert day.weekday() <= 4
            assert (day.month, day.day) < (12, 23)
            dialogue.full_clean()
    assert len(dialogues) >= 8


def test_production_refuses(settings: LazySettings) -> None:
    settings.QUICK_START = False
    with pytest.raises(CommandError, match="nur im Schnellstart"):
        starter_content("load")
    assert not Practice.objects.exists()
