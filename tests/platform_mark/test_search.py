"""The search: what is found for what people type, in which order, and what must never be found."""

import random
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from platform_mark.json_rows import read_rows
from platform_mark.publishing.models import State
from platform_mark.search import index, words
from platform_mark.search.finding import RANKED, RELEVANCE, Found, find
from platform_mark.search.models import SearchEntry, Synonym, Word
from platform_mark.search.question import Question, ask
from platform_mark.search.snippets import LONGEST, mark, pattern, snippet
from platform_mark.search.synonyms import effects, load_synonyms
from platform_mark.search.tasks import forget_unused_words
from platform_mark.starter import content
from platform_mark.taxonomy.reference import load_reference
from practices.importing import import_practices
from practices.models import Practice, PracticeDocument
from practices.search import SHAPE
from tests.make import DAY, make_branch, make_document, make_municipality, make_practice, make_topic, make_user
from tests.markup import Page
from tests.platform_mark.search_queries import HOLD_OUT, OWN

pytestmark = [pytest.mark.django_db, pytest.mark.database]

KIND = index.kind_of(Practice)
EXAMPLES = Path(__file__).with_name("search_examples.json")


def found(text: str, **options: object) -> Found:
    return find(KIND, SHAPE, question=ask(text), **{"order": RELEVANCE, "size": 50, **options})  # type: ignore[arg-type]


def titles(text: str, **options: object) -> list[str]:
    return [row.title for row in found(text, **options).rows]


def plain(title: str, **fields: object) -> Practice:
    """An example that says nothing but its title, so that every other word is the test's own."""
    return make_practice(title, **{"teaser": "-", "company": "-", **fields})  # type: ignore[arg-type]


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    "forms",
    [
        "Maschine Maschinen",
        "Steuerung Steuerungen",
        "Auftrag Auftrags Aufträge Aufträgen Auftraege",
        "Haus Häuser Häusern",
        "Rad Räder",
        "Tablet Tablets",
        "Zettel Zetteln",
        "Feder Federn",
        "Prozess Prozesse Prozessen Prozesses",
        "Ergebnis Ergebnisse Ergebnissen",
        "Mitarbeiterin Mitarbeiterinnen",
        "künstlich künstliche künstlicher künstlichem künstliches kuenstlich",
        "digital digitale digitaler digitales",
        "papierlos papierlose papierloses",
        "Rüstzeit Rüstzeiten RUESTZEIT rustzeit Ru\u0308stzeit",
        "Straße Strassen STRASSE",
        "Qualität Qualitäten Qualitaet",
    ],
)
def test_inflected_forms_and_spellings_share_a_stem(forms: str) -> None:
    assert len({words.stem(words.fold(form)) for form in forms.split()}) == 1


@pytest.mark.parametrize("pair", ["Lager Lage", "MES messen", "Küche Küken", "Haus Hase", "Draht Dreh", "Lack Lager"])
def test_different_words_keep_different_stems(pair: str) -> None:
    one, other = (words.stem(words.fold(word)) for word in pair.split())

    assert one != other


@pytest.mark.parametrize(
    "family",
    [
        "planen Planung geplant Plan Planer",
        "dokumentieren Dokumentation dokumentiert Dokument",
        "digitalisieren Digitalisierung digital",
        "steuern Steuerung gesteuert",
        "prüfen Prüfung geprüft Prüfer",
        "Tischler Tischlerei",
        "rüsten gerüstet rüstet",
    ],
)
def test_related_words_share_a_root(family: str) -> None:
    assert len({words.root(words.fold(word)) for word in family.split()}) == 1


def test_folding_keeps_words_and_drops_everything_else() -> None:
    assert words.fold("Öl-Kühlung: 3D-Druck & „Café“!\x00 \ud800") == "oel kuehlung 3d druck cafe"
    assert words.fold_for_index("Die QR-Codes, 24-7").split() == ["die", "qr", "codes", "24", "7", "qrcodes", "247"]
    assert words.fold("Ma\N{SOFT HYPHEN}schine") == "maschine"


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [
        ("maschine", "maschine", 0),
        ("maschiene", "maschine", 1),
        ("mashcine", "maschine", 1),
        ("galwanik", "galvanik", 1),
        ("mashine", "maschinen", 2),
        ("draht", "droht", 1),
        ("abc", "xyz", 3),
    ],
)
def test_the_distance_counts_typing_errors(one: str, other: str, errors: int) -> None:
    assert words.distance(one, other, limit=2) == errors
    assert words.distance(other, one, limit=2) == errors


