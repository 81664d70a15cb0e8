"""A backup is complete, says when it is damaged, and comes back byte for byte into an empty portal."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection

from platform_mark import backup, erasures
from platform_mark.media.models import Image
from practices.models import Practice
from tests.dialogues.make import make_dialogue, make_registration
from tests.make import fill_site, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
ROOT = Path(__file__).resolve().parent.parent.parent
EMPTY = "portal_restored"


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The address of a database beside ours, without a single table."""
    name = f"{EMPTY}_{connection.settings_dict['NAME']}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
    yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def dump(url: str | None = None) -> str:
    """All data of a database as SQL, without what pg_dump makes up anew each time."""
    name = urlsplit(url).path.strip("/") if url else connection.settings_dict["NAME"]
    parameters = connection.get_connection_params() | {"dbname": name}
    environment = {v: str(parameters[k]) for k, v in backup.LIBPQ.items() if parameters.get(k)}
    text = subprocess.run(
        [backup._program("pg_dump"), "--data-only", "--no-owner"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)


def restored(folder: Path, url: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Restore as an operator does: another machine, another database, the same command."""
    environment = os.environ | {"DATABASE_URL": url, "DATA_DIR": str(data)}
    return subprocess.run(
        [sys.executable, "manage.py", "restore", str(folder)], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def fill() -> None:
    fill_site()
    make_user("redaktion@portal.test", password="ein ziemlich langes Wort", name="Öznur O'Neill & Söhne")


def test_a_restored_portal_equals_the_one_that_was_backed_up(media: Path, empty_database: str, tmp_path: Path) -> None:
    fill()
    assert Practice.objects.count() >= 5
    files = {path.relative_to(media): path.read_bytes() for path in media.rglob("*") if path.is_file()}
    assert len(files) >= Image.objects.count() >= 1
    folder = backup.make(tmp_path / "backups")

    done = restored(folder, empty_database, tmp_path / "other")
    assert done.returncode == 0, done.stderr
    assert dump(empty_database) == dump()
    other = tmp_path / "other" / "media"
    assert {path.relative_to(other): path.read_bytes() for path in other.rglob("*") if path.is_file()} == files


def test_a_restored_portal_serves_pages_and_lets_staff_in(media: Path, empty_database: str, tmp_path: Path) -> None:
    fill()
    folder = backup.make(tmp_path / "backups")
    assert restored(folder, empty_database, tmp_path / "other").returncode == 0
    code = """
import django; django.setup()
from django.conf import settings
from django.contrib.auth import authenticate
from django.test import Client
from practices.models import Practice
client = Client(SERVER_NAME="portal.test")
practice = Practice.objects.published().newest_first()[0]
print(client.get(practice.get_absolute_url(), secure=True).status_code, client.get("/", secure=True).status_code)
print(authenticate(email="redaktion@portal.test", password="ein ziemlich langes Wort").name)
"""
    environment = os.environ | {
        "DATABASE_URL": empty_database,
        "DATA_DIR": str(tmp_path / "other"),
        "STATIC_ROOT": str(django_settings.STATIC_ROOT),
        "DJANGO_SETTINGS_MODULE": "platform_mark.settings",
        "LOG_LEVEL": "ERROR",
    }
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["200 200", "Öznur O'Neill & Söhne"], done.stderr


def test_the_manifest_counts_what_was_there(media: Path, tmp_path: Path) -> None:
    fill()
    folder = backup.make(tmp_path)
    contents = backup.verify(folder)
    assert contents.rows["practices_practice"] == Practice.objects.count()
    assert contents.rows["accounts_user"] == 1
    assert contents.files == sum(path.is_file() for path in media.rglob("*"))


@pytest.mark.parametrize("name", [backup.DUMP, backup.UPLOADS])
def test_a_damaged_backup_is_not_restored(name: str, media: Path, tmp_path: Path) -> None:
    folder = backup.make(tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(CommandError, match=f"Beschädigt oder verändert: {name}"):
        call_command("restore", str(folder))


def test_a_backup_without_its_manifest_is_none(media: Path, tmp_path: Path) -> None:
    folder = backup.make(tmp_path)
    (folder / backup.MANIFEST).unlink()
    with pytest.raises(CommandError, match="keine vollständige Sicherung"):
        call_command("restore", str(folder))


def test_nothing_is_restored_over_data(media: Path, tmp_path: Path) -> None:
    fill()
    folder = backup.make(tmp_path / "backups")
    before = dump()
    with pytest.raises(CommandError, match="Die Datenbank ist nicht leer"):
        call_command("restore", str(folder))
    assert dump() == before


def test_nothing_is_restored_over_uploads(media: Path, empty_database: str, tmp_path: Path) -> None:
    folder = backup.make(tmp_path / "backups")
    (tmp_path / "other" / "media").mkdir(parents=True)
    (tmp_path / "other" / "media" / "bild.webp").write_bytes(b"")
    done = restored(folder, empty_database, tmp_path / "other")
    assert done.returncode == 1
    assert "ist nicht leer" in done.stderr


def test_a_failed_backup_leaves_nothing_behind(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    (old / "pg_dump").write_text("#!/bin/sh\n[ $1 = --version ] && echo 'pg_dump (PostgreSQL) 99.0' && exit\nexit 3\n")
    (old / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(old), prepend=os.pathsep)
    with pytest.raises(CommandError, match="Keine Sicherung: pg_dump"):
        call_command("backup", str(tmp_path / "backups"))
    assert list((tmp_path / "backups").iterdir()) == []


def test_only_old_backups_are_deleted_and_only_complete_ones_count(media: Path, tmp_path: Path) -> None:
    for day in ("01", "02", "03"):
        old = tmp_path / f"portal-202601{day}T023000Z"
        old.mkdir()
        (old / backup.MANIFEST).write_text(json.dumps({}))
    broken = tmp_path / "portal-20260104T023000Z"
    broken.mkdir()
    (tmp_path / "notes").mkdir()
    out = StringIO()
    call_command("backup", str(tmp_path), "--keep", "2", stdout=out)
    left = sorted(path.name for path in tmp_path.iterdir() if path.name not in ("media", "notes"))
    assert left[:2] == ["portal-20260103T023000Z", "portal-20260104T023000Z"]
    assert len(left) == 3
    assert (tmp_path / "notes").is_dir()
    assert out.getvalue().count("Gelöscht") == 2


def test_only_the_owner_reads_a_backup(media: Path, tmp_path: Path) -> None:
    folder = backup.make(tmp_path / "backups")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_who_was_erased_after_the_backup_does_not_come_back_with_it(
    settings: Any, media: Path, empty_database: str, tmp_path: Path
) -> None:
    dialogue = make_dialogue()
    make_registration(dialogue, email="kanarie@firma.example")
    make_registration(dialogue, email="bleibt@firma.example")
    # Left the staff after the backup, and was erased then.
    make_user("leitung@portal.test", is_staff=True)
    folder = backup.make(tmp_path / "backups")
    settings.DATA_DIR = tmp_path / "data"
    erasures.note("leitung@portal.test")
    erasures.note("kanarie@firma.example")

    done = restored(folder, empty_database, settings.DATA_DIR)
    assert done.returncode == 0, done.stderr
    assert "Seither Gelöschte wieder gelöscht: 1." in done.stdout
    assert "weil die Adresse in der Sicherung ein Konto der Verwaltung hat: 1." in done.stdout
    data = dump(empty_database)
    assert "kanarie@" not in data
    assert "bleibt@firma.example" in data
