"""A backup is a folder: the database as pg_dump's archive, the uploads as one zip, and a manifest that proves both.

The secrets of the environment are not in it. Whoever lost this program still restores with pg_restore and unzip.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from platform_mark.embedded import EmbeddedServerError, programs

DUMP, UPLOADS, MANIFEST = "database.dump", "media.zip", "manifest.json"
PREFIX = "portal-"
LIBPQ = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


class BackupError(Exception):
    """The backup or the restore cannot go on; the message says in German why."""


@dataclass(frozen=True)
class Contents:
    """What a backup holds: rows by table, and the number of uploaded files."""

    rows: Mapping[str, int]
    files: int
    made_at: datetime


def make(parent: Path) -> Path:
    """Write a backup into a new folder below `parent` and return it; a folder with its final name is complete."""
    # Taken before the dump: whoever is erased while it is written is erased again after a restore.
    begun_at = datetime.now(UTC)
    folder = parent / f"{PREFIX}{begun_at:%Y%m%dT%H%M%SZ}"
    draft = parent / f".{folder.name}.partial"
    if folder.exists():
        raise BackupError(f"{folder} gibt es schon.")
    draft.mkdir(parents=True, mode=0o700)
    try:
        # Rows first: whatever upload a row names was there before the row.
        rows = _dump_database(draft / DUMP)
        files = _zip_uploads(draft / UPLOADS)
        manifest = {
            "made_at": begun_at.isoformat(timespec="seconds"),
            "server": _server_major(),
            "rows": rows,
            "files": files,
            "sha256": {name: _sha256(draft / name) for name in (DUMP, UPLOADS)},
        }
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def prune(parent: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` complete backups; return what was deleted."""
    complete = sorted(path.parent for path in parent.glob(f"{PREFIX}*/{MANIFEST}"))
    old = complete[:-keep]
    for folder in old:
        shutil.rmtree(folder)
    return old


def restore(folder: Path) -> Contents:
    """Fill the empty database and the empty media folder of the settings from a backup, and compare."""
    contents = verify(folder)
    if tables := _row_counts():
        raise BackupError(
            f"Die Datenbank ist nicht leer ({len(tables)} Tabellen). Wiederhergestellt wird nur in eine leere."
        )
    if settings.MEDIA_ROOT.exists() and any(settings.MEDIA_ROOT.iterdir()):
        raise BackupError(f"Der Ordner {settings.MEDIA_ROOT} ist nicht leer.")
    database = str(connection.get_connection_params()["dbname"])
    _run("pg_restore", "--exit-on-error", "--single-transaction", *_NOBODYS, f"--dbname={database}", folder / DUMP)
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / UPLOADS) as archive:
        archive.extractall(settings.MEDIA_ROOT)
    if _row_counts() != contents.rows or len(list(_uploads())) != contents.files:
        raise BackupError("Die wiederhergestellten Daten gleichen der Sicherung nicht.")
    return contents


def verify(folder: Path) -> Contents:
    """Return what a backup holds; raises BackupError unless it is complete and unchanged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        changed = [name for name, digest in manifest["sha256"].items() if _sha256(folder / name) != digest]
    except (OSError, ValueError, KeyError) as error:
        raise BackupError(f"{folder} ist keine vollständige Sicherung.") from error
    if changed:
        raise BackupError(f"Beschädigt oder verändert: {', '.join(changed)} in {folder}.")
    return Contents(rows=manifest["rows"], files=manifest["files"], made_at=datetime.fromisoformat(manifest["made_at"]))


# Restored objects belong to whoever restores.
_NOBODYS = ("--no-owner", "--no-privileges")


def _dump_database(target: Path) -> dict[str, int]:
    """Dump and count in one snapshot, so that a restore can be compared row by row."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        rows = _row_counts()
        _run("pg_dump", "--format=custom", *_NOBODYS, f"--snapshot={snapshot}", f"--file={target}")
    return rows


def _row_counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        counts = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 (the database's own names)
            counts[table] = cursor.fetchone()[0]
    return counts


def _zip_uploads(target: Path) -> int:
    count = 0
    # Pictures are compressed already.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in _uploads():
            # Deleted meanwhile: then its row is gone from the pages, too.
            with suppress(FileNotFoundError):
                archive.write(path, path.relative_to(settings.MEDIA_ROOT))
                count += 1
    return count


def _uploads() -> Iterator[Path]:
    return (path for path in sorted(settings.MEDIA_ROOT.rglob("*")) if path.is_file() and not path.is_symlink())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def _run(name: str, *arguments: str | Path) -> None:
    """Run a program of PostgreSQL on our database; the password travels by environment, which others cannot read."""
    parameters = connection.get_connection_params()
    known = {variable: str(parameters[key]) for key, variable in LIBPQ.items() if parameters.get(key)}
    done = subprocess.run(  # noqa: S603
        [_program(name), *arguments], env={**os.environ, **known}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{name}: {done.stderr.strip() or 'ohne Meldung abgebrochen'}")


def _program(name: str) -> str:
    """The first program of that name that is not older than the server, which would refuse it."""
    candidates = [shutil.which(name)]
    with suppress(EmbeddedServerError):
        candidates.append(str(programs() / "bin" / name))
    server = _server_major()
    for candidate in filter(None, candidates):
        said = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        version = re.search(r"\) (\d+)", said)
        if version and int(version[1]) >= server:
            return candidate
    raise BackupError(f"Es fehlt {name} von PostgreSQL {server} oder neuer. Auf Debian: postgresql-client.")