# ---------------------------------------------------------------- what people type


@pytest.fixture
def examples(settings: LazySettings, tmp_path: Path) -> None:
    """The starter content and a dozen further examples, with the portal's own synonyms."""
    settings.QUICK_START = True
    settings.MEDIA_ROOT = tmp_path / "media"
    load_reference()
    load_synonyms()
    content.load()
    import_practices(read_rows(EXAMPLES), publish=True)
    # Until every journey fills the index itself.
    index.rebuild()


def ranks(cases: dict[str, set[str]]) -> dict[str, int | None]:
    """The rank of the first expected example for each question."""
    expected = {title for answers in cases.values() for title in answers}
    assert expected <= set(Practice.objects.values_list("title", flat=True)), "an expected example does not exist"
    return {
        asked: next((rank for rank, title in enumerate(titles(asked), 1) if title in answers), None)
        for asked, answers in cases.items()
    }


def report(name: str, found_at: dict[str, int | None]) -> float:
    """Print the figures of a list of questions; return the share with an expected example among the first three."""
    count = len(found_at)
    first = sum(rank == 1 for rank in found_at.values()) / count
    third = sum(rank is not None and rank <= 3 for rank in found_at.values()) / count
    known = [rank for rank in found_at.values() if rank]
    print(
        f"\n{name}: {count} Fragen, hit@1 {first:.1%}, hit@3 {third:.1%}, mittlerer Rang {sum(known) / len(known):.2f},"
        f" nicht gefunden: {[asked for asked, rank in found_at.items() if rank is None]}"
    )
    return third


@pytest.mark.usefixtures("examples")
def test_people_find_what_they_hope_for_among_the_first_three() -> None:
    assert len(OWN) >= 60
    found_at = ranks(OWN)
    share = report("Eigene Liste", found_at)
    # Reported, not demanded: a list that a test demands would soon be one that the search is tuned to.
    report("Zurückgehaltene Liste", ranks(HOLD_OUT))

    assert share >= 0.95, {asked: rank for asked, rank in found_at.items() if rank is None or rank > 3}


# ---------------------------------------------------------------- order


def test_a_title_counts_more_than_a_teaser_and_a_teaser_more_than_the_text() -> None:
    # Dated against the expected order, so that the date cannot help.
    now = timezone.now()
    plain("Galvanik", published_at=now - 3 * DAY)
    plain("Zweites", teaser="Messpunkte an der Galvanik", published_at=now - 2 * DAY)
    plain("Drittes", result="<p>Auch die Galvanik lief.</p>", published_at=now - DAY)

    assert titles("Galvanik") == ["Galvanik", "Zweites", "Drittes"]


def test_a_title_with_the_word_itself_comes_before_a_text_full_of_its_forms() -> None:
    now = timezone.now()
    plain("Rüstzeit", published_at=now - 3 * DAY)
    forms = "rüsten, rüstet, gerüstet, Rüster, Rüstung, Rüstzeiten, umrüsten, Umrüstung, nachgerüstet, aufrüsten"
    plain("Anderes", teaser="Wer rüstet, sieht es.", result=f"<p>{forms}</p>", published_at=now)

    assert titles("Rüstzeit") == ["Rüstzeit", "Anderes"]


def test_the_word_itself_comes_before_its_forms_its_synonyms_and_its_compounds() -> None:
    now = timezone.now()
    Synonym.objects.create(terms=["Steuerung", "Leitwarte"])
    plain("Steuerung", published_at=now - 4 * DAY)
    plain("Steuerungen", published_at=now - 3 * DAY)
    plain("Leitwarte", published_at=now - 2 * DAY)
    plain("Maschinensteuerung", published_at=now - DAY)
    plain("Etwas anderes")

    assert titles("Steuerung") == ["Steuerung", "Steuerungen", "Leitwarte", "Maschinensteuerung"]


def test_what_looks_alike_is_found_only_where_nothing_else_is() -> None:
    plain("Drohne")
    assert titles("Drone") == ["Drohne"]

    plain("Drone")
    assert titles("Drone") == ["Drone"]


