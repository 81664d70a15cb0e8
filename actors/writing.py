"""What an entry says, by fields: named and shown to people, checked, and put in place."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from platform_mark.taxonomy.models import Term

from .models import Activity
from .snapshot import EMPTY, FIELDS, TERMS, plain


def to_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form has cleaned, or plain values, as a part of a snapshot; raises ValidationError by field.

    Checked is what can be said of each value alone: kind of value, length, known words. Whether the whole is complete is
    asked on handing over. An unknown name is a mistake of the caller, never a way in.
    """
    unknown = values.keys() - EMPTY.keys()
    if unknown:
        raise ValueError(f"No fields of an activity's content: {sorted(unknown)}")
    data, errors = {}, {}
    for name, value in values.items():
        try:
            data[name] = _checked_terms(name, value) if name in TERMS else _checked(name, value)
        except ValidationError as error:
            errors[name] = error.error_list
    if errors:
        raise ValidationError(errors)
    return data


def apply(activity: Activity, data: Mapping[str, Any], fields: Iterable[str] = FIELDS) -> None:
    """Put these fields of a snapshot into `activity` and save it; raises ValidationError by field where the whole is not valid.

    Merged terms are followed, and what no longer exists is left out. Finding it again is for the caller (`index.put`).
    """
    chosen = [name for name in fields if name in data]
    fill(activity, data, chosen)
    activity.full_clean()
    activity.save()
    for name in chosen:
        if name in TERMS:
            getattr(activity, name).set(_terms(name, data[name]))


def fill(activity: Activity, data: Mapping[str, Any], fields: Iterable[str] = FIELDS) -> None:
    """Put the columns of a snapshot into `activity` without saving; the lists of terms stay as they are."""
    for name in fields:
        if name in data and name not in TERMS:
            setattr(activity, name, activity._meta.get_field(name).to_python(data[name]))


def shown(name: str, value: Any) -> str:
    """One value in words for people, one line for each of several."""
    if value in (None, "", []):
        return ""
    if name in TERMS:
        model, key = TERMS[name]
        names = {getattr(row, key): str(row) for row in model._default_manager.filter(**{f"{key}__in": value})}
        return "\n".join(names.get(each, each) for each in value)
    field: Any = Activity._meta.get_field(name)
    choices = dict(getattr(field, "base_field", field).flatchoices)
    if isinstance(value, list):
        return "\n".join(str(choices.get(each, each)) for each in value)
    if isinstance(field, models.DateField):
        return f"{date.fromisoformat(value):%d.%m.%Y}"
    return str(choices.get(value, value))


def label(name: str) -> str:
    """What a field is called on every page."""
    field: Any = Activity._meta.get_field(name)
    return str(field.verbose_name)


def _checked_terms(name: str, value: Any) -> list[str]:
    model, key = TERMS[name]
    wanted = sorted({str(getattr(each, key)) if isinstance(each, models.Model) else str(each) for each in value})
    known = set(model._default_manager.filter(**{f"{key}__in": wanted}).values_list(key, flat=True))
    missing = [each for each in wanted if each not in known]
    if missing:
        raise ValidationError(f"Das steht nicht zur Wahl: {', '.join(missing)}.")
    return wanted


def _checked(name: str, value: Any) -> Any:
    if value in (None, "", [], ()):
        return EMPTY[name] if EMPTY[name] in (None, "", []) else ""
    field: Any = Activity._meta.get_field(name)
    python = field.to_python(value)
    if isinstance(python, str) and "\x00" in python:
        raise ValidationError("Diese Zeichen sind nicht erlaubt.")
    field.run_validators(python)
    choices = {each for each, _ in getattr(field, "base_field", field).flatchoices}
    if choices and not choices.issuperset(python if isinstance(python, list) else [python]):
        raise ValidationError("Diese Auswahl gibt es nicht.")
    if isinstance(python, list):
        # In the order of the words' own list, each once, so that the same choice is the same value.
        order = [each for each, _ in field.base_field.flatchoices]
        return sorted(set(python), key=order.index)
    return plain(python)


def _terms(name: str, keys: Iterable[str]) -> list[Any]:
    model, key = TERMS[name]
    rows = model._default_manager.filter(**{f"{key}__in": list(keys)})
    if issubclass(model, Term):
        return [term.merged_into or term for term in rows.select_related("merged_into")]
    return list(rows)
