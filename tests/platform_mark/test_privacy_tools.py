"""One address over everything: given out whole, erased everywhere, and not brought back by a restore."""

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from actors import joining, review
from actors.models import Activity, Actor
from dialogues import links
from dialogues.formats.models import Idea
from dialogues.mails import Kind, draft_message, tell
from dialogues.models import Answer, Attendee, Question, Registration
from platform_mark import erasures
from platform_mark.accounts.models import User
from platform_mark.alerts import mails
from platform_mark.alerts.models import Alert, Subscriber
from platform_mark.demand import wishing
from platform_mark.demand.models import Wish
from platform_mark.desk import privacy
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import Link, address_key
from platform_mark.pages.models import BarrierReport
from platform_mark.publishing import versions
from platform_mark.search import index
from practices import suggesting
from practices.models import Practice, Suggestion
from tests.actors.make import make_activity, make_member, make_revision
from tests.alerts.make import make_alert
from tests.cast import Cast, make_cast
from tests.dialogues.make import make_actor, make_dialogue, make_registration
from tests.make import make_practice, make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

CANARY = "kanarie.vogel@firma.example"
# The key of such an address is written otherwise than the address.
UMLAUT = "kanarie.vogel@müller-gmbh.example"
TYPED = ("Kanarienzucht Vogel", "Kanarienvogel-Antwort", "Kim Kanarie")


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def leave_traces(address: str = CANARY) -> Registration:
    """One person's way through the portal, and another one's beside it."""
    dialogue = make_dialogue(seats=5)
    registration = make_registration(dialogue, email=address.title(), company=TYPED[0], contact_name=TYPED[2])
    Attendee.objects.filter(registration=registration).update(name=TYPED[2])
    question = Question.objects.create(dialogue=dialogue, text="Was bringen Sie mit?")
    Answer.objects.create(registration=registration, question=question, texts=[TYPED[1]])
    tell(Kind.CONFIRMED, registration)
    OutgoingMail.objects.update(state="sent", error=f"550 {address} is full")
    tell(Kind.PROMOTED, registration)
    draft_message([registration], subject="An alle", text="Text")
    suggesting.suggest(company=TYPED[0], place="Altena", what="Das", benefit="Dies", email=address.upper())
    Idea.objects.create(target_group="trainees", problem="Zettel", suggestion="Tafel", email=address)
    BarrierReport.objects.create(where="/dialoge/", what="Kein Fokus", email=address)
    user = make_user(address, name=TYPED[2])
    actor = make_actor(second_email=address)
    joining.invite(actor, email=address, role="editor", by=make_member(actor))
    actor.memberships.create(user=user)
    joining.claim(user, make_actor(), reason="Ich arbeite da.")
    make_alert(address)
    wishing.leave("Rüstzeiten im Blick", email=address)
    activity = make_activity(actor=actor)
    named = {"contact_email": address, "contact_person": TYPED[2], "person_agreed_on": "2026-01-01"}
    review.approve(make_revision(activity, data=named), by=None)
    activity.refresh_from_db()
    review.approve(make_revision(activity, data={"title": "Neu benannt"}), by=None)
    # Only handed in so far: nothing of it stands in the entry itself.
    make_revision(make_activity("Anderes", actor=actor), data=named, state="submitted")
    practice = make_practice(
        solution=f"<p>Fragen an {address} oder nicht-{address}.de</p>", worries=f"Wen fragen?\n{address}"
    )
    versions.record(practice, by=None, comment="Angelegt")
    Practice.objects.filter(pk=practice.pk).update(solution="<p>Fragen an die Agentur.</p>", worries="")
    practice.refresh_from_db()
    index.put(practice)
    LogEntry.objects.create(user=make_user(), action_flag=2, object_repr=address, change_message=json.dumps([address]))
    make_registration(dialogue, email="andere@firma.example", company="Andere & Söhne")
    make_user("vogel@firma.example", name="Jemand anderes")
    return registration