def test_the_title_decides_even_where_more_are_found_than_are_ranked() -> None:
    now = timezone.now()
    plain("Galvanik, lange her", published_at=now - 999 * DAY)
    for number in range(RANKED + 5):
        plain(f"Beispiel {number}", result="<p>Galvanik</p>", published_at=now - number * DAY)

    assert titles("Galvanik")[0] == "Galvanik, lange her"
    everything = [row.title for page in range(1, 14) for row in found("Galvanik", page=page, size=10).rows]
    assert len(everything) == len(set(everything)) == RANKED + 6


def test_equally_good_ones_come_newest_first() -> None:
    now = timezone.now()
    for number in (2, 0, 1):
        plain(f"Galvanik {'abc'[number]}", published_at=now - number * DAY)

    assert titles("Galvanik") == ["Galvanik a", "Galvanik b", "Galvanik c"]


# ---------------------------------------------------------------- widening


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("Schrauben", "Schraubenfertigung"),
        ("Steuerung", "Maschinensteuerung"),
        ("Fertigung", "Schraubenfertigung"),
        ("Lage", "Tarifauseinandersetzungslage"),
        ("Kühlung", "Kühlräume"),
        ("Öl", "Öl-Kühlung"),
        ("oelkuehlung", "Öl-Kühlung"),
        ("qrcode", "QR-Code an der Tür"),
        ("QR Code", "QR-Code an der Tür"),
        ("E-Learning", "Elearning für alle"),
        ("Auftragsbuch", "Bücher der Aufträge"),
        ("Pflegedokumentation", "Dokumentieren in der Pflege"),
        ("Strase", "Straßen"),
        ("Tischlerreien", "Tischlerei"),
        ("Maschienensteurung", "Maschinensteuerung"),
        ("Robotter", "Roboter"),
    ],
)
def test_it_is_found_by_a_part_a_whole_another_spelling_or_with_an_error(asked: str, title: str) -> None:
    plain(title)
    plain("Vorteil der Abteilung")

    assert titles(asked) == [title]


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ("Teil", "Vorteil und Abteilung"),
        ("Ring", "Verringern"),
        ("ERP", "Erprobt"),
        ("MES", "Messen"),
        ("KI", "Kinder"),
        ("2024", "2023"),
        ("Draht", "Druck"),
        ("Schweißen", "Was das Werkzeug weiß"),
        ("Schweißen", "Ein schwieriges Werkstück"),
    ],
)
def test_it_is_not_found_by_what_only_looks_like_it(asked: str, other: str) -> None:
    plain(other)

    assert titles(asked) == []


def test_a_word_that_is_there_is_not_taken_for_an_error() -> None:
    plain("Lage")
    plain("Lager")

    assert titles("Lager") == ["Lager"]


def test_words_that_stand_side_by_side_as_typed_come_first() -> None:
    now = timezone.now()
    plain("Ein schwarzes Brett", published_at=now - DAY)
    plain("Brett, aber ein schwarzes", published_at=now)

    assert titles("schwarze Bretter") == ["Ein schwarzes Brett", "Brett, aber ein schwarzes"]


def test_several_words_must_all_be_met_and_may_stand_anywhere() -> None:
    plain("Galvanik", result="<p>Tablet</p>")
    plain("Galvanik allein")
    plain("Nur Tablet")

    result = found("Tablet Galvanik")

    assert [row.title for row in result.rows] == ["Galvanik"]
    assert result.level == 0


def test_where_no_example_meets_all_words_those_with_most_come_first() -> None:
    now = timezone.now()
    plain("Galvanik", published_at=now - 2 * DAY)
    plain("Galvanik mit Tablet", published_at=now - 3 * DAY)
    plain("Dienstplan")

    result = found("Galvanik Tablet Dienstplan")

    assert [row.title for row in result.rows] == ["Galvanik mit Tablet"]
    assert result.level == 1
    assert titles("Galvanik Dienstplan") == ["Dienstplan", "Galvanik", "Galvanik mit Tablet"]


