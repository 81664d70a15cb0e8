import re

import pytest
from django.core.validators import validate_slug
from django.urls import URLResolver, get_resolver
from hypothesis import given
from hypothesis import strategies as st

from platform_mark.slugs import RESERVED, SLUG_LENGTH, free_slug, german_slug
from tests.make import make_user


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Rüsten in Lüdenscheid", "ruesten-in-luedenscheid"),
        ("Größe, Maß & Öl", "groesse-mass-oel"),
        ("ÄÖÜ äöü ẞ ß", "aeoeue-aeoeue-ss-ss"),
        ("u\u0308ber", "ueber"),
        ("Café – à la carte", "cafe-a-la-carte"),
        ("C++ und C#", "c-und-c"),
        ("  viele   Leerzeichen  ", "viele-leerzeichen"),
        ("--a--b--", "a-b"),
        ("KI: 100 % mehr?", "ki-100-mehr"),
        ("../../etc/passwd", "etcpasswd"),
        ("<script>", "script"),
    ],
)
def test_slugs_read_like_german(text, slug):
    assert german_slug(text) == slug


@pytest.mark.parametrize("text", ["", "   ", "???", "漢字", "\u202e", "—"])
def test_what_gives_no_letters_still_gets_an_address(text):
    assert german_slug(text) == "eintrag"


@given(st.text() | st.text("aäß -_.8"), st.integers(1, 120))
def test_a_slug_is_always_valid_and_short_enough(text, length):
    slug = german_slug(text, length=length)
    if slug != "eintrag":
        assert 1 <= len(slug) <= length
    validate_slug(slug)
    assert slug == slug.lower() == slug.strip("-_")
    assert "--" not in slug


def test_a_long_title_is_cut_between_words():
    title = "Digitale Einrichtekarte statt Zettelwirtschaft an elf Federwindeautomaten im Dreischichtbetrieb"
    slug = german_slug(title)
    assert slug == "digitale-einrichtekarte-statt-zettelwirtschaft-an-elf-federwindeautomaten-im"
    assert len(slug) <= SLUG_LENGTH


def test_a_slug_is_cut_before_the_mark_between_words():
    assert german_slug("0 _-0", length=3) == "0"


def test_a_word_that_just_fits_is_kept():
    assert german_slug("a" * 40 + " " + "b" * 39) == "a" * 40 + "-" + "b" * 39
    assert german_slug("a" * 40 + " " + "b" * 40) == "a" * 40


def test_one_endless_word_is_cut_anywhere():
    assert german_slug("x" * 200) == "x" * SLUG_LENGTH


def test_a_taken_slug_gets_the_next_free_number():
    taken: set[str] = set()
    for expected in ("plantafel", "plantafel-2", "plantafel-3"):
        slug = free_slug("Plantafel", taken.__contains__)
        assert slug == expected
        taken.add(slug)
    taken.remove("plantafel-2")
    assert free_slug("Plantafel", taken.__contains__) == "plantafel-2"


def test_a_numbered_slug_still_fits():
    taken = {german_slug("x" * 200, length=SLUG_LENGTH - 5)} | {f"{'x' * 75}-{n}" for n in range(2, 1000)}
    slug = free_slug("x" * 200, taken.__contains__)
    assert slug == "x" * 75 + "-1000"
    assert len(slug) <= SLUG_LENGTH


def test_no_slug_is_a_word_that_the_portal_needs_for_a_page_of_its_own():
    """Beside every page whose address is a slug stand others with fixed words: none of these may be given away."""
    public = [path for path in _paths(get_resolver().url_patterns) if not path.startswith(("konto/", "admin/"))]
    parents = {path.removesuffix("<slug:slug>/") for path in public if path.endswith("/<slug:slug>/")}
    assert {"beispiele/", "dialoge/", "formate/", "aktivitaeten/", "akteure/"} <= parents
    taken = {
        word
        for path in public
        for parent in parents
        if path.startswith(parent) and (word := path.removeprefix(parent).split("/")[0]) and validates(word)
    }
    assert {"matrix", "vergleich", "karten"} <= taken
    assert taken <= RESERVED
    assert {free_slug(word, lambda slug: False) for word in taken} == {f"{word}-2" for word in taken}


@pytest.mark.django_db
def test_a_reserved_word_is_refused_where_staff_type_it(client, settings):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(make_user("chefin@agentur.test", is_staff=True, is_superuser=True))
    response = client.post("/admin/practices/practice/add/", {"title": "Test", "slug": "vergleich"})

    assert "„vergleich“ braucht das Portal für eine eigene Seite" in response.content.decode()


def validates(word: str) -> bool:
    return bool(re.fullmatch(r"[-\w]+", word))


def _paths(patterns, before=""):
    for pattern in patterns:
        path = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _paths(pattern.url_patterns, path)
        else:
            yield path
