"""Databases for real server processes: migrated like the one of the tests, and gone afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction


@dataclass
class OwnDatabase:
    name: str
    #: Its address for the environment of a process.
    url: str
    #: A connection to another database of the same server, for orders from outside.
    outside: psycopg.Connection

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let the models of this process read and write it."""
        usual = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = self.name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual


@contextmanager
def own_database(suffix: str) -> Iterator[OwnDatabase]:
    """A copy of the empty test database; nobody may be connected to that one while it is copied."""
    parameters = connection.get_connection_params()
    connection.close()
    source = parameters["dbname"]
    assert source.startswith("test_"), "a test that wants this must be marked with django_db"
    name = f"{source}_{suffix}"
    access = {key: parameters[key] for key in ("host", "port", "user", "password") if parameters.get(key)}
    with psycopg.connect(dbname="postgres", autocommit=True, **access) as outside:
        outside.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        outside.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        try:
            url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
            yield OwnDatabase(name, url, outside)
        finally:
            outside.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def as_one_test() -> Iterator[None]:
    """A transaction that is always rolled back, in which journeys that commit by themselves may run, as in a test.

    One within another undoes its own part only.
    """
    atomic = transaction.atomic()
    # What Django's own test cases set, so that durable blocks may be nested.
    atomic._from_testcase = True  # type: ignore[attr-defined]
    with atomic:
        try:
            yield
        finally:
            transaction.set_rollback(True)


def put_the_databases_clock_a_day_ahead() -> None:
    """Until the transaction of this test ends; a clock of our own is found before that of PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA tomorrow")
        cursor.execute(
            "CREATE FUNCTION tomorrow.statement_timestamp() RETURNS timestamptz LANGUAGE sql"
            " AS $$ SELECT pg_catalog.statement_timestamp() + interval '1 day' $$"
        )
        cursor.execute("SET LOCAL search_path = tomorrow, pg_catalog, public")


def empty_tables() -> None:
    """Empty what a test has committed.

    Django's own way, TRUNCATE of every table and all that a migration does in the end, takes 0.3 seconds; a test leaves
    a few rows in a few tables.
    """
    kept = {"django_migrations", ContentType._meta.db_table, Permission._meta.db_table}
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - kept
    # Foreign keys wait for the end of the transaction, so that the order does not matter.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(f"DELETE FROM {connection.ops.quote_name(table)}" for table in sorted(tables)))
