"""The words everything is sorted by: shipped once, complete, and never taken out of the hands of staff."""

from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from platform_mark.pages.models import LegalText
from platform_mark.taxonomy.models import Branch, BranchCode, CompanySize, District, Municipality, Topic
from platform_mark.taxonomy.reference import load_reference
from tests.make import make_branch, make_municipality, make_practice

pytestmark = pytest.mark.django_db

# The 88 divisions of the WZ 2008 by section (Statistisches Bundesamt): the gaps are the classification's own.
WZ_2008_DIVISIONS = {
    f"{division:02}"
    for first, last in (
        *((1, 3), (5, 9), (10, 33), (35, 35), (36, 39), (41, 43), (45, 47), (49, 53), (55, 56), (58, 63), (64, 66)),
        *((68, 68), (69, 75), (77, 82), (84, 84), (85, 85), (86, 88), (90, 93), (94, 96), (97, 98), (99, 99)),
    )
    for division in range(first, last + 1)
}


def load() -> str:
    output = StringIO()
    call_command("load_reference", stdout=output)
    return output.getvalue()


def snapshot() -> list[list[tuple]]:
    """Every column of every row that the command could touch."""
    models = (Branch, BranchCode, Topic, District, Municipality, LegalText, Group, Group.permissions.through)
    return [sorted(model.objects.values_list(), key=repr) for model in models]


def test_the_classification_has_88_divisions() -> None:
    assert len(WZ_2008_DIVISIONS) == 88


def test_the_branches_hold_every_division_exactly_once() -> None:
    load_reference()

    assert Branch.objects.current().count() == 20
    codes = list(BranchCode.objects.values_list("edition", "code"))
    assert {edition for edition, _ in codes} == {"WZ 2008"}
    assert sorted(code for _, code in codes) == sorted(WZ_2008_DIVISIONS)
    assert all(branch.codes.count() for branch in Branch.objects.all())


def test_branches_have_an_order_craft_words_and_candidates_for_a_focus() -> None:
    load_reference()

    orders = list(Branch.objects.values_list("order", flat=True))
    assert orders == sorted(set(orders))
    assert all(Branch.objects.values_list("synonyms", flat=True))
    assert Branch.objects.filter(focus_candidate=True).exists()
    # Nobody has decided yet, so nothing may be called a focus.
    assert not Branch.objects.exclude(focus_since=None).exists()


def test_there_are_13_topics_and_25_municipalities_in_3_districts() -> None:
    load_reference()

    assert Topic.objects.count() == 13
    by_district = {d.name: d.municipalities.count() for d in District.objects.all()}
    assert sorted(by_district.values()) == [1, 9, 15]
    assert by_district["Märkischer Kreis"] == 15
    assert by_district["Ennepe-Ruhr-Kreis"] == 9
    assert all(m.ags.startswith(m.district.key) and len(m.ags) == 8 for m in Municipality.objects.all())


def test_loading_twice_changes_nothing() -> None:
    first_words = load()
    first = snapshot()

    second_words = load()

    assert snapshot() == first
    assert "Branchen: 20 neu" in first_words
    assert "Branchen: 0 neu" in second_words
    assert all(rows for rows in first)


def test_loading_leaves_alone_what_staff_renamed_reordered_or_merged() -> None:
    load()
    renamed, reordered, merged, target = Branch.objects.all()[:4]
    renamed.name, renamed.slug, renamed.synonyms = "Ganz anders", "ganz-anders", ["eigenes Wort"]
    renamed.save()
    reordered.order = 1
    reordered.save()
    merged.merged_into = target
    merged.save()
    merged.codes.update(branch=target)
    Topic.objects.filter(pk=Topic.objects.first().pk).update(name="Anderes Thema", slug="anderes-thema")
    text = LegalText.objects.first()
    text.body = "<p>Unsere eigene Fassung.</p>"
    text.save()
    before = snapshot()

    load()

    assert snapshot() == before


def test_loading_brings_back_what_is_missing_and_nothing_else() -> None:
    load()
    before = snapshot()
    Branch.objects.first().delete()
    Municipality.objects.get(name="Altena").delete()

    assert "Branchen: 1 neu" in load()

    def names(rows: list[list[tuple]]) -> list[list[tuple]]:
        return [sorted(row[1:] for row in table) for table in (rows[0], rows[4])]

    assert names(snapshot()) == names(before)


def test_a_branch_of_staff_with_the_same_name_does_not_stop_the_loading() -> None:
    """A portal that began with its own branches gets the reference data later."""
    load_reference()
    shipped = Branch.objects.first()
    name, slug = shipped.name, shipped.slug
    Branch.objects.all().delete()
    make_branch(name, slug=slug)

    load_reference()

    assert Branch.objects.filter(name=name).count() == 1
    assert Branch.objects.count() == 20


def test_a_division_belongs_to_one_branch() -> None:
    one, other = make_branch(), make_branch()
    BranchCode.objects.create(branch=one, code="25")

    with pytest.raises(IntegrityError), transaction.atomic():
        BranchCode.objects.create(branch=other, code="25")

    BranchCode.objects.create(branch=other, code="25", edition="WZ 2025")


def test_a_place_in_use_cannot_be_deleted() -> None:
    altena = make_municipality("Altena")
    make_practice(municipality=altena)

    with pytest.raises(ProtectedError):
        altena.delete()


@pytest.mark.parametrize(
    ("employees", "size"),
    [
        *((0, CompanySize.MICRO), (9, CompanySize.MICRO), (10, CompanySize.SMALL), (49, CompanySize.SMALL)),
        *((50, CompanySize.MEDIUM), (249, CompanySize.MEDIUM), (250, CompanySize.LARGE), (9_999, CompanySize.LARGE)),
    ],
)
def test_the_size_in_python_is_the_size_in_the_database(employees: int, size: CompanySize) -> None:
    practice = make_practice(employees=employees)
    practice.refresh_from_db()

    assert CompanySize.of(employees) is size
    assert practice.company_size is size


def test_each_size_has_a_word_of_its_own_for_addresses() -> None:
    words = {size.slug for size in CompanySize}
    assert len(words) == len(CompanySize)
    assert all(word.isascii() for word in words)
