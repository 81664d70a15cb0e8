"""Cards for trainees, employees and managers: found, shown, printed, tried."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dialogues.formats import reporting
from dialogues.formats.models import Format, TryReport
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.publishing import versions
from platform_mark.publishing.models import State
from tests.cast import make_cast
from tests.dialogues.formats.make import make_format
from tests.mails import went_out
from tests.make import make_branch
from tests.markup import Page

pytestmark = pytest.mark.django_db

REPORT = {
    "where": "Heat & Co's Härterei",
    "size": "small",
    "with_whom": "drei Azubis",
    "worked": "41 Zettel an der Wand.",
    "failed": "Zu viele Bereiche auf einmal.",
    "would_repeat": "on",
    "email": "ausbildung@haerterei.test",
}


def titles(client: Client, **query: Any) -> set[str]:
    page = Page.of(client.get(reverse("formats:list"), query))
    return {article.one("h3").text for article in page.main.all("article")}


def send(client: Client, path: str, data: dict[str, str]) -> Any:
    """Fill in a form as slowly as a person does."""
    form = Page.of(client.get(path)).main
    opened = form.one("input", name="opened")["value"]
    with time_machine.travel(timezone.now() + timedelta(seconds=30), tick=True):
        return client.post(path, {**data, "opened": opened})


def link_of(message: OutgoingMail) -> str:
    return next(word for word in full_text(message).split() if word.startswith("https://")).partition("test/")[2]


def test_the_list_is_narrowed_by_target_group_goal_time_group_cost_place_and_branch(client: Client) -> None:
    metal = make_branch("Metall")
    make_format("Zettel suchen", branches=(metal,), cost_to=0, group_from=2, group_to=4)
    make_format(
        "Angebote lesen",
        target_groups=["managers"],
        goal="inform",
        duration_minutes=45,
        group_from=8,
        group_to=12,
        preparation_minutes=30,
        cost_to=900,
        place="elsewhere",
    )
    for query, expected in (
        ({"zielgruppe": "auszubildende"}, {"Zettel suchen"}),
        ({"ziel": "informieren"}, {"Angebote lesen"}),
        ({"dauer": "bis-1-stunde"}, {"Angebote lesen"}),
        ({"gruppe": "bis-6-personen"}, {"Zettel suchen"}),
        ({"vorbereitung": "keine"}, {"Zettel suchen"}),
        ({"kosten": "kostenlos"}, {"Zettel suchen"}),
        ({"ort": "an-einem-anderen-ort"}, {"Angebote lesen"}),
        # A format for all branches is one for this branch, too.
        ({"branche": "metall"}, {"Zettel suchen", "Angebote lesen"}),
        ({"q": "Angebote"}, {"Angebote lesen"}),
    ):
        assert titles(client, **query) == expected, query


def test_an_unknown_filter_shows_nothing_and_says_so(client: Client) -> None:
    make_format("Zettel suchen")
    response = client.get(reverse("formats:list"), {"ziel": "weltfrieden"})
    assert response.status_code == 200
    assert "Diesen Filter kennen wir nicht: weltfrieden" in Page.of(response).main.text


@pytest.mark.parametrize(
    "hidden",
    [
        {"state": State.DRAFT, "published_at": None},
        {"published_at": timezone.now() + timedelta(days=3)},
        {"state": State.ARCHIVED},
    ],
)
def test_what_is_not_public_is_found_nowhere(client: Client, hidden: dict[str, Any]) -> None:
    found = make_format("Noch geheim", **hidden)
    assert titles(client) == set()
    assert client.get(found.get_absolute_url()).status_code == 404
    assert "Noch geheim" not in client.get(reverse("formats:set"), {"f": found.slug}).content.decode()
    assert client.get(reverse("formats:report", args=[found.slug])).status_code == 404


def test_a_card_says_how_long_with_whom_what_for_and_what_goes_wrong(client: Client) -> None:
    found = make_format(
        "Zettel suchen",
        duration_minutes=240,
        group_from=2,
        group_to=6,
        preparation_minutes=60,
        cost_to=0,
        material=["Klebezettel"],
        pitfalls="<p>Es wird nach Schuldigen gesucht.</p>",
        people_involved="Ausbilderin",
        worries="Wer schaut mir auf die Finger?",
    )
    text = Page.of(client.get(found.get_absolute_url())).main.text
    for words in (
        "4 Stunden",
        "2 bis 6 Personen",
        "60 Minuten",
        "kostenlos",
        "Klebezettel",
        "Es wird nach Schuldigen gesucht.",
        "Ausbilderin",
        "Wer schaut mir auf die Finger?",
        "Schritt 0 gehen.",
        "Noch hat niemand berichtet.",
    ):
        assert words in text


def test_a_set_prints_each_card_on_its_own_sheet(client: Client) -> None:
    cards = [make_format(f"Karte {number}") for number in range(3)]
    make_format("Für die Leitung", target_groups=["managers"])
    by_group = Page.of(client.get(reverse("formats:set"), {"zielgruppe": "auszubildende"}))
    assert [card.one("h2").text for card in by_group.main.all("article")] == ["Karte 0", "Karte 1", "Karte 2"]
    chosen = Page.of(client.get(reverse("formats:set"), {"f": [cards[2].slug, "gibt-es-nicht", cards[0].slug]}))
    assert [card.one("h2").text for card in chosen.main.all("article")] == ["Karte 2", "Karte 0"]
    assert Page.of(client.get(reverse("formats:set"), {"zielgruppe": "alle\0"})).main.all("article") == []


def test_the_set_takes_the_words_of_the_list_and_names_what_it_does_not_know(client: Client) -> None:
    make_format("Zettel suchen")
    listed = Page.of(client.get(reverse("formats:list"), {"zielgruppe": "auszubildende"}))
    way = f"{reverse('formats:set')}?zielgruppe=auszubildende"
    assert way in listed.links
    chosen = Page.of(client.get(way)).main
    assert [card.one("h2").text for card in chosen.all("article")] == ["Zettel suchen"]
    assert chosen.one("a", aria_current="true").text == "Auszubildende"
    unknown = Page.of(client.get(reverse("formats:set"), {"zielgruppe": "trainees"})).main
    assert "Diese Zielgruppe kennen wir nicht: trainees" in unknown.text


def test_the_list_asks_the_database_as_often_for_one_card_as_for_many(client: Client) -> None:
    counts = []
    for number in (1, 4):
        for _ in range(number):
            make_format(branches=(make_branch(),))
        client.get(reverse("formats:list"))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("formats:list"))
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 4


def test_who_tried_a_card_reports_confirms_and_is_shown_after_staff_have_read_it(client: Client) -> None:
    found = make_format("Zettel suchen")
    path = reverse("formats:report", args=[found.slug])
    assert send(client, path, REPORT).headers["Location"] == reverse("formats:report-sent")
    message = OutgoingMail.objects.get()
    assert message.subject == "Bitte bestätigen Sie Ihren Bericht: Zettel suchen"
    # Nobody has confirmed that the address is theirs: nothing that was typed.
    assert "Heat" not in full_text(message) and "41 Zettel" not in full_text(message)

    own = f"/{link_of(message)}"
    assert client.get(own).headers["Referrer-Policy"] == "same-origin"
    assert TryReport.objects.get().state == "pending", "looking changes nothing"
    client.post(own)
    assert TryReport.objects.get().state == "received"
    card = found.get_absolute_url()
    assert "41 Zettel" not in client.get(card).content.decode()

    editor = make_cast().client("editor")
    answer = reverse("admin:dialogues_tryreport_answer", args=[TryReport.objects.get().pk])
    assert editor.post(answer, {"decline": "1", "reason": " "}).status_code == 200
    assert editor.post(answer, {"publish": "1"}).status_code == 302
    text = Page.of(client.get(card)).main.text
    assert "41 Zettel an der Wand." in text and "Heat & Co's Härterei, Betriebsgröße klein, mit drei Azubis." in text
    assert "ausbildung@haerterei.test" not in client.get(card).content.decode()
    assert "1-mal ausprobiert" in Page.of(client.get(reverse("formats:list"))).main.text


def test_a_wrong_report_comes_back_with_all_that_was_typed(client: Client) -> None:
    found = make_format()
    path = reverse("formats:report", args=[found.slug])
    response = send(client, path, REPORT | {"email": "ausbildung", "worked": "x" * 1001})
    assert response.status_code == 422
    page = Page.of(response)
    assert page.title.startswith("Fehler:")
    assert page.main.one("input", name="where")["value"] == REPORT["where"]
    assert TryReport.objects.count() == 0 and len(mail.outbox) == 0


def test_a_report_that_nobody_confirmed_is_deleted_and_so_is_an_address_that_is_no_longer_needed() -> None:
    found = make_format()
    fields = {**REPORT, "would_repeat": True}
    old = reporting.report(found, **fields)
    read = reporting.report(found, **fields)
    reporting.confirm(read)
    reporting.publish(read)
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert reporting.forget_old() == (0, 0), "its mail still waits"
    went_out()
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert reporting.forget_old() == (1, 1)
        assert reporting.forget_old() == (0, 0)
    assert not TryReport.objects.filter(pk=old.pk).exists()
    assert TryReport.objects.get(pk=read.pk).email == ""


def test_staff_write_a_card_preview_it_publish_it_and_bring_back_an_old_version(client: Client) -> None:
    editor = make_cast().client("editor")
    add = reverse("admin:dialogues_format_add")
    form = {
        field["name"]: field["value"]
        for field in Page.of(editor.get(add)).main.all("input")
        if field["name"] and field["type"] in ("hidden", "number", "text")
    }
    form |= {
        "title": "Zettel suchen",
        "teaser": "Ein halber Tag.",
        "target_groups": ["trainees"],
        "goal": "try",
        "place": "company",
        "duration_minutes": "240",
        "group_from": "6",
        "group_to": "2",
    }
    refused = editor.post(add, form)
    assert "muss mindestens so groß sein" in refused.content.decode()
    assert editor.post(add, form | {"group_to": "8", "_move": "submit"}).status_code == 302
    found = Format.objects.get()
    assert (found.slug, found.state) == ("zettel-suchen", "review")

    editor.post(reverse("admin:dialogues_format_preview", args=[found.pk]))
    message = editor.get(reverse("admin:dialogues_format_change", args=[found.pk])).content.decode()
    preview = re.findall(r"/formate/vorschau/[^<\s\"]+", message)[0]
    shown = client.get(preview)
    assert shown.status_code == 200 and "Vorschau, noch nicht veröffentlicht" in shown.content.decode()
    assert shown.headers["X-Robots-Tag"] == "noindex, nofollow"

    move = reverse("admin:dialogues_format_change", args=[found.pk])
    form |= {"group_to": "8", "slug": "zettel-suchen", "seen": "", "teaser": "Ein ganzer Tag.", "_move": "publish"}
    assert editor.post(move, form).status_code == 302
    assert "Ein ganzer Tag." in client.get("/formate/zettel-suchen/").content.decode()
    history = reverse("admin:dialogues_format_versions", args=[found.pk])
    oldest = [field["value"] for field in Page.of(editor.get(history)).main.all("input", name="version")][-1]
    editor.post(history, {"version": oldest})
    assert "Ein halber Tag." in client.get("/formate/zettel-suchen/").content.decode()


def test_what_a_format_says_today_is_kept_before_an_old_version_takes_its_place() -> None:
    editor = make_cast().client("editor")
    made = make_format("Zettel suchen", teaser="Ein halber Tag.")
    old = versions.record(made, by=None)
    assert old
    # By a job or a command, which keep no version.
    Format.objects.update(teaser="Ein ganzer Tag.")

    editor.post(reverse("admin:dialogues_format_versions", args=[made.pk]), {"version": old.pk})

    teasers = [version.data["teaser"] for version in versions.Version.objects.of(made)]
    assert teasers == ["Ein halber Tag.", "Ein ganzer Tag.", "Ein halber Tag."]


def test_cards_tell_minutes_and_hours_in_the_same_short_form(client: Client) -> None:
    make_format("Kurz", duration_minutes=90)
    make_format("Lang", duration_minutes=240)

    figures = [card.one("b").text for card in Page.of(client.get(reverse("formats:list"))).main.all("article")]

    assert sorted(figure.replace("\N{NO-BREAK SPACE}", " ") for figure in figures) == ["4 Std.", "90 Min."]