def test_a_word_that_occurs_nowhere_is_left_out_and_named() -> None:
    plain("Galvanik")

    question = ask("Galvanik Xylophon")

    assert question.unknown == ("Xylophon",)
    assert ask("<xylophon>Galvanik</xylophon>").unknown == ("xylophon",)
    assert titles("Galvanik Xylophon") == ["Galvanik"]
    assert found("Xylophon Quietscheente").hits == 0


def test_little_words_do_not_matter() -> None:
    plain("Galvanik")

    assert titles("Wie kann ich denn die Galvanik?") == ["Galvanik"]
    assert ask("Wie kann ich denn die Galvanik?").unknown == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ('"Schwarzes Brett"', ["Ein schwarzes Brett"]),
        ("„schwarzes brett“", ["Ein schwarzes Brett"]),
        ('"Schwarze Bretter"', []),
        ('"Brett schwarzes"', []),
        ('"schwarzes Brett" Ein', ["Ein schwarzes Brett"]),
        ('"schwarzes Brett" Dienstplan', ["Ein schwarzes Brett"]),
        ('"schwarzes Brett', ["Ein schwarzes Brett", "Brett, aber ein schwarzes"]),
    ],
)
def test_what_is_quoted_must_stand_there_word_for_word(asked: str, expected: list[str]) -> None:
    now = timezone.now()
    plain("Brett, aber ein schwarzes", published_at=now - DAY)
    plain("Ein schwarzes Brett", published_at=now)
    plain("Dienstplan")

    assert titles(asked) == expected


def test_a_typing_error_is_mended_and_the_word_named_as_people_write_it() -> None:
    plain("Rüstzeit halbiert", company="Hönnegrund")

    assert ask("Rüstzet am Hönegrund").meant == "Rüstzeit Hönnegrund"
    assert ask("Rüstzeit am Hönnegrund").meant == ""
    assert ask("Ruestzeit").meant == ""


# ---------------------------------------------------------------- synonyms


def test_synonyms_lead_both_ways_and_may_be_several_words() -> None:
    Synonym.objects.create(terms=["KI", "künstliche Intelligenz", "maschinelles Lernen"])
    plain("KI plant")
    plain("Was künstliche Intelligenz kann")
    plain("Intelligenz, aber keine künstliche")

    for asked in ("KI", "künstliche Intelligenz", "Künstlicher Intelligenz", "maschinelles Lernen", "ki"):
        assert set(titles(asked)) >= {"KI plant", "Was künstliche Intelligenz kann"}, asked
    assert "Intelligenz, aber keine künstliche" not in titles("KI")
    assert titles("künstliche Intelligenz")[0] == "Was künstliche Intelligenz kann"


def test_synonyms_widen_one_word_among_several() -> None:
    Synonym.objects.create(terms=["ERP", "Warenwirtschaft"])
    plain("Warenwirtschaftssystem im Hofladen")
    plain("Warenwirtschaft im Autohaus")

    assert titles("ERP Hofladen") == ["Warenwirtschaftssystem im Hofladen"]


def test_the_shipped_list_is_made_once_and_never_touched_again() -> None:
    made = load_synonyms()
    assert made > 50
    changed, deleted = Synonym.objects.all()[:2]
    changed.terms = ["Eins", "Zwei"]
    changed.save()
    deleted.delete()

    assert load_synonyms() == 0
    assert Synonym.objects.count() == made - 1
    assert Synonym.objects.get(pk=changed.pk).terms == ["Eins", "Zwei"]
    # What was saved is what counts.
    plain("Zwei Sachen")
    assert titles("Eins") == ["Zwei Sachen"]


def test_staff_see_the_effect_before_they_keep_an_entry() -> None:
    plain("Fahrerlose Wagen")
    plain("FTS im Lager")

    effect, other, tried = effects(["FTS", "fahrerlose Wagen"], question="FTS Lager")

    assert (effect.asked, effect.before, effect.after, effect.new) == ("FTS", 1, 2, ("Fahrerlose Wagen",))
    assert (other.before, other.after, other.new) == (1, 2, ("FTS im Lager",))
    assert (tried.before, tried.after, tried.new) == (1, 1, ())
    assert not Synonym.objects.exists()


