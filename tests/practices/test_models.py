from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from platform_mark.publishing.models import TRANSITIONS, State, TransitionRefused
from platform_mark.taxonomy.models import CompanySize, TargetGroup
from practices.models import Practice
from tests.make import make_external, make_municipality, make_practice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def draft(**fields) -> Practice:
    """A valid example that is not stored."""
    values = {"title": "Einrichtekarte", "slug": "einrichtekarte", "teaser": "Ein Satz.", "company": "Federnwerk"}
    return Practice(**values | fields)


# ---------------------------------------------------------------- what the database refuses

RULES = {
    "external_practice_names_its_source": (
        {"kind": "external", "source_url": ""},
        {"kind": "external", "source_url": "https://quelle.example/a"},
        "Ein extern veröffentlichtes Beispiel braucht die Adresse seiner Quelle.",
    ),
    "practice_size_by_count_or_band": (
        {"employees": 12, "size_band": "small"},
        {"employees": None, "size_band": "small"},
        "Geben Sie die Zahl der Beschäftigten an oder die Größe, nicht beides.",
    ),
    "practice_investment_is_a_range": (
        {"investment_from": 5000, "investment_to": 4999},
        {"investment_from": 5000, "investment_to": 5000},
        "„Kosten bis“ muss mindestens so hoch sein wie „Kosten ab“. Füllen Sie beide Felder.",
    ),
    "practice_investment_is_a_range, no upper end": (
        {"investment_from": 5000, "investment_to": None},
        {"investment_from": None, "investment_to": None},
        "„Kosten bis“ muss mindestens so hoch sein wie „Kosten ab“. Füllen Sie beide Felder.",
    ),
    "practice_investment_is_a_range, no lower end": (
        {"investment_from": None, "investment_to": 5000},
        {"investment_from": 0, "investment_to": 5000},
        "„Kosten bis“ muss mindestens so hoch sein wie „Kosten ab“. Füllen Sie beide Felder.",
    ),
    "practice_running_cost_is_a_range": (
        {"running_cost_from": 2, "running_cost_to": 1},
        {"running_cost_from": 1, "running_cost_to": 2},
        "„Laufend bis“ muss mindestens so hoch sein wie „Laufend ab“. Füllen Sie beide Felder.",
    ),
    "practice_running_cost_is_a_range, no lower end": (
        {"running_cost_from": None, "running_cost_to": 1},
        {"running_cost_from": 0, "running_cost_to": 0},
        "„Laufend bis“ muss mindestens so hoch sein wie „Laufend ab“. Füllen Sie beide Felder.",
    ),
    "practice_target_groups_are_known": (
        {"target_groups": ["trainees", "robots"]},
        {"target_groups": list(TargetGroup.values)},
        "Element 2 im Array konnte nicht validiert werden: Wert 'robots' ist keine gültige Option.",
    ),
    "practice_state_is_known": ({"state": "geheim"}, {"state": "review"}, "Diesen Stand gibt es nicht."),
    "practice_published_has_its_date": (
        {"state": "published", "published_at": None},
        {"state": "published", "published_at": NOW},
        "Veröffentlichtes braucht einen Zeitpunkt.",
    ),
    "practice_expires_after_publication": (
        {"published_at": NOW, "expires_at": NOW},
        {"published_at": NOW, "expires_at": NOW + DAY},
        "„Sichtbar bis“ muss nach „Veröffentlicht ab“ liegen.",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_the_table_is_told_in_german_and_held_by_the_database(db, rule):
    wrong, right, message = RULES[rule]
    with pytest.raises(ValidationError) as refused:
        draft(**wrong).full_clean()
    assert message in refused.value.messages
    with pytest.raises(IntegrityError, match=rule.partition(",")[0]), transaction.atomic():
        draft(**wrong).save()
    practice = draft(**right)
    practice.full_clean()
    practice.save()


def test_an_example_is_imported_once(db):
    make_external("Gleicher Titel", source_url="https://quelle.example/a", slug="erstes")
    twin = draft(title="Gleicher Titel", kind="external", source_url="https://quelle.example/a")
    with pytest.raises(ValidationError) as refused:
        twin.full_clean()
    assert "Dieses Beispiel gibt es schon: gleiche Quelle, gleicher Titel." in refused.value.messages
    with pytest.raises(IntegrityError, match="practice_is_imported_once"), transaction.atomic():
        twin.save()
    for number, fields in enumerate(({"title": "Anderer Titel"}, {"source_url": "https://quelle.example/b"})):
        values = {"title": "Gleicher Titel", "kind": "external", "source_url": "https://quelle.example/a"}
        other = draft(slug=f"anderes-{number}", **values | fields)
        other.full_clean()
        other.save()


def test_examples_without_a_source_may_share_a_title(db):
    draft(slug="a").save()
    twin = draft(slug="b")
    twin.full_clean()
    twin.save()


def test_a_place_is_inside_the_region_or_outside(db):
    altena = make_municipality()
    with pytest.raises(ValidationError) as refused:
        draft(municipality=altena, place="Köln").full_clean()
    assert (
        "Wählen Sie eine Stadt der Region oder nennen Sie einen Ort außerhalb, nicht beides." in refused.value.messages
    )
    with pytest.raises(IntegrityError, match="practice_place_inside_or_outside"), transaction.atomic():
        draft(municipality=altena, place="Köln").save()
    draft(municipality=altena).full_clean()
    draft(place="Köln").full_clean()


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "ftp://quelle.example/", "data:text/html,x", "//quelle.example", "quelle.example"],
)
def test_a_source_is_a_page_of_the_web(db, address):
    with pytest.raises(ValidationError) as refused:
        draft(source_url=address).full_clean()
    assert list(refused.value.message_dict) == ["source_url"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 121),
        ("teaser", "x" * 301),
        ("year", 1989),
        ("year", 2101),
        ("employees", -1),
        ("person_days", -1),
        ("months_to_benefit", -1),
        ("slug", "mit leerzeichen"),
        ("kind", "other"),
        ("size_band", "huge"),
        ("target_groups", ["robots"]),
    ],
)
def test_a_wrong_value_is_named_with_its_field(db, field, value):
    with pytest.raises(ValidationError) as refused:
        draft(**{field: value}).full_clean()
    assert field in refused.value.message_dict


