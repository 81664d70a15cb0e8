"""docs/datenschutz.md and the models say the same about personal data: no field without purpose, ground and period."""

import re
from pathlib import Path

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models

DOCUMENT = (Path(__file__).resolve().parent.parent / "docs" / "datenschutz.md").read_text()
# Words in the name of a field that speak of a person, whatever the model is.
PERSONAL = re.compile(
    r"mail|phone|tel(?!l)|mobile|fax|first_?name|last_?name|surname|full_?name|contact|birth|gender|salutation|address"
    r"|street|iban|ip$|^ip_|user|author|editor|owner|person(?!_days)|attendee|signature|login|password|token_of"
)


def rows() -> list[list[str]]:
    """The cells of each line of the first table, without its head."""
    table = DOCUMENT.split("## Felder mit Personenbezug")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    return cells[2:]


def documented() -> set[str]:
    """Every field the first table names."""
    return {name.strip("` ") for row in rows() for name in row[0].split(",")}


def impersonal_models() -> set[str]:
    """Models that the last list names."""
    return set(re.findall(r"`(\w+\.\w+)`", DOCUMENT.split("## Modelle ohne Personenbezug")[1]))


def all_models() -> dict[str, type[models.Model]]:
    return {model._meta.label_lower: model for model in apps.get_models() if not model._meta.proxy}


def own_fields(model: type[models.Model]) -> list[models.Field]:
    """What the model's table stores, without the key."""
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [field for field in fields if not getattr(field, "primary_key", False) or field.name == "session_key"]


def is_personal(field: models.Field) -> bool:
    """Whether a field speaks of a person by its type, its target or its name."""
    to_user = field.is_relation and field.related_model is get_user_model()
    return (
        to_user
        or isinstance(field, models.EmailField | models.GenericIPAddressField)
        or bool(PERSONAL.search(field.name))
    )


def test_every_model_is_classified() -> None:
    with_rows = {".".join(name.split(".")[:2]) for name in documented()}
    assert set(all_models()) - with_rows - impersonal_models() == set()
    assert len(all_models()) >= 20


def test_the_document_names_nothing_that_is_gone() -> None:
    there = {f"{label}.{field.name}" for label, model in all_models().items() for field in own_fields(model)}
    assert {name for name in documented() if not name.endswith(".*")} - there == set()
    assert impersonal_models() - set(all_models()) == set()


def test_every_field_of_a_model_about_people_has_its_row() -> None:
    met = 0
    missing = []
    for label, model in all_models().items():
        if label in impersonal_models():
            continue
        for field in own_fields(model):
            met += 1
            is_rest = f"{label}.*" in documented() and not is_personal(field)
            if f"{label}.{field.name}" not in documented() and not is_rest:
                missing.append(f"{label}.{field.name}")
    assert missing == []
    assert met >= 30


def test_a_field_that_looks_personal_has_its_row_in_every_model() -> None:
    looks_personal = {
        f"{label}.{field.name}"
        for label, model in all_models().items()
        for field in own_fields(model)
        if is_personal(field)
    }
    assert looks_personal - documented() == set()
    assert {"accounts.user.email", "admin.logentry.user", "mfa.authenticator.user"} <= looks_personal


def test_every_row_says_why_on_what_ground_and_how_long() -> None:
    assert len(rows()) >= 10
    for row in rows():
        assert len(row) == 4, row
        assert all(len(cell) >= 5 for cell in row), row