@pytest.fixture
def editor(client: Client, settings: LazySettings) -> Client:
    """Somebody of the staff; the second factor is tried elsewhere."""
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def test_the_admin_tries_words_without_keeping_them(editor: Client) -> None:
    plain("Fahrerlose Wagen <b>")
    plain("FTS im Lager")

    tried = editor.get("/admin/search/synonym/wirkung/", {"terms": "FTS, fahrerlose Wagen", "question": ""})

    rows = [[cell.text for cell in row.all("td")] for row in Page.of(tried).main.all("tr")]
    assert rows == [[], ["1", "2", "Fahrerlose Wagen <b>"], ["1", "2", "FTS im Lager"]]
    assert not Synonym.objects.exists()


def test_the_admin_keeps_an_entry_and_shows_what_it_does(editor: Client) -> None:
    plain("Fahrerlose Wagen")
    assert titles("FTS") == []

    answer = editor.post(
        "/admin/search/synonym/add/", {"terms": " FTS ,fahrerlose  Wagen,FTS", "note": ""}, follow=True
    )

    assert answer.status_code == 200
    synonym = Synonym.objects.get()
    assert synonym.terms == ["FTS", "fahrerlose Wagen"]
    assert titles("FTS") == ["Fahrerlose Wagen"]
    shown = editor.get(f"/admin/search/synonym/{synonym.pk}/change/")
    assert "Fahrerlose Wagen" in Page.of(shown).main.one("table").text


@pytest.mark.parametrize("terms", ["", "KI", "KI, ki", "KI, ...", ","])
def test_one_word_alone_is_no_entry(editor: Client, terms: str) -> None:
    answer = editor.post("/admin/search/synonym/add/", {"terms": terms, "note": ""})

    assert answer.status_code == 200
    assert Page.of(answer).main.all("ul", class_="errorlist")
    assert not Synonym.objects.exists()


# ---------------------------------------------------------------- what is public


def test_only_what_is_public_is_found() -> None:
    now = timezone.now()
    plain("Galvanik öffentlich")
    plain("Galvanik Entwurf", state=State.DRAFT, published_at=None)
    plain("Galvanik in Prüfung", state=State.REVIEW, published_at=None)
    plain("Galvanik im Archiv", state=State.ARCHIVED)
    plain("Galvanik geplant", published_at=now + DAY)
    plain("Galvanik abgelaufen", published_at=now - 2 * DAY, expires_at=now - DAY)

    assert titles("Galvanik") == ["Galvanik öffentlich"]
    assert set(titles("Galvanik", at=now + 2 * DAY)) == {"Galvanik öffentlich", "Galvanik geplant"}
    assert set(titles("Galvanik", at=now - 1.5 * DAY)) == {"Galvanik abgelaufen"}


def test_an_unnamed_company_is_found_neither_by_its_name_nor_by_its_place() -> None:
    altena = make_municipality("Altena")
    plain("Werkzeug warten", company="Stanzerei Geheimhaltung", municipality=altena, is_anonymous=True)

    assert titles("Geheimhaltung") == titles("Altena") == []
    assert not Word.objects.filter(word__in=["geheimhaltung", "altena"]).exists()
    assert titles("Märkischer Kreis") == []
    assert found("Werkzeug", chosen={"ort": [altena.pk]}).hits == 0
    assert found("Werkzeug", chosen={"kreis": [altena.district_id]}).hits == 0