# ---------------------------------------------------------------- the size of a company


@pytest.mark.parametrize(
    ("employees", "size"),
    [
        (0, CompanySize.MICRO),
        (1, CompanySize.MICRO),
        (9, CompanySize.MICRO),
        (10, CompanySize.SMALL),
        (49, CompanySize.SMALL),
        (50, CompanySize.MEDIUM),
        (249, CompanySize.MEDIUM),
        (250, CompanySize.LARGE),
        (100_000, CompanySize.LARGE),
    ],
)
def test_the_head_count_gives_the_size_class(db, employees, size):
    practice = make_practice(employees=employees)
    practice.refresh_from_db()
    assert practice.company_size is size
    assert CompanySize.of(employees) is size
    assert list(Practice.objects.filter(size=size)) == [practice]


@pytest.mark.parametrize("size", CompanySize)
def test_a_band_gives_the_size_class_where_the_count_is_unknown(db, size):
    practice = make_practice(size_band=size)
    practice.refresh_from_db()
    assert practice.company_size is size


def test_an_unknown_size_stays_unknown(db):
    practice = make_practice()
    practice.refresh_from_db()
    assert practice.company_size is None


def test_the_size_follows_the_head_count(db):
    practice = make_practice(employees=9)
    Practice.objects.filter(pk=practice.pk).update(employees=10)
    practice.refresh_from_db()
    assert practice.company_size is CompanySize.SMALL


# ---------------------------------------------------------------- who may see it


def test_both_forms_of_the_rule_on_publication_agree(db):
    moments = [None, NOW - 2 * DAY, NOW - DAY, NOW, NOW + timedelta(microseconds=1), NOW + DAY]
    for number, (state, start, end) in enumerate(product(State, moments, moments)):
        if (state == State.PUBLISHED and not start) or (start and end and end <= start):
            continue
        draft(slug=f"beispiel-{number}", state=state, published_at=start, expires_at=end).save()
    practices = list(Practice.objects.all())
    assert len(practices) > 60
    seen = 0
    for at in (NOW - 3 * DAY, NOW - DAY, NOW, NOW + timedelta(microseconds=1), NOW + 2 * DAY):
        published = set(Practice.objects.published(at))
        assert published == {practice for practice in practices if practice.is_published(at)}
        seen += len(published)
    assert 0 < seen < 5 * len(practices)