def everything() -> str:
    """All rows of all tables as text, the register of what was searched included."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row[0] for row in cursor.fetchall()]
    assert len(tables) >= 40
    return "\n".join(rows)


def test_the_export_has_all_of_one_person_and_nothing_of_another() -> None:
    leave_traces()
    found = privacy.export_person(f" {CANARY.upper()} ")
    text = json.dumps(found, ensure_ascii=False)
    assert set(found) == {
        *("Auskunft vom", "E-Mail-Adresse", "Anmeldungen", "Angemeldete Personen", "Antworten", "Vorschläge"),
        *("Ideen", "Gemeldete Barrieren"),
        *("Ansprüche", "Adresse für Benachrichtigungen", "Benachrichtigungen", "Wünsche nach einer Nachricht"),
        *("Einladungen", "Als Postfach eines Akteurs", "Als Postfach einer Aktivität"),
        *("Mitgliedschaften", "Konto", "E-Mails", "In früheren oder eingereichten Fassungen"),
    }
    assert [typed for typed in TYPED if typed not in text] == []
    assert len(found["E-Mails"]) == 8
    assert "Platz bestätigt" in text
    for foreign in ("andere@firma.example", "Andere & Söhne", "Jemand anderes", "scrypt", "/anmeldung/1"):
        assert foreign not in text, foreign


def test_who_is_named_in_what_others_handed_in_learns_where_and_nothing_else_of_it() -> None:
    activity, user = make_activity("Digital-Check"), make_user(CANARY)
    theirs = {"contact_email": CANARY, "summary": "Was nur die anderen wissen"}
    revision = make_revision(activity, data=theirs, state="submitted")
    make_revision(make_activity("Eigenes"), data=theirs, state="submitted", author=user)

    found = privacy.export_person(CANARY)
    (mention,) = found["In früheren oder eingereichten Fassungen"]
    assert (mention["Eintrag"], mention["Wo"]) == ("Digital-Check", f"Überarbeitung {revision.pk}")
    assert len(found["Überarbeitungen"]) == 1
    assert "Was nur die anderen wissen" not in json.dumps(mention, ensure_ascii=False)
    assert privacy.count_rows(CANARY)["In früheren oder eingereichten Fassungen"] == 1


@pytest.mark.parametrize(
    ("address", "spellings"),
    [
        (CANARY, [CANARY]),
        (UMLAUT, [UMLAUT, address_key(UMLAUT), json.dumps(UMLAUT).strip('"').replace("\\", "\\\\")]),
    ],
)
def test_an_erased_person_is_found_nowhere_and_the_numbers_stay(
    address: str, spellings: list[str], data_dir: Path
) -> None:
    registration = leave_traces(address)
    before = everything().lower()
    assert [spelling for spelling in spellings if spelling not in before] == []

    erasure = privacy.erase_person(address)
    left = everything()
    there = left.lower().replace(f"nicht-{address}", "")
    assert [spelling for spelling in spellings if spelling in there] == []
    assert [typed for typed in TYPED if typed in left] == []
    assert "Andere & Söhne" in left, "the other one is untouched"
    assert f"nicht-{address}.de" in left, "another address that contains it is untouched"
    assert erasure.remains == []
    registration.refresh_from_db()
    assert (registration.state, registration.attendees.count()) == ("cancelled", 1)
    assert not User.objects.filter(email=address).exists()
    assert not Actor.objects.filter(second_email=address).exists()
    assert not Suggestion.objects.exists()
    assert Activity.objects.get(title="Neu benannt").contact_email == ""
    ledger = (data_dir / "erasures.jsonl").read_text()
    assert "kanarie" not in ledger.lower()
    assert (data_dir / "erasures.jsonl").stat().st_mode & 0o077 == 0


def test_an_invitation_finds_its_account_however_the_address_is_written(client: Client) -> None:
    actor, user = make_actor(), make_user(UMLAUT)
    owner = make_member(actor)
    people = f"/konto/akteure/{actor.slug}/personen/"
    client.force_login(owner)
    client.post(people, {"email": UMLAUT, "role": "editor"})
    client.force_login(user)
    assert len(client.get("/konto/daten/meine-daten.json").json()["einladungen_erhalten"]) == 1

    actor.memberships.create(user=user)
    client.force_login(owner)
    again = client.post(people, {"email": UMLAUT, "role": "editor"})
    assert "Diese Person gehört schon dazu." in Page.of(again).main.text


def test_what_only_a_former_version_says_is_erased_again_after_a_restore() -> None:
    activity, backup_at = make_activity(), timezone.now()
    make_revision(activity, data={"contact_email": UMLAUT, "contact_person": TYPED[2]}, state="submitted")
    with gone_with_a_restore():
        privacy.erase_person(UMLAUT)
    assert UMLAUT in everything()
    assert privacy.replay(backup_at).addresses == 1
    assert UMLAUT not in everything()
    assert TYPED[2] not in everything()


def test_where_the_address_still_stands_is_told() -> None:
    make_practice(solution=f"<p>Von Hand geschrieben: {CANARY}</p>")
    assert "practices_practice" in privacy.erase_person(CANARY).remains


def test_mails_that_the_quick_start_keeps_as_files_go_too(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    (tmp_path / "1.log").write_text(f"Subject: x\nTo: {CANARY}\n\nText")
    (tmp_path / "2.log").write_text("Subject: x\nTo: andere@firma.example\n\nText")
    privacy.erase_person(CANARY)
    assert [path.name for path in tmp_path.glob("*.log")] == ["2.log"]


def test_an_account_of_the_staff_is_not_erased_here() -> None:
    make_user(CANARY, is_staff=True)
    registration = make_registration(make_dialogue(), email=CANARY)
    with pytest.raises(privacy.ErasureRefused, match="Konto der Verwaltung"):
        privacy.erase_person(CANARY)
    registration.refresh_from_db()
    assert registration.email == CANARY, "nothing is erased by halves"


def test_a_restore_erases_again_who_was_erased_since_and_nobody_else(settings: Any) -> None:
    backup_at = timezone.now()
    privacy.erase_person(CANARY)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "ein neuer Schlüssel, seit gestern, lang genug"
    registration = make_registration(make_dialogue(), email=CANARY)
    other = make_registration(make_dialogue(), email="andere@firma.example")

    assert privacy.replay(backup_at + timedelta(hours=1)).addresses == 0, "who came back after that backup stays"
    assert privacy.replay(backup_at).addresses == 1
    for row in (registration, other):
        row.refresh_from_db()
    assert (registration.email, other.email) == ("", "andere@firma.example")


@contextmanager
def gone_with_a_restore() -> Iterator[None]:
    """What is done here after a backup is undone by restoring it; the ledger lies beside the database and stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_one_erased_booking_takes_nothing_else_along_after_a_restore(client: Client) -> None:
    past, coming = (make_registration(make_dialogue(), email=CANARY, contact_name=TYPED[2]) for _ in range(2))
    user, backup_at = make_user(CANARY), timezone.now()
    with gone_with_a_restore():
        assert client.post(links.own_path(past), {"action": "erase"}).status_code == 302

    assert privacy.replay(backup_at).addresses == 1
    for row in (past, coming, user):
        row.refresh_from_db()
    assert (past.email, past.contact_name, past.state) == ("", "", "cancelled")
    assert (coming.email, coming.contact_name, coming.state) == (CANARY, TYPED[2], "confirmed")
    assert user.email == CANARY


