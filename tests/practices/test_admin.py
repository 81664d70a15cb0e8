"""Examples in the administration: from the empty form to the public page, through what a browser sends."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from platform_mark.publishing.models import State
from practices.models import Effect, Practice, PracticePicture
from tests.cast import Cast, make_cast
from tests.make import (
    add_parts,
    make_branch,
    make_external,
    make_image,
    make_municipality,
    make_practice,
    make_rich_practice,
    make_topic,
)
from tests.markup import Page

pytestmark = pytest.mark.django_db

ADD = "/admin/practices/practice/add/"
LIST = "/admin/practices/practice/"


@pytest.fixture
def cast(settings: Any, tmp_path: Any) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    return make_cast()


@pytest.fixture
def editor(cast: Cast) -> Client:
    return cast.client("editor")


def change(practice: Practice) -> str:
    return f"/admin/practices/practice/{practice.pk}/change/"


def sent_by(client: Client, path: str, **typed: Any) -> dict[str, Any]:
    """What a browser sends back from this page when somebody has typed into some of its fields."""
    page = Page.of(client.get(path))
    form = next(form for form in page.main.all("form") if form["id"] == "practice_form")
    data: dict[str, Any] = {}
    for field in form.all("input", "textarea", "select"):
        name, kind = field["name"], field["type"]
        if not name or kind in {"submit", "file", "button"} or "__prefix__" in name:
            continue
        if field.tag == "select":
            value: Any = [option["value"] for option in field.all("option") if "selected" in option]
            if not value and "multiple" not in field:
                value = field.all("option")[0]["value"]
        elif field.tag == "textarea":
            value = field.children[0] if field.children else ""
        elif kind in {"checkbox", "radio"}:
            if "checked" not in field:
                continue
            value = [*data.get(name, []), field["value"] or "on"]
        else:
            value = field["value"]
        data[name] = value
    return data | typed


def errors(response: HttpResponse) -> dict[str, list[str]]:
    assert response.status_code == 200
    return {name: list(found) for name, found in response.context["adminform"].form.errors.items()}


def told(response: HttpResponse) -> str:
    return " ".join(str(message) for message in response.context["messages"])


REQUIRED = {"title": "Ölwechsel: größer, öfter", "teaser": "Ein Satz.", "company": "Söhne & Co", "is_fictitious": "on"}


# ---------------------------------------------------------------- adding


def test_the_form_asks_for_the_parts_before_it_asks_when_the_example_appears(editor: Client) -> None:
    heads = [head.text for head in Page.of(editor.get(ADD)).main.all("h2")]
    assert heads[-1] == "Veröffentlichen"
    assert heads.index("Erste Schritte") < heads.index("Veröffentlichen")


@pytest.mark.parametrize(("ahead", "is_right"), [(1, True), (2, False)])
def test_the_year_is_at_most_the_next(editor: Client, ahead: int, is_right: bool) -> None:
    year = str(timezone.localdate().year + ahead)
    response = editor.post(ADD, sent_by(editor, ADD, **REQUIRED, year=year))
    assert Practice.objects.exists() is is_right
    assert is_right or "year" in response.context["adminform"].form.errors


def test_the_form_says_which_pictures_nobody_sees_any_more(editor: Client) -> None:
    practice = make_practice(is_fictitious=True)
    PracticePicture.objects.create(practice=practice, image=make_image())
    assert "nicht mehr zu sehen" not in Page.of(editor.get(change(practice))).main.text
    PracticePicture.objects.create(practice=practice, image=make_image(rights_until=date(2020, 1, 1)))
    assert "Ein Bild ist nicht mehr zu sehen" in Page.of(editor.get(change(practice))).main.text


def test_an_example_is_added_with_everything_and_looks_so_in_public(editor: Client, client: Client) -> None:
    metal, topic, place, image = make_branch(), make_topic(), make_municipality("Altena"), make_image()
    typed = {
        **REQUIRED,
        "figure_value": "−38 %",
        "figure_label": "Rüstzeit",
        "branches": [metal.pk],
        "topics": [topic.pk],
        "employees": "84",
        "municipality": place.pk,
        "year": "2024",
        "target_groups": ["trainees", "managers"],
        "technologies": "Tablets,  Formular-App,\ntablets",
        "investment_from": "20000",
        "investment_to": "25000",
        "person_days": "34,5",
        "funding_used": "True",
        "without_new_software": "False",
        "as_of": "01.09.2026",
        "starting_point": '<p onclick="x()">Rüsten <strong>dauert</strong>.<script>x()</script></p>',
        "effects-TOTAL_FORMS": "1",
        "effects-0-label": "Zeit",
        "effects-0-unit": "min",
        "effects-0-before": "52,5",
        "effects-0-after": "32",
        "effects-0-method": "measured",
        "effects-0-order": "0",
        "steps-TOTAL_FORMS": "1",
        "steps-0-action": "Eine Maschine wählen.",
        "steps-0-order": "0",
        "prerequisites-TOTAL_FORMS": "1",
        "prerequisites-0-text": "WLAN in der Halle",
        "prerequisites-0-order": "0",
        "pictures-TOTAL_FORMS": "1",
        "pictures-0-image": image.pk,
        "pictures-0-order": "0",
        "_move": "publish",
    }
    response = editor.post(ADD, sent_by(editor, ADD, **typed), follow=True)
    assert "Veröffentlicht." in told(response)
    practice = Practice.objects.get()
    assert practice.slug == "oelwechsel-groesser-oefter"
    assert practice.technologies == ["Tablets", "Formular-App"]
    assert practice.target_groups == ["trainees", "managers"]
    assert practice.starting_point == "<p>Rüsten <strong>dauert</strong>.</p>"
    assert (practice.funding_used, practice.without_new_software, practice.without_it_department) == (True, False, None)
    assert str(practice.effects.get().before) == "52.50"
    assert practice.size == "medium"
    public = Page.of(client.get(practice.get_absolute_url())).main.text
    for words in (
        "Ölwechsel: größer, öfter",
        "WLAN in der Halle",
        "Eine Maschine wählen.",
        "20.000 bis 25.000",
        "Altena",
    ):
        assert words in public


def test_an_empty_form_says_at_each_field_what_is_missing(editor: Client) -> None:
    response = editor.post(ADD, sent_by(editor, ADD))
    assert errors(response) == {name: ["Diese Angabe fehlt noch."] for name in ("title", "teaser", "company")}
    assert Page.of(response).title.startswith("Fehler:")


def test_a_title_that_is_taken_gets_a_numbered_address(editor: Client) -> None:
    make_practice("Ölwechsel: größer, öfter")
    assert editor.post(ADD, sent_by(editor, ADD, **REQUIRED)).status_code == 302
    assert Practice.objects.order_by("pk").last().slug == "oelwechsel-groesser-oefter-2"


def test_an_address_typed_by_hand_is_kept_and_refused_when_taken(editor: Client) -> None:
    make_practice("Karte")
    response = editor.post(ADD, sent_by(editor, ADD, **REQUIRED, slug="karte"))
    assert "slug" in errors(response)
    assert editor.post(ADD, sent_by(editor, ADD, **REQUIRED, slug="mein-weg")).status_code == 302
    assert Practice.objects.filter(slug="mein-weg").exists()


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"kind": "external"}, "source_url", "braucht die Adresse seiner Quelle"),
        ({"kind": "external", "source_url": "javascript:alert(1)"}, "source_url", "noch keine ganze Adresse"),
        ({"employees": "5", "size_band": "micro"}, "size_band", "nicht beides"),
        ({"place": "Köln", "municipality": "PLACE"}, "place", "nicht beides"),
        ({"investment_from": "5"}, "investment_to", "„Kosten bis“"),
        ({"investment_from": "5", "investment_to": "4"}, "investment_to", "„Kosten bis“"),
        ({"running_cost_from": "5", "running_cost_to": "4"}, "running_cost_to", "„Laufend bis“"),
        (
            {
                "published_at_0": "02.01.2026",
                "published_at_1": "10:00",
                "expires_at_0": "01.01.2026",
                "expires_at_1": "10:00",
            },
            "expires_at",
            "„Sichtbar bis“ muss nach",
        ),
        ({"employees": "viele"}, "employees", "ganze Zahl"),
        ({"as_of": "gestern"}, "as_of", "zum Beispiel 01.09.2026"),
        ({"target_groups": ["kunden"]}, "target_groups", "kunden"),
    ],
)
def test_a_rule_that_is_broken_is_said_in_german_beside_the_field(
    editor: Client, typed: dict[str, Any], field: str, words: str
) -> None:
    place = make_municipality()
    typed = {name: place.pk if value == "PLACE" else value for name, value in typed.items()}
    found = errors(editor.post(ADD, sent_by(editor, ADD, **REQUIRED, **typed)))
    assert list(found) == [field]
    assert words in found[field][0]
    assert not Practice.objects.exists()


def test_the_same_report_is_not_added_twice(editor: Client) -> None:
    there = make_external("Angebote aus alten Aufträgen")
    typed = REQUIRED | {"kind": "external", "title": there.title, "source_url": there.source_url}
    found = errors(editor.post(ADD, sent_by(editor, ADD, **typed)))
    assert found == {"title": ["Dieses Beispiel gibt es schon: gleiche Quelle, gleicher Titel."]}


# ---------------------------------------------------------------- changing


def test_saving_unchanged_changes_nothing(editor: Client) -> None:
    practice = make_rich_practice(
        branches=(make_branch(), make_branch()),
        topics=(make_topic(),),
        municipality=make_municipality(),
        is_fictitious=True,
        published_at=timezone.now().replace(microsecond=0),
    )
    add_parts(practice, 2)
    before = Practice.objects.filter(pk=practice.pk).values().get()
    parts = list(Effect.objects.values())
    assert editor.post(change(practice), sent_by(editor, change(practice))).status_code == 302
    after = Practice.objects.filter(pk=practice.pk).values().get()
    assert {name: value for name, value in after.items() if before[name] != value}.keys() <= {"updated_at"}
    assert list(Effect.objects.values()) == parts
    assert practice.branches.count() == 2
    assert LogEntry.objects.latest("pk").get_change_message() == "Nichts geändert."


def test_a_changed_text_is_public_at_once_where_no_release_is_needed(editor: Client, client: Client) -> None:
    practice = make_external("Angebote aus alten Aufträgen")
    editor.post(change(practice), sent_by(editor, change(practice), teaser="Neu in einem Satz."))
    assert "Neu in einem Satz." in client.get(practice.get_absolute_url()).content.decode()


@pytest.mark.parametrize("clock", ["00:55", "01:30"])
def test_what_appeared_in_the_hour_that_autumn_has_twice_can_be_edited(
    editor: Client, client: Client, clock: str
) -> None:
    practice = make_external("Nachtschicht", published_at=datetime.fromisoformat(f"2025-10-26T{clock}:00+00:00"))
    editor.post(change(practice), sent_by(editor, change(practice), teaser="Neu in einem Satz."))
    assert "Neu in einem Satz." in client.get(practice.get_absolute_url()).content.decode()


def test_an_hour_that_the_clocks_skip_is_refused_beside_its_field(editor: Client) -> None:
    practice = make_external()
    night = {"published_at_0": "28.03.2027", "published_at_1": "02:30"}
    [message] = errors(editor.post(change(practice), sent_by(editor, change(practice), **night)))["published_at"]
    assert message.startswith("02:30 Uhr gibt es am 28. März 2027 nicht")


def test_published_content_cannot_lose_its_date(editor: Client) -> None:
    practice = make_external()
    response = editor.post(change(practice), sent_by(editor, change(practice), published_at_0="", published_at_1=""))
    assert errors(response) == {"published_at": ["Veröffentlichtes braucht einen Zeitpunkt."]}


def test_the_address_of_what_is_public_is_only_shown(editor: Client) -> None:
    practice = make_external("Karte")
    data = sent_by(editor, change(practice))
    assert "slug" not in data
    editor.post(change(practice), data | {"slug": "neu"})
    practice.refresh_from_db()
    assert practice.slug == "karte"


def test_the_state_is_no_field_of_the_form(editor: Client) -> None:
    practice = make_external(state=State.DRAFT, published_at=None)
    editor.post(change(practice), sent_by(editor, change(practice), state="published", shown_state="published"))
    practice.refresh_from_db()
    assert practice.state == State.DRAFT


# ---------------------------------------------------------------- state


def test_buttons_lead_through_all_states_and_the_history_says_who(editor: Client, cast: Cast) -> None:
    practice = make_external(state=State.DRAFT, published_at=None)

    def press(move: str) -> str:
        response = editor.post(change(practice), sent_by(editor, change(practice), _move=move), follow=True)
        practice.refresh_from_db()
        return told(response)

    for move, state in (
        *(("submit", State.REVIEW), ("publish", State.PUBLISHED), ("archive", State.ARCHIVED)),
        *(("withdraw", State.DRAFT), ("publish", State.PUBLISHED), ("withdraw", State.DRAFT)),
    ):
        press(move)
        assert practice.state == state, move
    assert "„Entwurf“ kann nicht zu „Archiviert“ werden." in press("archive")
    said = [
        entry.get_change_message()
        for entry in LogEntry.objects.filter(user=cast.person("editor").user).order_by("pk")
        if entry.get_change_message() != "Nichts geändert."
    ]
    assert said == [
        *("Zur Prüfung gegeben.", "Veröffentlicht.", "Archiviert."),
        *("Zurückgezogen.", "Veröffentlicht.", "Zurückgezogen."),
    ]


def test_only_the_ways_that_are_open_have_buttons(editor: Client) -> None:
    practice = make_external()
    for state, moves in {
        State.DRAFT: {"submit", "publish"},
        State.REVIEW: {"withdraw", "publish"},
        State.PUBLISHED: {"withdraw", "archive"},
        State.ARCHIVED: {"withdraw"},
    }.items():
        Practice.objects.update(state=state)
        page = Page.of(editor.get(change(practice)))
        assert {button["value"] for button in page.main.all("button", name="_move")} == moves


def test_an_invented_move_does_nothing(editor: Client) -> None:
    practice = make_external(state=State.DRAFT, published_at=None)
    for move in ("delete", "save", "_move", "full_clean"):
        editor.post(change(practice), sent_by(editor, change(practice), _move=move))
    practice.refresh_from_db()
    assert practice.state == State.DRAFT


def test_a_refused_form_moves_nothing(editor: Client) -> None:
    practice = make_external(state=State.DRAFT, published_at=None)
    response = editor.post(change(practice), sent_by(editor, change(practice), title="", _move="publish"))
    assert errors(response) == {"title": ["Diese Angabe fehlt noch."]}
    practice.refresh_from_db()
    assert practice.state == State.DRAFT


def test_many_are_moved_at_once_and_each_refusal_is_named(editor: Client) -> None:
    draft = make_external("Eins", state=State.DRAFT, published_at=None)
    public = make_external("Zwei")
    data = {"action": "publish_rows", "_selected_action": [draft.pk, public.pk]}
    said = told(editor.post(LIST, data, follow=True))
    assert "„Eins“: Veröffentlicht." in said
    assert "„Zwei“: „Veröffentlicht“ kann nicht zu „Veröffentlicht“ werden." in said
    draft.refresh_from_db()
    assert draft.is_published()


def test_a_day_ahead_plans_the_publication(editor: Client, client: Client) -> None:
    practice = make_external("Morgen", state=State.DRAFT, published_at=None)
    day = timezone.localdate() + timedelta(days=1)
    typed = {"published_at_0": f"{day:%d.%m.%Y}", "published_at_1": "08:00", "_move": "publish"}
    page = Page.of(editor.post(change(practice), sent_by(editor, change(practice), **typed), follow=True))
    assert f"Eingeplant ab {day:%d.%m.%Y}, 08:00 Uhr" in page.main.text
    assert "Auf der Seite ansehen" not in page.main.text
    assert client.get(practice.get_absolute_url()).status_code == 404


def test_who_may_only_read_finds_no_button_and_no_action(cast: Cast) -> None:
    practice = make_external()
    moderator = cast.client("moderator")
    page = Page.of(moderator.get(change(practice)))
    assert not page.main.all("button", name="_move")
    assert practice.title in page.main.text
    assert moderator.post(change(practice), {"_move": "withdraw"}).status_code == 403
    moderator.post(LIST, {"action": "withdraw_rows", "_selected_action": [practice.pk]})
    practice.refresh_from_db()
    assert practice.state == State.PUBLISHED


# ---------------------------------------------------------------- the list


def test_the_list_shows_what_an_editor_asks_first(editor: Client) -> None:
    make_external("Karte", company="Söhne & Co", employees=12, as_of=timezone.localdate())
    row = Page.of(editor.get(LIST)).main.one("table", id="result_list").one("tbody").text
    for words in ("Karte", "Extern veröffentlichtes Beispiel", "Söhne & Co", "klein", "Veröffentlicht"):
        assert words in row


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "töchter"}, ["Alt"]),
        ({"q": "altena"}, ["Neu"]),
        ({"q": "100% _'\"\\"}, []),
        ({"state__exact": "draft"}, ["Neu"]),
        ({"as_of__isempty": "1"}, ["Neu"]),
        ({"groesse": "klein"}, ["Alt"]),
        ({"groesse": "unbekannt"}, ["Neu"]),
        ({"groesse": "riesig"}, ["Alt", "Neu"]),
        ({"sichtbar": "jetzt"}, ["Alt"]),
        ({"kind__exact": "own"}, []),
    ],
)
def test_the_list_is_searched_and_narrowed(editor: Client, query: dict[str, str], found: list[str]) -> None:
    make_external("Alt", company="Töchter & Co", employees=12, as_of=timezone.localdate())
    make_external("Neu", state=State.DRAFT, published_at=None, municipality=make_municipality("Altena"))
    changelist = editor.get(LIST, query).context["cl"]
    assert sorted(str(row) for row in changelist.result_list) == found


def test_unknown_questions_to_the_list_are_no_fault_of_ours(editor: Client) -> None:
    for query in (
        "?state__exact=x",
        "?p=99999",
        "?o=99.-7",
        "?gibt=es-nicht",
        "?branches__id__exact=x",
        "?as_of__isempty=9",
    ):
        assert editor.get(f"{LIST}{query}", follow=True).status_code == 200, query


def test_the_link_to_the_page_is_there_when_there_is_a_page(editor: Client) -> None:
    practice = make_external("Karte")
    assert practice.get_absolute_url() in Page.of(editor.get(change(practice))).links
    Practice.objects.update(state=State.DRAFT)
    assert practice.get_absolute_url() not in Page.of(editor.get(change(practice))).links


def test_an_example_is_deleted_with_its_parts_and_the_pictures_stay(editor: Client) -> None:
    practice = make_external()
    add_parts(practice, 1)
    image = practice.pictures.get().image
    assert editor.post(f"/admin/practices/practice/{practice.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Effect.objects.exists()
    image.refresh_from_db()