@pytest.mark.parametrize(
    ("fields", "is_public"),
    [
        ({}, True),
        ({"state": State.DRAFT}, False),
        ({"state": State.REVIEW}, False),
        ({"state": State.ARCHIVED}, False),
        ({"published_at": NOW}, True),
        ({"published_at": NOW + timedelta(seconds=1)}, False),
        ({"expires_at": NOW}, False),
        ({"expires_at": NOW + timedelta(seconds=1)}, True),
    ],
)
def test_public_means_published_begun_and_not_ended(db, fields, is_public):
    with time_machine.travel(NOW, tick=False):
        practice = make_practice(**{"published_at": NOW - DAY} | fields)
        assert practice.is_published() is is_public
        assert Practice.objects.published().exists() is is_public


# ---------------------------------------------------------------- from state to state

MOVES = {State.REVIEW: "submit", State.PUBLISHED: "publish", State.DRAFT: "withdraw", State.ARCHIVED: "archive"}


def in_state(state: State) -> Practice:
    # An external example: its publication needs nobody's release.
    return make_external(state=state, published_at=NOW if state == State.PUBLISHED else None)


@pytest.mark.parametrize(("start", "target"), list(product(State, MOVES)))
def test_a_state_changes_only_along_the_table(db, start, target):
    practice = in_state(start)
    if target in TRANSITIONS[start]:
        getattr(practice, MOVES[target])()
        practice.refresh_from_db()
        assert practice.state == target
        return
    with pytest.raises(TransitionRefused) as refused:
        getattr(practice, MOVES[target])()
    assert refused.value.messages == [f"„{start.label}“ kann nicht zu „{target.label}“ werden."]
    before = (practice.state, practice.published_at)
    practice.refresh_from_db()
    assert practice.state == start
    assert (practice.state, practice.published_at) == before, "a refusal changes nothing, in memory either"


def test_the_table_of_states_is_what_staff_were_told():
    assert {state: set(targets) for state, targets in TRANSITIONS.items()} == {
        State.DRAFT: {State.REVIEW, State.PUBLISHED},
        State.REVIEW: {State.DRAFT, State.PUBLISHED},
        State.PUBLISHED: {State.DRAFT, State.ARCHIVED},
        State.ARCHIVED: {State.DRAFT},
    }


def test_publishing_stamps_the_moment_unless_one_is_planned(db):
    with time_machine.travel(NOW, tick=False):
        at_once = in_state(State.DRAFT)
        at_once.publish()
        planned = make_external(state=State.DRAFT, published_at=NOW + DAY)
        planned.publish()
        assert (at_once.published_at, planned.published_at) == (NOW, NOW + DAY)
        assert (at_once.is_published(), planned.is_published()) == (True, False)
    with time_machine.travel(NOW + DAY, tick=False):
        assert set(Practice.objects.published()) == {at_once, planned}


def test_withdrawing_forgets_the_day_so_that_the_next_publication_is_new(db):
    practice = make_external(published_at=timezone.now() - 100 * DAY)
    practice.withdraw()
    practice.refresh_from_db()
    assert (practice.state, practice.published_at) == (State.DRAFT, None)


def test_a_change_of_state_saves_nothing_else(db):
    practice = in_state(State.DRAFT)
    practice.title = "Nicht gespeichert"
    practice.submit()
    practice.refresh_from_db()
    assert practice.title != "Nicht gespeichert"


# ---------------------------------------------------------------- what readers are told


def test_an_anonymous_company_is_not_named(db):
    practice = draft(company="Federnwerk", is_anonymous=True, employees=84, place="Köln")
    assert (practice.shown_company, practice.location, practice.shown_employees) == (
        "Betrieb ohne Namensnennung",
        "",
        None,
    )
    practice.place, practice.municipality = "", make_municipality("Altena")
    assert practice.location == "", "not even the district, before anybody has counted who fits"
    practice.fitting_firms = 3
    assert practice.location == "Märkischer Kreis"
    practice.is_anonymous = False
    assert (practice.shown_company, practice.location, practice.shown_employees) == ("Federnwerk", "Altena", 84)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("", ""),
        ("https://www.quelle.example/a?b", "quelle.example"),
        ("http://Berichte.Quelle.example:8080/", "berichte.quelle.example"),
    ],
)
def test_a_source_is_named_by_its_host(address, name):
    assert draft(source_url=address).source_name == name


def test_target_groups_are_told_in_one_order():
    practice = draft(target_groups=["managers", "trainees"])
    assert practice.target_group_labels == ["Auszubildende", "Führungskräfte"]