def test_what_staff_erase_of_a_booking_stays_erased_after_a_restore(cast: Cast) -> None:
    by_mail = make_registration(make_dialogue(), email=CANARY)
    by_phone = make_registration(make_dialogue(), email="", contact_name=TYPED[2])
    other = make_registration(make_dialogue(), email="", contact_name="Andere Leute")
    backup_at = timezone.now()
    with gone_with_a_restore():
        for row in (by_mail, by_phone):
            url = reverse("admin:dialogues_registration_erase", args=[row.pk])
            assert cast.client("organiser").post(url).status_code == 302

    assert privacy.replay(backup_at).addresses == 2
    for row in (by_mail, by_phone, other):
        row.refresh_from_db()
    assert (by_mail.email, by_phone.contact_name, other.contact_name) == ("", "", "Andere Leute")


def test_a_closed_account_stays_closed_after_a_restore_and_only_that(client: Client) -> None:
    user, booking = make_user(CANARY, password="sehr geheim"), make_registration(make_dialogue(), email=CANARY)
    alone = make_actor(contact_email="wir@firma.example")
    alone.memberships.create(user=user, role="owner")
    backup_at = timezone.now()
    with gone_with_a_restore():
        # After the backup somebody else became responsible, too.
        alone.memberships.create(user=make_user("neu@firma.example"), role="owner")
        client.force_login(user)
        client.post("/konto/daten/konto-loeschen/", {"password": "sehr geheim"})
        assert not User.objects.filter(email=CANARY).exists()

    assert privacy.replay(backup_at).addresses == 1
    booking.refresh_from_db()
    assert not User.objects.filter(email=CANARY).exists()
    assert (booking.email, Actor.objects.get().contact_email) == (CANARY, "wir@firma.example")


