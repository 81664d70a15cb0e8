"""Dialogues and participants in the administration: who may do what, and that each page calls the rule and no other."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from dialogues import registration as signing_up
from dialogues import seats, snapshot
from dialogues.models import Agreement, Dialogue, Question, Registration, Report, SeatKind
from dialogues.party import Person
from platform_mark.mail.models import OutgoingMail
from platform_mark.publishing.models import State
from platform_mark.publishing.versions import Version, record
from tests.cast import PEOPLE, Cast, make_cast
from tests.dialogues.make import in_days, make_actor, make_dialogue, make_registration
from tests.dialogues.test_sign_up_form import locked_by_others
from tests.make import make_branch, make_practice
from tests.markup import Page

pytestmark = pytest.mark.django_db

SECRET = ("Geheim & Co's GmbH", "Kim Verborgen", "kim@geheim.example", "Toni Unsichtbar")


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    return make_cast()


def make_secret(dialogue: Dialogue, **fields: Any) -> Registration:
    """A booking whose names must not be seen by who has no right to them."""
    company, contact, email, person = SECRET
    registration = make_registration(dialogue, **{"company": company, "contact_name": contact, "email": email} | fields)
    registration.attendees.update(name=person)
    return registration


def own(name: str, row: Any = None) -> str:
    kind = "registration" if isinstance(row, Registration) else "dialogue"
    return reverse(f"admin:dialogues_{kind}_{name}", args=[row.pk] if row else [])


def said(response: HttpResponse) -> str:
    """What the pages that follow tell the person who pressed."""
    return " ".join(item.text for item in Page.of(response).all("ul", class_="messagelist"))


def filled_form(client: Any, address: str) -> dict[str, Any]:
    """What a browser would send of a form that nobody changed."""
    form = next(form for form in Page.of(client.get(address)).main.all("form") if form["id"].endswith("_form"))
    values: dict[str, Any] = {}
    for field in form.all("input", "textarea", "select"):
        name, kind = field["name"], field["type"]
        if not name or kind in {"submit", "button"} or (kind in {"checkbox", "radio"} and "checked" not in field):
            continue
        if field.tag == "textarea":
            value: Any = "".join(text for text in field.children if isinstance(text, str)).removeprefix("\n")
        elif field.tag == "select":
            value = [option["value"] for option in field.all("option") if "selected" in option]
        else:
            value = field["value"]
        values.setdefault(name, [])
        values[name] += value if isinstance(value, list) else [value]
    return values


# ---------------------------------------------------------------- who may


def test_who_has_no_right_to_participants_gets_403_and_sees_no_name_anywhere(cast: Cast) -> None:
    dialogue = make_dialogue("Rüsten", seats=1, starts_at=in_days(-1))
    registration = make_secret(dialogue)
    ahead = make_dialogue("Morgen", seats=1)
    make_secret(ahead, state=Registration.State.WAITING)
    pages = [own(name, dialogue) for name in ("participants", "badges", "check_in")]
    pages += [reverse("admin:dialogues_registration_changelist"), reverse("admin:dialogues_registration_export")]
    pages += [own(name, registration) for name in ("change", "history", "cancel", "transfer", "erase")]
    others = [own("change", dialogue), own("change", ahead), own("history", dialogue), own("delete", dialogue)]
    others += [own("changelist"), own("calendar"), own("statistics"), own("versions", dialogue), "/admin/"]
    walked = 0
    for name, roles in PEOPLE.items():
        if not roles or "Veranstaltungen" in roles:
            continue
        client = cast.client(name)
        for address in pages:
            assert client.get(address).status_code == 403, (name, address)
            assert client.post(address, {"person": registration.attendees.get().pk, "da": "ja"}).status_code == 403
        for address in [*pages, *others]:
            html = client.get(address).content.decode()
            assert not [word for word in SECRET if word in html or word.replace("&", "&amp;") in html], (name, address)
            walked += 1
    query = {"app_label": "dialogues", "model_name": "agreement", "field_name": "dialogue", "term": "Geheim"}
    assert "Geheim" not in cast.client("editor").get("/admin/autocomplete/", query).content.decode()
    assert walked >= 60
    assert SECRET[3] in cast.client("organiser").get(pages[0]).content.decode()


def test_a_dialogue_with_sign_ups_is_not_deleted_and_the_refusal_names_nobody(cast: Cast) -> None:
    dialogue, empty = make_dialogue("Rüsten"), make_dialogue("Leer")
    make_secret(dialogue)
    client = cast.client("organiser")

    page = client.get(own("delete", dialogue)).content.decode()
    assert "Sagen Sie den Dialog ab, statt ihn zu löschen" in page
    assert not [word for word in SECRET if word in page]
    client.post(own("delete", dialogue), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [dialogue.pk, empty.pk], "post": "yes"}
    client.post(own("changelist"), chosen)
    assert Dialogue.objects.count() == 2

    client.post(own("delete", empty), {"post": "yes"})
    assert list(Dialogue.objects.all()) == [dialogue]


def test_looking_at_the_pages_changes_nothing(cast: Cast) -> None:
    dialogue = make_dialogue()
    registration = make_registration(dialogue)
    client = cast.client("organiser")
    before = list(Registration.objects.values()) + list(Dialogue.objects.values()) + list(OutgoingMail.objects.values())
    for name in ("cancel", "reschedule", "copy", "series", "participants", "badges", "check_in", "change"):
        assert client.get(own(name, dialogue)).status_code == 200, name
    for name in ("cancel", "move", "merge", "transfer", "resend", "erase", "change"):
        assert client.get(own(name, registration)).status_code == 200, name
    for name in ("report", "invitation", "no_shows"):
        assert client.get(own(name, dialogue)).status_code == 405, name
    after = list(Registration.objects.values()) + list(Dialogue.objects.values()) + list(OutgoingMail.objects.values())
    assert after == before


# ---------------------------------------------------------------- planning in the form


def test_publishing_names_what_is_missing_and_then_works(cast: Cast) -> None:
    dialogue = make_dialogue(state=State.DRAFT, published_at=None, seats=0, place="Dortmund")
    client = cast.client("organiser")

    response = client.post(own("move", dialogue), {"_move": "publish"}, follow=True)
    assert "Plätze vor Ort fehlen" in said(response)
    assert "Plätze vor Ort fehlen" in Page.of(client.get(own("change", dialogue))).main.text
    SeatKind.objects.create(dialogue=dialogue, capacity=5)
    client.post(own("move", dialogue), {"_move": "publish"})

    dialogue.refresh_from_db()
    assert dialogue.state == State.PUBLISHED


def test_a_public_dialogue_without_its_online_link_waits_on_the_start_page(cast: Cast) -> None:
    make_dialogue("Vor Ort")
    make_dialogue("Mit Link", seats=0, online_seats=9, online_link="https://raum.example/1")
    make_dialogue("Vorbei", online_seats=9, starts_at=in_days(-3))
    make_dialogue("Abgesagt", online_seats=9, cancelled_at=timezone.now(), cancel_reason="Krank.")
    make_dialogue("Ohne Link", online_seats=9)
    client = cast.client("organiser")

    [todo] = [todo for todo in client.get("/admin/").context["todos"] if "Link" in todo.text]
    assert (todo.count, todo.text) == (1, "kommender Dialog ohne Link zur Online-Teilnahme")
    assert [row.title for row in client.get(todo.url).context["cl"].result_list] == ["Ohne Link"]


def test_the_form_says_in_one_line_how_the_sign_up_stands(cast: Cast) -> None:
    dialogue = make_dialogue(seats=3, shows_exact_numbers=True)
    make_registration(dialogue, people=2)
    make_registration(dialogue, people=2, state=Registration.State.WAITING)
    make_registration(dialogue, state=Registration.State.CANCELLED)

    text = Page.of(cast.client("organiser").get(own("change", dialogue))).main.text

    assert (
        "Warteliste (2 von 3 belegt). 2 Anmeldungen, 4 Personen. 1 wartet, 1 Platz mehr würde alle aufnehmen." in text
    )
    assert "vor Ihnen" not in text


def test_saving_the_form_moves_up_who_waits_and_warns_when_seats_are_too_few(cast: Cast) -> None:
    dialogue = make_dialogue(seats=1, place="Dortmund")
    make_registration(dialogue)
    waiting = make_registration(dialogue, state=Registration.State.WAITING)
    client = cast.client("organiser")
    assert "1 wartet, 1 Platz mehr würde alle aufnehmen" in Page.of(client.get(own("changelist"))).main.text

    values = filled_form(client, own("change", dialogue))
    response = client.post(own("change", dialogue), values | {"seat_kinds-0-capacity": "2"}, follow=True)
    assert "1 wartende Anmeldung rückt nach und erfährt es per E-Mail." in said(response)
    waiting.refresh_from_db()
    assert waiting.state == Registration.State.CONFIRMED

    values = filled_form(client, own("change", dialogue))
    response = client.post(own("change", dialogue), values | {"seat_kinds-0-capacity": "1"}, follow=True)
    assert "2 Personen haben einen Platz, es gibt aber nur 1" in said(response)
    assert Registration.objects.filter(state__in=Registration.SEATED).count() == 2


def test_saving_more_seats_says_how_many_were_offered_one(cast: Cast) -> None:
    dialogue = make_dialogue(seats=1, place="Dortmund", waiting_mode="offer")
    make_registration(dialogue)
    for _ in range(2):
        make_registration(dialogue, state=Registration.State.WAITING)
    client = cast.client("organiser")

    values = filled_form(client, own("change", dialogue))
    response = client.post(own("change", dialogue), values | {"seat_kinds-0-capacity": "9"}, follow=True)

    assert "2 wartende Anmeldungen bekommen einen Platz angeboten, per E-Mail mit Frist." in said(response)


def test_a_kind_of_seat_that_people_have_chosen_stays_and_nobody_is_named(cast: Cast) -> None:
    dialogue = make_dialogue(place="Dortmund")
    make_secret(dialogue)
    client = cast.client("organiser")
    values = filled_form(client, own("change", dialogue))

    html = client.post(own("change", dialogue), values | {"seat_kinds-0-DELETE": "on"}).content.decode()

    assert "Setzen Sie die Zahl auf 0, statt sie zu löschen." in html
    assert not [word for word in SECRET if word in html]
    assert dialogue.seat_kinds.count() == 1


def test_two_at_once_do_not_overwrite_each_other_unseen(cast: Cast) -> None:
    dialogue = make_dialogue("Rüsten", place="Dortmund")
    one, other = cast.client("organiser"), cast.client("superuser")
    mine, theirs = filled_form(one, own("change", dialogue)), filled_form(other, own("change", dialogue))

    other.post(own("change", dialogue), theirs | {"teaser": "Von der Kollegin."})
    response = one.post(own("change", dialogue), mine | {"teaser": "Von mir."})

    assert "hat jemand anders gespeichert" in Page.of(response).main.text
    dialogue.refresh_from_db()
    assert dialogue.teaser == "Von der Kollegin."


def test_time_and_place_of_what_is_public_are_no_fields_of_the_form(cast: Cast) -> None:
    dialogue = make_dialogue(place="Dortmund")
    make_registration(dialogue)
    client = cast.client("organiser")
    values = filled_form(client, own("change", dialogue))
    assert "starts_at_0" not in values

    client.post(
        own("change", dialogue), values | {"starts_at_0": "01.01.2030", "starts_at_1": "10:00", "venue": "Woanders"}
    )

    dialogue.refresh_from_db()
    assert (dialogue.starts_at, dialogue.venue) == (in_days(14), "Federnwerk & Söhne, Halle 2")
    assert OutgoingMail.objects.count() == 0


def test_a_skipped_hour_is_refused_in_the_form_with_the_input_kept(cast: Cast) -> None:
    dialogue = make_dialogue(state=State.DRAFT, published_at=None, place="Dortmund")
    client = cast.client("organiser")
    values = filled_form(client, own("change", dialogue))
    night = {"starts_at_0": "28.03.2027", "starts_at_1": "02:30", "ends_at_0": "28.03.2027", "ends_at_1": "06:00"}

    response = client.post(own("change", dialogue), values | night)

    page = Page.of(response)
    assert "02:30 Uhr gibt es am 28. März 2027 nicht" in page.main.text
    assert page.main.one("input", name="starts_at_1")["value"] == "02:30"
    doubled = {"starts_at_0": "31.10.2027", "starts_at_1": "02:30", "ends_at_0": "31.10.2027", "ends_at_1": "06:00"}
    client.post(own("change", dialogue), values | doubled)
    dialogue.refresh_from_db()
    assert dialogue.starts_at == datetime.fromisoformat("2027-10-31T00:30:00+00:00")


def test_cancelling_and_moving_go_by_their_pages(cast: Cast) -> None:
    dialogue = make_dialogue("Rüsten", place="Dortmund")
    make_registration(dialogue, email="kommt@firma.example")
    client = cast.client("organiser")

    assert "Alle" not in Page.of(client.get(own("cancel", dialogue))).main.text
    response = client.post(own("cancel", dialogue), {"reason": " "})
    assert Page.of(response).title.startswith("Fehler:")
    assert "Nennen Sie den Grund." in Page.of(response).main.text
    start = in_days(30)
    local = timezone.localtime(start)
    values = filled_step(client, own("reschedule", dialogue))
    values |= {
        "starts_at_0": f"{local:%d.%m.%Y}",
        "starts_at_1": "16:00",
        "ends_at_0": f"{local:%d.%m.%Y}",
        "ends_at_1": "18:00",
    }
    response = client.post(own("reschedule", dialogue), values, follow=True)
    assert "1 Anmeldung bekommt eine E-Mail." in said(response)
    dialogue.refresh_from_db()
    assert (dialogue.starts_at, dialogue.moved_from) == (start, in_days(14))
    response = client.post(own("cancel", dialogue), {"reason": "Krank."}, follow=True)
    assert "Der Dialog ist abgesagt. 1 Anmeldung bekommt eine E-Mail." in said(response)
    assert OutgoingMail.objects.count() == 2
    assert Version.objects.of(dialogue).first().created_by == cast.person("organiser").user
    assert LogEntry.objects.filter(user=cast.person("organiser").user, object_id=str(dialogue.pk)).count() == 2


def filled_step(client: Any, address: str) -> dict[str, str]:
    """What a browser would send of the form of a step that nobody changed."""
    values = {}
    for field in Page.of(client.get(address)).main.all("input", "select"):
        if field.tag == "select":
            chosen = [option["value"] for option in field.all("option") if "selected" in option]
            values[field["name"]] = chosen[0] if chosen else ""
        elif field["name"] and field["type"] != "submit":
            values[field["name"]] = field["value"]
    return values


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
def test_a_dialogue_that_others_hold_is_told_so_and_keeps_the_input(cast: Cast, limit: str) -> None:
    dialogue = make_dialogue()
    client = cast.client("organiser")
    with locked_by_others(dialogue, limit=limit):
        page = Page.of(client.post(own("cancel", dialogue), {"reason": "Die Halle ist zu."}))

    assert "Gerade ändern andere etwas an diesem Dialog." in page.main.text
    assert page.main.one("textarea", name="reason").text == "Die Halle ist zu."
    dialogue.refresh_from_db()
    assert dialogue.cancelled_at is None


def test_a_wrong_end_is_told_at_its_field(cast: Cast) -> None:
    dialogue = make_dialogue(place="Dortmund")
    client = cast.client("organiser")
    values = filled_step(client, own("reschedule", dialogue))

    response = client.post(own("reschedule", dialogue), values | {"ends_at_1": "15:00"})

    assert "Das Ende muss nach dem Beginn liegen." in Page.of(response).main.text
    dialogue.refresh_from_db()
    assert dialogue.ends_at == in_days(14, 19)


def test_copies_and_series_are_drafts_of_their_own(cast: Cast) -> None:
    dialogue = make_dialogue("Rüsten", place="Dortmund")
    client = cast.client("organiser")

    client.post(own("copy", dialogue), {"starts_at_0": "03.12.2027", "starts_at_1": "16:00"})
    client.post(own("series", dialogue), {"name": "Rüstrunde", "weeks": "2", "number": "2"})

    assert list(Dialogue.objects.order_by("pk").values_list("state", flat=True)) == ["published", *["draft"] * 3]
    assert Dialogue.objects.filter(series__name="Rüstrunde").count() == 3
    response = client.post(own("copy", dialogue), {"starts_at_0": "28.03.2027", "starts_at_1": "02:30"})
    assert "02:30 Uhr gibt es am 28. März 2027 nicht" in Page.of(response).main.text


def test_a_copy_whose_end_the_clocks_skip_is_refused_on_the_page(cast: Cast) -> None:
    dialogue = make_dialogue(starts_at=in_days(14, 1), ends_at=in_days(14, 2, 30))

    response = cast.client("organiser").post(
        own("copy", dialogue), {"starts_at_0": "28.03.2027", "starts_at_1": "01:00"}
    )

    assert "02:30 Uhr gibt es am 28. März 2027 nicht" in Page.of(response).main.text
    assert Dialogue.objects.get() == dialogue


def test_a_copy_keeps_its_first_version_however_long_its_title(cast: Cast) -> None:
    dialogue = make_dialogue("Rüsten ohne Suchen " + "und " * 25, slug="lang")

    cast.client("organiser").post(own("copy", dialogue), {"starts_at_0": "03.12.2027", "starts_at_1": "16:00"})

    copy = Dialogue.objects.exclude(pk=dialogue.pk).get()
    assert Version.objects.of(copy).get().comment == "Als Kopie angelegt"


def test_the_report_is_published_by_its_button(cast: Cast) -> None:
    dialogue = make_dialogue(starts_at=in_days(-2))
    make_registration(dialogue, email="war-da@firma.example")
    client = cast.client("organiser")
    assert "Schreiben Sie zuerst" in said(client.post(own("report", dialogue), follow=True))
    Report.objects.create(dialogue=dialogue, summary="<p>So war es.</p>")

    assert "1 Anmeldung bekommt eine E-Mail" in said(client.post(own("report", dialogue), follow=True))
    client.post(own("report", dialogue), {"zurueck": "1"})

    assert Report.objects.get().published_at is None
    assert cast.client("editor").post(own("report", dialogue)).status_code == 403


def test_every_field_of_a_dialogue_is_in_its_snapshot() -> None:
    dialogue = make_dialogue()
    left_out = {"id", "slug", "state", "published_at", "expires_at", "submitted_by", "preview_version", "preview_until"}
    left_out |= {
        "created_at",
        "updated_at",
        "invitation_version",
        "last_waiting_number",
        "calendar_sequence",
        "room_opened_at",
    }
    fields = {field.name for field in Dialogue._meta.get_fields() if not field.auto_created}

    assert fields - left_out == set(snapshot.snapshot(dialogue)) & fields


def test_bringing_back_a_version_leaves_seats_and_times(cast: Cast) -> None:
    dialogue = make_dialogue("Rüsten", place="Dortmund")
    make_registration(dialogue)
    client = cast.client("organiser")
    client.post(own("change", dialogue), filled_form(client, own("change", dialogue)) | {"teaser": "Erst so."})
    client.post(own("change", dialogue), filled_form(client, own("change", dialogue)) | {"teaser": "Dann so."})
    first = Version.objects.of(dialogue).last()

    client.post(own("versions", dialogue), {"version": first.pk})

    dialogue.refresh_from_db()
    assert (dialogue.teaser, dialogue.starts_at) == ("Erst so.", in_days(14))
    assert dialogue.registrations.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_version_is_brought_back_while_others_hold_the_dialogue(cast: Cast) -> None:
    dialogue = make_dialogue(teaser="Erst so.")
    first = record(dialogue, by=None)
    assert first
    Dialogue.objects.update(teaser="Dann so.")
    client = cast.client("organiser")
    with locked_by_others(dialogue):
        response = client.post(own("versions", dialogue), {"version": first.pk}, follow=True)

    assert "Gerade ändern andere etwas an diesem Dialog." in said(response)
    dialogue.refresh_from_db()
    assert dialogue.teaser == "Dann so."
    assert Version.objects.of(dialogue).get() == first


# ---------------------------------------------------------------- participants


def test_the_examples_that_are_chosen_stand_first_and_drafts_are_not_offered(cast: Cast) -> None:
    make_practice("Aufmaß"), make_practice("Entwurf", state=State.DRAFT, published_at=None)
    dialogue = make_dialogue(practices=[make_practice("Zettel")])
    client = cast.client("organiser")

    for address, offered in ((own("change", dialogue), ["Zettel", "Aufmaß"]), (own("add"), ["Aufmaß", "Zettel"])):
        choices = Page.of(client.get(address)).main.one("div", id="id_practices")
        assert [label.text for label in choices.all("label")] == offered


def test_hosts_are_chosen_from_the_register_by_typing(cast: Cast) -> None:
    make_actor("Geheime Presse GmbH")
    query = {"app_label": "dialogues", "model_name": "host", "field_name": "actor", "term": "presse"}
    found = cast.client("organiser").get("/admin/autocomplete/", query).json()["results"]
    assert [row["text"] for row in found] == ["Geheime Presse GmbH"]
    offered = query | {"model_name": "format", "field_name": "offered_by"}
    assert cast.client("editor").get("/admin/autocomplete/", offered).json()["results"] == found
    assert cast.client("administrator").get("/admin/autocomplete/", query).status_code == 403


def test_signing_up_on_behalf_needs_a_dialogue_ahead_and_somebody_who_comes(cast: Cast) -> None:
    dialogue, past = make_dialogue(seats=1), make_dialogue("Gestern", starts_at=in_days(-1))
    kind = dialogue.seat_kinds.get()
    client = cast.client("organiser")
    add = reverse("admin:dialogues_registration_add")
    assert f"?dialog={past.pk}" not in Page.of(client.get(add)).links
    for wrong in (str(past.pk), "abc", "9" * 30):
        assert client.get(f"{add}?dialog={wrong}").status_code == 404
    values = {"company": "Heat & Co's", "contact_name": "Kim Muster", "email": "", "group": "all"}

    response = client.post(f"{add}?dialog={dialogue.pk}", values)
    assert "Schreiben Sie mindestens eine Person auf" in Page.of(response).main.text
    client.post(f"{add}?dialog={dialogue.pk}", values | {f"kind_{kind.pk}": "Kim Muster\n\n"})
    client.post(
        f"{add}?dialog={dialogue.pk}", values | {"email": "zwei@firma.example", f"kind_{kind.pk}": "N.N.\nToni"}
    )

    states = dict(Registration.objects.values_list("email", "state"))
    assert states == {"": "confirmed", "zwei@firma.example": "waiting"}
    assert list(Registration.objects.get(email="zwei@firma.example").attendees.values_list("name", flat=True)) == [
        "",
        "Toni",
    ]
    assert LogEntry.objects.latest("pk").object_repr == f"Anmeldung {Registration.objects.latest('pk').pk}"
    assert cast.client("editor").get(f"{add}?dialog={dialogue.pk}").status_code == 403


def test_deciding_one_by_one_and_several_at_once(cast: Cast) -> None:
    dialogue = make_dialogue(is_moderated=True, seats=2)
    rows = [make_registration(dialogue, state="pending", confirmed_at=timezone.now()) for _ in range(4)]
    client = cast.client("organiser")
    todo = reverse("admin:dialogues_registration_changelist") + "?zu-tun=entscheiden"
    assert client.get(todo).context["cl"].result_count == 4

    client.post(own("accept", rows[0]))
    client.post(own("reject", rows[1]), {"reason": "Der Dialog ist für Gießereien."})
    page = client.post(todo, {"action": "reject_rows", "_selected_action": [rows[2].pk]})
    assert "Steht so in der E-Mail." in Page.of(page).main.text
    client.post(todo, {"action": "reject_rows", "_selected_action": [rows[2].pk], "reason": "Es sind zu viele."})
    client.post(todo, {"action": "accept_rows", "_selected_action": [rows[3].pk]})

    now = [Registration.objects.get(pk=row.pk) for row in rows]
    assert [row.state for row in now] == ["confirmed", "rejected", "rejected", "confirmed"]
    assert [row.reject_reason for row in now] == ["", "Der Dialog ist für Gießereien.", "Es sind zu viele.", ""]
    assert OutgoingMail.objects.count() == 4


def test_what_no_longer_fits_is_answered_and_not_done(cast: Cast) -> None:
    registration = make_registration(make_dialogue(), state=Registration.State.CANCELLED)
    client = cast.client("organiser")

    for step in ("accept", "reject", "move", "merge", "transfer", "cancel", "resend"):
        assert "Das geht nicht mehr: „Storniert“." in said(client.post(own(step, registration), follow=True)), step
    assert OutgoingMail.objects.count() == 0


def test_moving_handing_over_and_cancelling_by_staff(cast: Cast) -> None:
    dialogue, other = make_dialogue("Rüsten"), make_dialogue("Messen")
    moved, handed, cancelled = (make_registration(dialogue) for _ in range(3))
    client = cast.client("organiser")

    client.post(own("move", moved), {"to": other.pk})
    client.post(own("transfer", handed), {"contact_name": "Toni Neu", "email": "neu@firma.example"})
    client.post(own("cancel", cancelled), {"reason": "Auf Wunsch am Telefon."})

    assert other.registrations.get().email == moved.email
    handed.refresh_from_db()
    assert (handed.contact_name, handed.email) == ("Toni Neu", "neu@firma.example")
    assert [Registration.objects.get(pk=row.pk).state for row in (moved, cancelled)] == ["cancelled", "cancelled"]
    history = Page.of(client.get(own("change", handed))).main.text
    assert "Übergeben" in history


def test_doubles_become_one_and_free_the_seats_that_were_taken_twice(cast: Cast) -> None:
    dialogue = make_dialogue(seats=4)
    kept = make_registration(dialogue, company="Drehteile Nord", people=2)
    double = make_registration(dialogue, company="Drehteile Nord GmbH", people=2)
    Registration.objects.get(pk=double.pk).attendees.filter(name="Person 2").update(name="Toni")
    waiting = make_registration(dialogue, state=Registration.State.WAITING)
    client = cast.client("organiser")

    response = client.post(own("merge", double), {"into": kept.pk}, follow=True)

    assert "Zusammengelegt" in said(response)
    assert sorted(kept.attendees.values_list("name", flat=True)) == ["Person 1", "Person 2", "Toni"]
    states = [Registration.objects.get(pk=row.pk).state for row in (kept, double, waiting)]
    assert states == ["confirmed", "cancelled", "confirmed"]
    assert kept.events.get(action="merged").by == cast.person("organiser").user


def test_a_wish_for_a_seat_is_not_merged_into_a_seat(cast: Cast) -> None:
    dialogue = make_dialogue(seats=1)
    kept, double = make_registration(dialogue), make_registration(dialogue, state=Registration.State.WAITING)
    double.attendees.update(name="Toni")

    response = cast.client("organiser").post(own("merge", double), {"into": kept.pk})

    assert "Eine der beiden Anmeldungen wartet noch." in Page.of(response).main.text
    assert kept.attendees.count() == 1
    assert Registration.objects.get(pk=double.pk).state == "waiting"


def test_erasing_leaves_no_name_not_even_in_the_log(cast: Cast) -> None:
    dialogue = make_dialogue()
    registration = make_secret(dialogue)
    client = cast.client("organiser")
    client.post(own("resend", registration))

    client.post(own("erase", registration))

    registration.refresh_from_db()
    assert (registration.email, registration.state) == ("", "cancelled")
    log = " ".join(f"{row.object_repr} {row.change_message}" for row in LogEntry.objects.all())
    assert not [word for word in SECRET if word in log]
    html = client.get(reverse("admin:dialogues_registration_changelist")).content.decode()
    assert not [word for word in SECRET if word in html]


def test_only_a_typing_error_is_mended_in_the_form_and_the_state_is_not(cast: Cast) -> None:
    registration = make_registration(make_dialogue(), company="Drehtiele")
    client = cast.client("organiser")
    values = filled_form(client, own("change", registration))

    client.post(
        own("change", registration), values | {"company": "Drehteile", "state": "cancelled", "email": "x@y.example"}
    )

    changed = Registration.objects.get()
    assert (changed.company, changed.state, changed.email) == ("Drehteile", "confirmed", registration.email)


def test_staff_see_the_place_in_line_that_the_person_was_told(cast: Cast) -> None:
    dialogue = make_dialogue(seats=1, online_seats=1)
    kinds = {kind.way: kind for kind in dialogue.seat_kinds.all()}
    for number, way in enumerate(("onsite", "online", "onsite", "online")):
        person = Person(f"Person {number}", kinds[way])
        row = signing_up.sign_up(
            dialogue, company=f"Werk {number}", contact_name="M", email=f"w{number}@firma.example", people=[person]
        )
        assert row
        waiting = signing_up.confirm(row)

    page = Page.of(cast.client("organiser").get(reverse("admin:dialogues_registration_changelist"))).main.text

    assert seats.place_in_line(waiting) == 1
    assert page.count("Platz 1") == 2
    assert "Platz 2" not in page


def test_a_message_to_several_is_a_draft_that_names_its_number(cast: Cast) -> None:
    dialogue = make_dialogue()
    rows = [make_registration(dialogue) for _ in range(3)]
    client = cast.client("organiser")
    chosen = {"action": "message_rows", "_selected_action": [row.pk for row in rows[:2]]}
    address = reverse("admin:dialogues_registration_changelist")
    assert "Das wird ein Entwurf." in Page.of(client.post(address, chosen)).main.text

    response = client.post(
        address, chosen | {"subject": "Schuhe", "text": "Bitte bringen Sie Sicherheitsschuhe mit."}, follow=True
    )

    assert "Entwurf an 2 Empfänger." in said(response)
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"draft"}
    assert OutgoingMail.objects.count() == 2


def test_a_message_leaves_out_who_cancelled_and_says_so(cast: Cast) -> None:
    dialogue = make_dialogue()
    comes = make_registration(dialogue, company="Kommt GmbH")
    gone = make_registration(dialogue, company="Storniert AG", state=Registration.State.CANCELLED)
    client = cast.client("organiser")
    address = reverse("admin:dialogues_registration_changelist")
    chosen = {"action": "message_rows", "_selected_action": [comes.pk, gone.pk]}

    page = Page.of(client.post(address, chosen)).main.text
    assert "Kommt GmbH: Bestätigt" in page
    assert "Storniert AG" not in page
    assert "Nicht dabei: 1 Anmeldung, die nicht mehr gilt." in page
    client.post(address, chosen | {"subject": "Schuhe", "text": "Bitte bringen Sie Sicherheitsschuhe mit."})
    assert list(OutgoingMail.objects.values_list("to", flat=True)) == [comes.email]

    response = client.post(address, chosen | {"_selected_action": [gone.pk]}, follow=True)
    assert "Von den gewählten Anmeldungen gilt keine mehr." in said(response)


# ---------------------------------------------------------------- lists as files


def test_an_export_has_a_row_for_each_person_is_safe_and_is_logged(cast: Cast) -> None:
    dialogue = make_dialogue("Rüsten")
    question = Question.objects.create(dialogue=dialogue, text="Welche Maschinen?")
    registration = make_registration(
        dialogue, company='=HYPERLINK("http://boese.example")', people=2, needs="Rampe", needs_agreed_at=timezone.now()
    )
    registration.answers.create(question=question, texts=["+49 Drehbänke"])
    make_registration(make_dialogue("Anderer"), company="Nicht dabei")
    client = cast.client("organiser")
    address = f"{reverse('admin:dialogues_registration_export')}?dialogue__id__exact={dialogue.pk}"

    assert LogEntry.objects.count() == 0
    client.get(address)
    assert LogEntry.objects.count() == 0
    raw = client.post(address, {"form": "csv"})
    rows = list(csv.reader(io.StringIO(raw.getvalue().decode("utf-8-sig")), delimiter=";"))
    book = load_workbook(io.BytesIO(client.post(address, {"form": "xlsx"}).getvalue()))

    assert [len(rows), rows[0][-1]] == [3, "Welche Maschinen?"]
    assert rows[1][2] == '\'=HYPERLINK("http://boese.example")'
    assert rows[1][-1] == "'+49 Drehbänke"
    assert "Rampe" not in raw.getvalue().decode()
    cell = book.active["C2"]
    assert (cell.value, cell.data_type) == ('=HYPERLINK("http://boese.example")', "s")
    assert "no-store" in raw["Cache-Control"]
    log = LogEntry.objects.order_by("pk").first()
    assert (log.user, log.change_message) == (
        cast.person("organiser").user,
        "Teilnehmerliste ausgegeben: 1 Anmeldung als CSV (Rüsten)",
    )
    assert LogEntry.objects.count() == 2


def test_seeing_participants_is_not_the_right_to_take_the_list_along(cast: Cast) -> None:
    make_secret(make_dialogue())
    group = cast.person("organiser").user.groups.get()
    group.permissions.remove(group.permissions.get(codename="export_registration"))
    client = cast.client("organiser")
    address = reverse("admin:dialogues_registration_export")

    page = Page.of(client.get(reverse("admin:dialogues_registration_changelist")))

    assert SECRET[0] in page.main.text
    assert address not in page.links
    assert client.post(address, {"form": "csv"}).status_code == 403
    assert LogEntry.objects.count() == 0


def count_queries(client: Any, address: str, **post: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.post(address, post) if post else client.get(address)
        assert response.status_code == 200
    return len(captured)


def test_pages_and_files_ask_as_often_for_few_as_for_many(cast: Cast) -> None:
    dialogue = make_dialogue(seats=90, branches=[make_branch()])
    client = cast.client("organiser")
    export = reverse("admin:dialogues_registration_export")
    pages = [own(name, dialogue) for name in ("change", "participants", "badges", "check_in", "cancel")]
    pages += [own("calendar"), own("statistics") + f"?von={timezone.localdate():%Y}-01-01&bis=2099-12-31"]
    counts = []
    for number in (2, 6):
        for _ in range(number):
            make_registration(dialogue, people=2, branch=make_branch())
            make_registration(dialogue, state=Registration.State.WAITING)
            make_dialogue()
            Agreement.objects.create(dialogue=dialogue, text="Etwas", due_on=timezone.localdate())
        # Asked once before: what a process learns for good is nothing to count.
        for address in pages:
            client.get(address)
        count_queries(client, export, form="csv")
        counts.append(
            [*(count_queries(client, address) for address in pages), count_queries(client, export, form="csv")]
        )
    assert counts[0] == counts[1]


# ---------------------------------------------------------------- agreements


def test_what_is_overdue_is_found_and_told_with_its_day(cast: Cast) -> None:
    dialogue = make_dialogue(starts_at=in_days(-60))
    day = timezone.localdate()
    late = Agreement.objects.create(
        dialogue=dialogue, text="Vorlage schicken", owner="Kammer", due_on=in_days(-3).date()
    )
    Agreement.objects.create(dialogue=dialogue, text="Heute", due_on=day)
    Agreement.objects.create(dialogue=dialogue, text="Erledigt", due_on=in_days(-3).date(), state=Agreement.State.KEPT)
    client = cast.client("organiser")
    todo = next(todo for todo in client.get("/admin/").context["todos"] if "Vereinbarung" in todo.text)
    assert (todo.count, client.get(todo.url).context["cl"].result_count) == (1, 1)

    address = reverse("admin:dialogues_agreement_change", args=[late.pk])
    values = filled_form(client, address)
    response = client.post(address, values | {"state": "dropped"})
    assert "Sagen Sie in einem Satz, warum das aufgegeben wurde." in Page.of(response).main.text
    client.post(address, values | {"state": "dropped", "reason": "Die Kammer hat schon eine."})

    late.refresh_from_db()
    assert (late.state, late.reported_on) == ("dropped", day)
