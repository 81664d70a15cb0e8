"""The form in front of a dialogue: what it asks, what it keeps, what it refuses and how it says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dialogues import links, registration
from dialogues.models import Attendee, Dialogue, Question, Registration, RegistrationEvent
from dialogues.party import Person
from dialogues.signup_views import POSTS_AN_HOUR
from platform_mark.mail.models import OutgoingMail
from tests.dialogues.make import make_dialogue, make_registration
from tests.make import make_branch
from tests.markup import Page

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
INPUT = {
    "company": "Heat & Co's Härterei",
    "contact_name": "Mara O'Brien",
    "email": "chefin@haerterei.example",
    "rows": "1",
    "name-0": "Mara O'Brien",
    "group": "all",
    "size": "",
    "branch": "",
    "needs": "",
}


def address(dialogue: Dialogue) -> str:
    return f"/dialoge/{dialogue.slug}/anmelden/"


def fill_in(client: Any, dialogue: Dialogue, seconds: float = 20, path: str = "", **changes: Any) -> Any:
    """Open the form, take some time, post it."""
    path = path or address(dialogue)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        opened = client.get(path).context["form"].fields["opened"].initial
        clock.shift(timedelta(seconds=seconds))
        return client.post(path, {**INPUT, "opened": opened, **changes})


def typed(form: Any, *names: str) -> list[Any]:
    return [form[name].value() for name in names]


def test_a_sign_up_ends_in_the_page_that_says_to_look_into_the_mail(client: Any) -> None:
    dialogue, branch = make_dialogue(), make_branch("Metall")
    changes = {"rows": "2", "name-1": "", "group": "singly", "size": "small", "branch": str(branch.pk)}
    response = fill_in(client, dialogue, **changes, needs="vegan", needs_agreed="on", news_agreed="on")
    assert (response.status_code, response["Location"]) == (302, f"/dialoge/{dialogue.slug}/fast-fertig/")
    row = Registration.objects.get()
    assert (row.company, row.group, row.size, row.branch, row.needs) == (
        *("Heat & Co's Härterei", "singly", "small"),
        *(branch, "vegan"),
    )
    assert [str(person) for person in row.attendees.all()] == ["Mara O'Brien", "N.N."]
    assert (row.state, bool(row.news_agreed_at), bool(row.list_agreed_at)) == ("pending", True, False)
    page = client.get(response["Location"]).content.decode()
    assert "Bis Sie bestätigen, halten wir keinen Platz frei." in page


def test_who_signs_up_alone_and_leaves_the_name_of_the_person_empty_comes_in_person(client: Any) -> None:
    dialogue = make_dialogue()
    assert "Leer lassen: Sie selbst kommen." in client.get(address(dialogue)).content.decode()
    more = fill_in(client, dialogue, more="1").content.decode()
    assert "Sie selbst kommen" not in more

    fill_in(client, dialogue, **{"name-0": " "})
    assert [person.name for person in Registration.objects.get().attendees.all()] == ["Mara O'Brien"]
    fill_in(client, dialogue, email="zwei@firma.example", rows="2", **{"name-0": "", "name-1": "Jens"})
    two = Registration.objects.get(email="zwei@firma.example")
    assert [person.name for person in two.attendees.all()] == ["", "Jens"]


def test_consents_are_unticked_and_the_notice_is_there_without_a_box(client: Any) -> None:
    form = client.get(address(make_dialogue())).context["form"]
    assert typed(form, "needs_agreed", "news_agreed", "list_agreed") == [None, None, None] or not any(
        typed(form, "needs_agreed", "news_agreed", "list_agreed")
    )
    page = client.get(address(make_dialogue(retention_days=45))).content.decode()
    assert "45 Tage nach dem Dialog" in page
    assert page.count('type="checkbox"') == 3


@pytest.mark.parametrize("name", ["company", "contact_name", "email"])
def test_an_empty_field_is_told_beside_it_and_nothing_is_lost(client: Any, name: str) -> None:
    response = fill_in(
        client, make_dialogue(), rows="2", **{"name-1": "Jens", "needs": "vegan", "needs_agreed": "on", name: ""}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "<title>Fehler: Anmelden" in page
    assert list(response.context["form"].errors) == [name]
    assert 'aria-invalid="true"' in page
    assert f'href="#id_{name}"' in page
    assert typed(response.context["form"], "name-1", "needs", "needs_agreed") == ["Jens", "vegan", True]
    assert not Registration.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "chefin.haerterei.example"}, "email"),
        ({"company": "x" * 121}, "company"),
        ({"company": "a\x00b"}, "company"),
        ({"branch": "99999"}, "branch"),
        ({"branch": "9" * 40}, "branch"),
        ({"size": "riesig"}, "size"),
        ({"group": "irgendwie"}, "group"),
        ({"needs": "vegan"}, "needs"),
        ({"kind-0": "1000000"}, "kind-0"),
        ({"kind-0": "vorn"}, "kind-0"),
    ],
)
def test_odd_input_is_an_error_at_its_field(client: Any, changes: dict[str, str], field: str) -> None:
    response = fill_in(client, make_dialogue(online_seats=3), **{"kind-0": "", **changes})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not Registration.objects.exists()


@pytest.mark.parametrize("rows", ["", "0", "-1", "ein", "999", "9" * 50, "²"])
def test_an_odd_number_of_rows_is_bounded(client: Any, rows: str) -> None:
    assert fill_in(client, make_dialogue(), rows=rows).status_code == 302
    assert 1 <= Registration.objects.get().attendees.count() <= 3


def test_another_person_is_a_button_that_keeps_the_input_and_judges_nothing(client: Any) -> None:
    dialogue = make_dialogue(most_per_company=3)
    response = fill_in(client, dialogue, more="1", email="halb", needs="vegan")
    form = response.context["form"]
    assert (response.status_code, form.number, form.errors) == (200, 2, {})
    assert typed(form, "company", "email", "name-0", "name-1", "needs") == [
        *("Heat & Co's Härterei", "halb", "Mara O'Brien"),
        *("", "vegan"),
    ]
    response = fill_in(client, dialogue, rows="3", without="0", **{"name-1": "Jens", "name-2": "Aylin"})
    form = response.context["form"]
    assert (form.number, typed(form, "name-0", "name-1")) == (2, ["Jens", "Aylin"])
    response = fill_in(client, dialogue, rows="3", more="1")
    assert response.context["form"].number == 3
    assert "höchstens 3 Personen" in response.content.decode()
    assert not Registration.objects.exists()


def test_where_only_the_waiting_list_is_open_no_seat_is_promised(client: Any) -> None:
    dialogue = make_dialogue(seats=1)
    make_registration(dialogue)

    page = Page.of(client.get(fill_in(client, dialogue)["Location"])).main.text

    assert "Erst wenn Sie bestätigen, bekommen Sie einen Platz auf der Warteliste." in page
    assert "Platz fest" not in page
    mail = OutgoingMail.objects.get(kind="dialog-bestaetigen").text
    assert "Wenn Sie bestätigen, bekommen Sie einen Platz auf der Warteliste." in mail
    Dialogue.objects.update(is_moderated=True)
    page = Page.of(client.get(f"/dialoge/{dialogue.slug}/fast-fertig/")).main.text
    assert "Wir prüfen" in page and "Warteliste" not in page


def test_after_a_row_came_or_went_the_page_opens_at_the_people(client: Any) -> None:
    dialogue = make_dialogue(most_per_company=3)

    def focused(**changes: str) -> list[str]:
        return [field["name"] for field in Page.of(fill_in(client, dialogue, **changes)).all() if "autofocus" in field]

    assert not Page.of(client.get(address(dialogue))).all(autofocus="")
    assert focused(rows="1", more="1") == ["name-1"]
    assert focused(rows="3", more="1") == ["name-2"], "no row beyond the last"
    assert focused(rows="3", without="1") == ["name-1"]
    assert focused(rows="2", without="1") == ["name-0"]


def test_the_kind_of_seat_is_asked_only_where_there_is_a_choice(client: Any) -> None:
    assert "kind-0" not in client.get(address(make_dialogue())).context["form"].fields
    dialogue = make_dialogue(online_seats=5)
    online = dialogue.seat_kinds.get(way="online")
    fill_in(client, dialogue, **{"kind-0": str(online.pk)})
    assert Registration.objects.get().attendees.get().seat_kind == online


def test_every_kind_of_question_is_asked_and_its_answer_kept(client: Any) -> None:
    dialogue = make_dialogue()
    text, choice, several, yes_no, voluntary = (
        Question.objects.create(
            dialogue=dialogue, order=n, kind=kind, text=f"Frage {n}?", choices=choices, is_required=n < 4
        )
        for n, (kind, choices) in enumerate(
            [("text", []), ("choice", ["A", "B"]), ("several", ["C", "D"]), ("yes_no", []), ("text", [])]
        )
    )
    names = [f"frage-{question.pk}" for question in (text, choice, several, yes_no)]
    response = fill_in(client, dialogue)
    assert sorted(response.context["form"].errors) == sorted(names)
    assert (
        fill_in(client, dialogue, **dict(zip(names, ["Frei", "X", ["C", "X"], "vielleicht"], strict=True))).status_code
        == 422
    )
    assert (
        fill_in(client, dialogue, **dict(zip(names, ["Frei", "B", ["C", "D"], "ja"], strict=True))).status_code == 302
    )
    row = Registration.objects.get()
    assert dict(row.answers.values_list("question", "texts")) == {
        text.pk: ["Frei"],
        choice.pk: ["B"],
        several.pk: ["C", "D"],
        yes_no.pk: ["ja"],
    }
    assert voluntary.answers.count() == 0


@pytest.mark.parametrize("trap", [{"seconds": 0}, {"website": "https://spam.example"}])
def test_a_caught_post_gets_one_more_plain_step_and_loses_nothing(client: Any, trap: dict[str, Any]) -> None:
    dialogue = make_dialogue()
    response = fill_in(client, dialogue, rows="2", **{"name-1": "Jens", "list_agreed": "on", **trap})
    assert response.status_code == 422
    assert "noch einmal ab" in response.content.decode()
    assert not Registration.objects.exists()
    form = response.context["form"]
    again = {name: form[name].value() for name in form.fields if form[name].value()}
    assert (again["name-1"], again["list_agreed"], again.get("website")) == ("Jens", True, None)
    with time_machine.travel(timezone.now() + timedelta(seconds=60)):
        assert client.post(address(dialogue), again).status_code == 302
    assert Registration.objects.get().attendees.count() == 2


def test_double_click_reload_and_back_make_one_row_one_mail_and_the_same_page(client: Any) -> None:
    dialogue = make_dialogue()
    answers = {fill_in(client, dialogue)["Location"] for _ in range(4)}
    assert len(answers) == 1
    assert (Registration.objects.count(), OutgoingMail.objects.count()) == (1, 1)


def test_the_answer_is_the_same_whatever_is_known_about_the_address(client: Any, settings: Any) -> None:
    settings.POST_LIMIT_FACTOR = 100
    dialogue = make_dialogue(seats=1)
    seen = set()

    def note(**changes: Any) -> None:
        response = fill_in(client, dialogue, **changes)
        headers = tuple(sorted(response.headers.items()))
        seen.add((response.status_code, headers, response.content, len(response.cookies)))

    note()
    note()
    row = registration.confirm(Registration.objects.get())
    note()
    registration.cancel(row)
    note()
    registration.confirm(Registration.objects.get(state="pending"))
    note(email="andere@firma.example")
    waiting = registration.confirm(Registration.objects.get(state="pending"))
    assert waiting.state == "waiting"
    note(email="andere@firma.example")
    assert len(seen) == 1
    assert OutgoingMail.objects.filter(kind="dialog-schon-angemeldet").count() >= 1


def test_an_address_that_is_signed_up_makes_as_much_work_and_leaves_no_trace_of_it(client: Any, settings: Any) -> None:
    settings.POST_LIMIT_FACTOR = 100
    dialogue = make_dialogue()

    def statements(**changes: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            fill_in(client, dialogue, **changes)
        return len(captured)

    fill_in(client, dialogue)
    registration.confirm(Registration.objects.get())
    before = [model.objects.count() for model in (Registration, Attendee, RegistrationEvent)]
    known = statements()
    assert [model.objects.count() for model in (Registration, Attendee, RegistrationEvent)] == before
    unknown = statements(email="andere@firma.example")
    assert abs(known - unknown) <= 2, "the time of the answer would tell who is signed up"


def test_a_flood_for_one_address_looks_the_same_but_sends_three_mails(client: Any, settings: Any) -> None:
    settings.POST_LIMIT_FACTOR = 100
    answers = {fill_in(client, make_dialogue(f"Dialog {n}", slug="d" * (n + 1))).status_code for n in range(5)}
    assert answers == {302}
    assert OutgoingMail.objects.count() == 3


def test_too_many_posts_from_one_place_get_a_page_that_says_when_to_come_back(client: Any) -> None:
    path = address(make_dialogue())
    answers = {client.post(path, {}).status_code for _ in range(POSTS_AN_HOUR)}
    response = client.post(path, {})
    assert answers == {422}
    assert (response.status_code, response["Retry-After"]) == (429, "3600")
    assert client.post(path, {"more": "1"}).status_code == 200


def test_a_form_opened_before_closing_and_posted_after_says_so_and_stores_nothing(client: Any) -> None:
    dialogue = make_dialogue()
    opened = client.get(address(dialogue)).context["form"].fields["opened"].initial
    Dialogue.objects.update(signup_closes_at=timezone.now() - HOUR)
    response = client.post(address(dialogue), {**INPUT, "opened": opened})
    assert response.status_code == 409
    assert "inzwischen geschlossen. Wir haben nichts gespeichert" in response.content.decode()
    assert not Registration.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"signup_closes_at": timezone.now() - HOUR}, "Anmeldung geschlossen"),
        ({"signup_opens_at": timezone.now() + HOUR}, "Anmeldung ab"),
        ({"cancelled_at": timezone.now(), "cancel_reason": "Die Halle ist gesperrt."}, "Die Halle ist gesperrt."),
        ({"starts_at": timezone.now() - 9 * HOUR, "ends_at": timezone.now() - HOUR}, "Vorbei"),
        ({"is_by_invitation": True}, "laden wir persönlich ein"),
        ({"seats": 0}, "Ausgebucht"),
    ],
)
def test_where_nobody_can_sign_up_the_page_says_why_and_gives_a_number(
    client: Any, fields: dict[str, Any], words: str
) -> None:
    response = client.get(address(make_dialogue(**fields)))
    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert 'href="tel:' in page
    assert "<form" not in page
    assert not response.cookies


def test_what_is_not_public_has_no_form(client: Any) -> None:
    dialogue = make_dialogue(state="draft", published_at=None)
    assert client.get(address(dialogue)).status_code == 404
    assert client.post(address(dialogue), INPUT).status_code == 404
    assert client.get(f"/dialoge/{dialogue.slug}/fast-fertig/").status_code == 404


def test_the_link_of_an_invitation_opens_the_form_and_travels_nowhere(client: Any) -> None:
    dialogue = make_dialogue(is_by_invitation=True)
    path = f"{address(dialogue)}{links.invitation_token(dialogue)}/"
    invited = client.get(path)
    assert (invited["Referrer-Policy"], invited["Cache-Control"]) == ("same-origin", "private, no-store")
    assert "noindex" in invited["X-Robots-Tag"]
    assert fill_in(client, dialogue, path=path).status_code == 302
    assert client.get(f"{address(dialogue)}falsch/").status_code == 404
    assert client.post(address(dialogue), INPUT).status_code == 409


def test_the_form_says_where_in_the_words_of_the_mails(client: Any) -> None:
    dialogue = make_dialogue(online_seats=5, street="Hallenweg 1", postal_code="44135", place="Dortmund")

    plate = Page.of(client.get(address(dialogue))).main.one("section", class_="sheet plate stack").text

    assert "Federnwerk & Söhne, Halle 2, Hallenweg 1, 44135 Dortmund und online" in plate


def test_a_full_dialogue_says_before_that_it_is_the_waiting_list(client: Any) -> None:
    dialogue = make_dialogue(seats=1)
    kind = dialogue.seat_kinds.get()
    values = {"company": "A", "contact_name": "A", "email": "a@firma.example", "people": [Person("A", kind)]}
    row = registration.sign_up(dialogue, **values)
    assert row
    assert "Auf die Warteliste setzen" not in client.get(address(dialogue)).content.decode()
    registration.confirm(row)
    assert "Auf die Warteliste setzen" in client.get(address(dialogue)).content.decode()


# A statement has to do without the lock, too, however slow the machine.
PATIENCE = {"lock_timeout": "200ms", "statement_timeout": "2s"}


@contextmanager
def locked_by_others(dialogue: Dialogue, *, limit: str = "lock_timeout") -> Iterator[None]:
    """Let another connection hold the dialogue, and this one lose its patience soon, with the lock or the statement."""
    other = connections.create_connection("default")
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM dialogues_dialogue WHERE id = %s FOR UPDATE", [dialogue.pk])
        with connection.cursor() as cursor:
            cursor.execute(f"SET {limit} = '{PATIENCE[limit]}'")
        yield
    finally:
        other.rollback()
        other.close()
        with connection.cursor() as cursor:
            cursor.execute(f"RESET {limit}")


@pytest.mark.django_db(transaction=True)
def test_a_dialogue_that_stays_locked_gives_a_kind_answer_and_keeps_the_input(client: Any) -> None:
    dialogue = make_dialogue()
    with locked_by_others(dialogue):
        response = fill_in(client, dialogue)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "in einer Minute noch einmal" in response.content.decode()
    assert typed(response.context["form"], "company") == [INPUT["company"]]
    assert not Registration.objects.exists()
    assert not connection.in_atomic_block


def test_the_form_makes_the_same_queries_for_many_rows(client: Any, django_assert_max_num_queries: Any) -> None:
    dialogue = make_dialogue(most_per_company=50, online_seats=5)
    make_branch("Metall")
    with django_assert_max_num_queries(8):
        client.post(address(dialogue), {"rows": "49", "more": "1"})