def test_what_somebody_ended_stays_ended_after_a_restore_and_the_rest_goes_on(client: Client) -> None:
    ended, kept = make_alert(CANARY, "zu=beispiele"), make_alert(CANARY, "zu=dialoge")
    all_ended, other = make_alert("alles@firma.example"), make_alert("andere@firma.example")
    unwished, wished = (wishing.leave(text, email=CANARY) for text in ("Rüstzeiten im Blick", "Laser für Rohre"))
    silent, asked = (make_registration(make_dialogue(), email=CANARY, news_agreed_at=timezone.now()) for _ in range(2))
    backup_at = timezone.now()
    with gone_with_a_restore():
        client.post(path_of(mails.own_link(ended.subscriber)), {"action": "end", "alert": ended.pk})
        client.post(path_of(mails.own_link(all_ended.subscriber)), {"action": "end-all"})
        client.post(path_of(wishing._link(unwished)), {"end": "1"})
        client.post(links.own_path(silent), {"action": "end-news"})
        assert Alert.objects.count() == 2
        assert Wish.objects.count() == 1

    assert privacy.replay(backup_at).addresses == 2
    assert set(Alert.objects.all()) == {kept, other}
    assert set(Subscriber.objects.all()) == {kept.subscriber, other.subscriber}
    assert Wish.objects.get() == wished
    for row in (silent, asked):
        row.refresh_from_db()
    assert (silent.news_agreed_at, silent.email) == (None, CANARY)
    assert asked.news_agreed_at


def test_who_no_longer_wants_to_be_named_stays_unnamed_after_a_restore(cast: Cast) -> None:
    named = {"contact_person": TYPED[2], "person_agreed_on": "2026-01-01"}
    activity, other = make_activity(**named), make_activity(**named)
    backup_at = timezone.now()
    with gone_with_a_restore():
        url = reverse("admin:actors_activity_person", args=[activity.pk])
        assert cast.client("moderator").post(url).status_code == 302

    assert privacy.replay(backup_at).addresses == 1
    for row in (activity, other):
        row.refresh_from_db()
    assert (activity.contact_person, other.contact_person) == ("", TYPED[2])


@pytest.mark.parametrize(("way", "is_erased"), [("note", False), ("erase", True)])
def test_an_organisation_that_left_stays_away_after_a_restore(way: str, is_erased: bool, client: Client) -> None:
    actor, other = make_actor(), make_actor()
    activity, backup_at = (
        make_activity(actor=actor, contact_person=TYPED[2], person_agreed_on="2026-01-01"),
        timezone.now(),
    )
    owner = make_member(actor)
    with gone_with_a_restore():
        client.force_login(owner)
        client.post(f"/konto/akteure/{actor.slug}/austritt/", {"way": way, "sure": "on"})
    OutgoingMail.objects.all().delete()

    assert privacy.replay(backup_at).addresses == 1
    for row in (actor, other, activity):
        row.refresh_from_db()
    assert (actor.state, actor.contact_email, bool(actor.erased_from)) == ("former", "", is_erased)
    assert (other.state, activity.contact_person) == ("approved", "")
    assert not OutgoingMail.objects.exists(), "they have read it already"