def test_the_documents_of_an_unnamed_company_are_not_found_by_their_titles(
    settings: LazySettings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    practice = plain("Werkzeug warten", is_anonymous=True)
    PracticeDocument.objects.create(practice=practice, document=make_document("Angebot Geheimfirma"))
    index.put(practice)
    assert titles("Geheimfirma") == []

    practice.is_anonymous = False
    index.put(practice)
    assert titles("Geheimfirma") == ["Werkzeug warten"]


def test_the_name_of_a_company_that_wants_none_now_is_forgotten_at_night() -> None:
    practice = plain("Werkzeug warten", company="Zwackelmannwerk")
    practice.is_anonymous = True
    index.put(practice)
    assert Word.objects.filter(word="zwackelmannwerk").exists()

    forget_unused_words(0)

    assert not Word.objects.filter(word="zwackelmannwerk").exists()
    assert titles("Werkzeug") == ["Werkzeug warten"]


def test_what_changes_is_found_by_its_new_words_only() -> None:
    practice = plain("Galvanik")
    practice.title = "Gießerei"
    index.put(practice)

    assert (titles("Galvanik"), titles("Gießerei")) == ([], ["Gießerei"])

    practice.state = State.ARCHIVED
    index.put(practice)
    assert titles("Gießerei") == []


def test_rebuilding_mends_whatever_is_wrong_and_says_how_much() -> None:
    plain("Stimmt")
    gone, changed = plain("Weg"), plain("Falsch")
    lost = plain("Fehlt")
    # Past everything that would tell the index, as somebody at the database would do.
    Practice.objects.filter(pk=gone.pk)._raw_delete("default")
    Practice.objects.filter(pk=changed.pk).update(title="Richtig")
    index.remove(lost)

    with pytest.raises(CommandError, match="3 Einträge weichen ab"):
        call_command("search_rebuild", "--check")
    assert titles("Richtig") == []
    call_command("search_rebuild", verbosity=0)

    assert (titles("Richtig"), titles("Fehlt"), titles("Weg"), titles("Falsch")) == (["Richtig"], ["Fehlt"], [], [])
    assert not Word.objects.filter(word__in=["weg", "falsch"]).exists()
    call_command("search_rebuild", "--check")


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_the_same_new_words_at_once_both_succeed() -> None:
    practices = [Practice.objects.create(title=f"T{n}", slug=f"t{n}", teaser="-", company="-") for n in range(2)]
    for practice in practices:
        practice.state, practice.published_at = State.PUBLISHED, timezone.now()
        practice.result = " ".join(f"Wort{n}wort" for n in range(300))
    barrier = threading.Barrier(2)
    errors: list[Exception] = []

    def publish(practice: Practice) -> None:
        try:
            barrier.wait()
            with transaction.atomic():
                index.put(practice)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(practice,)) for practice in practices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert SearchEntry.objects.count() == 2
    assert Word.objects.filter(word__startswith="wort").count() == 300


# ---------------------------------------------------------------- counting


def by_hand(rows: Iterable[dict[str, set[str]]], chosen: dict[str, set[str]]) -> int:
    return sum(all(row[facet] & values for facet, values in chosen.items()) for row in rows)


@pytest.mark.parametrize("seed", range(6))
def test_every_count_tells_what_a_list_would_show(seed: int) -> None:
    dice = random.Random(seed)
    branches, topics = [make_branch() for _ in range(4)], [make_topic() for _ in range(4)]
    rows = []
    for _ in range(30):
        mine, about = dice.sample(branches, dice.choice([0, 1, 2])), dice.sample(topics, dice.choice([0, 1, 3]))
        size, year = dice.choice(["", "micro", "small"]), dice.choice([None, 2023, 2024])
        groups = dice.sample(["trainees", "employees", "managers"], dice.choice([0, 1, 2]))
        tool = dice.choice(["Tablet", "Plantafel"])
        fields = {"size_band": size, "year": year, "target_groups": groups, "solution": f"<p>{tool}</p>"}
        make_practice(branches=tuple(mine), topics=tuple(about), **fields)
        if tool == "Tablet":
            rows.append(
                {
                    "branche": {str(branch.pk) for branch in mine},
                    "thema": {str(topic.pk) for topic in about},
                    "groesse": {size} - {""},
                    "jahr": {str(year)} if year else set(),
                    "zielgruppe": set(groups),
                }
            )
    values = {facet: sorted(set().union(*(row[facet] for row in rows))) for facet in rows[0]}
    for _ in range(5):
        chosen = {
            facet: set(dice.sample(options, min(len(options), dice.choice([1, 2]))))
            for facet, options in values.items()
            if options and dice.random() < 0.5
        }

        result = found("Tablet", chosen={facet: sorted(options) for facet, options in chosen.items()})

        assert result.total == len(rows)
        assert result.hits == len(result.rows) == by_hand(rows, chosen)
        for facet, options in values.items():
            others = {name: picked for name, picked in chosen.items() if name != facet}
            expected = {value: by_hand(rows, {**others, facet: {value}}) for value in options}
            assert {value: result.counts.get((facet, value), 0) for value in options} == expected
            if facet in chosen:
                assert result.without[facet] == by_hand(rows, others)