def test_what_is_refused_after_a_restore_is_told_and_holds_up_nobody_else() -> None:
    staff, other = make_user("erst@firma.example", is_staff=True), make_registration(make_dialogue(), email=CANARY)
    backup_at = timezone.now()
    with gone_with_a_restore():
        User.objects.update(is_staff=False)
        privacy.erase_person(staff.email)
        privacy.erase_person(CANARY)

    assert privacy.replay(backup_at) == privacy.Replayed(addresses=1, refused=1)
    other.refresh_from_db()
    assert other.email == ""


def test_a_refused_erasure_leaves_nothing_to_erase_after_a_restore(data_dir: Path) -> None:
    make_user(CANARY, is_staff=True)
    make_registration(make_dialogue(), email=CANARY)
    with pytest.raises(privacy.ErasureRefused):
        privacy.erase_person(CANARY)
    assert not (data_dir / "erasures.jsonl").exists()


def test_erasures_of_several_processes_are_all_kept(data_dir: Path) -> None:
    processes = [multiprocessing.get_context("fork").Process(target=note_some, args=(n,)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len((data_dir / "erasures.jsonl").read_text().splitlines()) == 4 * 20


def path_of(link: Link) -> str:
    return link.url.removeprefix("https://portal.test")


def note_some(number: int) -> None:
    for count in range(20):
        erasures.note(f"{number}-{count}@firma.example")


def test_lines_of_the_ledger_end_with_the_backups(data_dir: Path) -> None:
    old = timezone.now() - erasures.KEEP - timedelta(days=1)
    erasures.note("alt@firma.example", at=old)
    assert erasures.has_any_since(old)
    erasures.note("neu@firma.example")
    assert len((data_dir / "erasures.jsonl").read_text().splitlines()) == 1


def test_the_command_gives_out_and_erases_and_logs_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    leave_traces()
    target = tmp_path / "auskunft.json"
    with caplog.at_level("INFO"):
        call_command("person", "export", CANARY, to=target)
        out = StringIO()
        call_command("person", "erase", CANARY, stdout=out)
    assert TYPED[0] in target.read_text()
    assert target.stat().st_mode & 0o077 == 0
    assert "Gelöscht oder geleert: " in out.getvalue()
    assert {"person exported", "person erased"} <= {record.getMessage() for record in caplog.records}
    assert "kanarie" not in str([vars(record) for record in caplog.records]).lower()
    with pytest.raises(CommandError, match="E-Mail-Adresse"):
        call_command("person", "erase", "kein-zeichen")


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_staff_give_out_and_erase_after_a_second_press_and_it_is_logged_without_the_person(cast: Cast) -> None:
    registration = leave_traces()
    protector = cast.client("protector")
    answer = protector.post("/admin/person/", {"address": CANARY, "export": "1"})
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert "no-store" in answer["Cache-Control"]
    assert json.loads(answer.content)["Anmeldungen"]

    page = protector.post("/admin/person/", {"address": CANARY, "look": "1"})
    assert "Anmeldungen: 1" in Page.of(page).main.text
    registration.refresh_from_db()
    assert registration.email, "looking erases nothing"

    assert protector.post("/admin/person/", {"address": CANARY, "erase": "1"}).status_code == 302
    registration.refresh_from_db()
    assert registration.email == ""
    entries = LogEntry.objects.filter(user=cast.person("protector").user)
    assert [entry.object_repr for entry in entries] == ["Daten einer Person", "Daten einer Person"]
    assert "kanarie" not in "".join(entry.change_message for entry in entries).lower()


@pytest.mark.parametrize("action", ["export", "look", "erase"])
def test_nobody_else_of_the_staff_may(action: str, cast: Cast) -> None:
    leave_traces()
    for person in ("editor", "organiser", "administrator"):
        assert cast.client(person).post("/admin/person/", {"address": CANARY, action: "1"}).status_code == 403
    assert Registration.objects.filter(email_key=CANARY).exists()


def test_what_is_no_address_is_refused_in_words(cast: Cast) -> None:
    response = cast.client("protector").post("/admin/person/", {"address": "kein-zeichen", "look": "1"})
    assert response.status_code == 422
    assert "ganze E-Mail-Adresse" in Page.of(response).main.text