def test_nothing_hit_names_the_nearest() -> None:
    metal, wood = make_branch(), make_branch()
    plain("Metall, groß", branches=(metal,), employees=500, year=2024)
    near = plain("Holz, klein", branches=(wood,), employees=12, year=2024)

    result = find(KIND, SHAPE, chosen={"branche": [metal.pk], "groesse": ["small"], "jahr": ["2024"]})

    assert result.hits == 0
    assert set(result.nearest) == {near.pk, near.pk - 1}
    assert find(KIND, SHAPE, chosen={"branche": [wood.pk]}).nearest == []


def test_orders_put_the_small_first_and_the_unknown_last() -> None:
    plain("Teuer", investment_from=1, investment_to=9_000, duration_weeks=1)
    plain("Unbekannt")
    plain("Günstig", investment_from=1, investment_to=500, duration_weeks=30)

    by_cost = find(KIND, SHAPE, order="kosten")
    by_time = find(KIND, SHAPE, order="dauer")

    assert [row.title for row in by_cost.rows] == ["Günstig", "Teuer", "Unbekannt"]
    assert [row.title for row in by_time.rows] == ["Teuer", "Günstig", "Unbekannt"]


@pytest.mark.parametrize("page", [3, 4, 10**15])
def test_a_page_beyond_the_last_is_the_last(page: int) -> None:
    for _ in range(5):
        make_practice()

    result = find(KIND, SHAPE, page=page, size=2)

    assert (result.page, len(result.rows)) == (3, 1)


def test_understanding_and_finding_take_one_statement_each(examples: None) -> None:
    for text in ("Tablet", "Wie kann ich die Rüstzeit verkürzen?", '"Schwarzes Brett" 3D-Druck ERP Robotter'):
        with CaptureQueriesContext(connection) as captured:
            question = ask(text)
        assert len(captured) == 1
        with CaptureQueriesContext(connection) as captured:
            find(KIND, SHAPE, question=question, chosen={"jahr": ["2024"]}, order=RELEVANCE, page=3)
        assert len(captured) == 1


# ---------------------------------------------------------------- odd input


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "\x00",
            "\ud800",
            "'",
            '"',
            '""',
            "& | ! ( ) <-> :*",
            "%",
            "_",
            "\\",
            "a",
            "1",
            "der die das",
            "🙂",
            "„“",
        ),
        *(
            "x" * 5000,
            "ab " * 2000,
            "Tablet'; DROP TABLE search_word; --",
            "{}",
            "{missed}",
            "%(kind)s",
            "%s",
            "\N{SOFT HYPHEN}",
        ),
        *(
            "-",
            "--",
            "a-b-c-d-e-f",
            "3d-",
            "-druck",
            "日本語",
            "Ω",
            "ẞ",
            "ﬁlter",
            "²",
            "tablet\ntablet",
            "Tablet:*",
            "!tablet",
        ),
    ],
)
def test_odd_input_is_answered(text: str) -> None:
    plain("Tablet & Draht")

    question = ask(text)
    result = found(text) if question.clauses else None

    assert isinstance(question, Question)
    assert result is None or result.hits in (0, 1)


# ---------------------------------------------------------------- snippets


def test_a_hit_is_marked_in_every_spelling_and_everything_else_is_escaped() -> None:
    pieces = pattern(ask_lexemes("Rüstzeit <b>", "Die Rüstzeit < RUESTZEIT & Rüstzeiten"))

    assert mark("<b>Rüstzeit</b> & RUESTZEIT, Rüstzeitkarte", pieces) == (
        "&lt;b&gt;<mark>Rüstzeit</mark>&lt;/b&gt; &amp; <mark>RUESTZEIT</mark>, Rüstzeitkarte"
    )


def ask_lexemes(asked: str, title: str) -> list[str]:
    plain(title)
    return list(ask(asked).lexemes)


def test_a_snippet_shows_the_passage_with_most_hits() -> None:
    filler = "Davor steht viel anderes, das niemand gesucht hat. " * 8
    text = f"Tablet. {filler}Am Tablet hängt die Galvanik. {filler}"

    shown = snippet(text, pattern(["tablet", "galvanik"]))

    assert "<mark>Tablet</mark> hängt die <mark>Galvanik</mark>" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) < LONGEST + 100
    assert snippet(text, pattern(["gießerei"])) == snippet("", pattern(["tablet"])) == snippet("Tablet", None) == ""
