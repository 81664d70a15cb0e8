"""The ledger of what is missing: counted without a name, answered once, seen where it helps."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from platform_mark.demand import ledger, wishing
from platform_mark.demand.ledger import DemandRefused
from platform_mark.demand.models import Demand, Wish
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from platform_mark.search import index
from platform_mark.search.models import Synonym
from tests.actors.make import make_activity, make_actor, make_member
from tests.cast import Cast, make_cast
from tests.dialogues.formats.make import make_format
from tests.dialogues.formats.test_formats import link_of, send
from tests.dialogues.make import make_dialogue
from tests.mails import went_out
from tests.make import DAY, make_branch, make_practice
from tests.markup import Page
from tests.platform_mark.test_search_page import PERSON

pytestmark = pytest.mark.django_db

WISH = "/suche/wunsch/"
EMAIL = "chefin@federnwerk.test"


def look(client: Client, text: str, *, who: str = "203.0.113.5", name: str = PERSON, method: str = "get") -> None:
    response = getattr(client, method)("/suche/", {"q": text}, HTTP_USER_AGENT=name, REMOTE_ADDR=who)
    assert response.status_code == 200


def numbers() -> dict[str, int]:
    return dict(Demand.objects.values_list("text", "count"))


def delivered() -> int:
    """What the job writes an hour later."""
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        return wishing.deliver()


def soon() -> Any:
    """A moment after what was wished for just now, by the slow clock of `send`."""
    return timezone.now() + timedelta(minutes=5)


def wished(client: Client, text: str = "Quantenlaser", email: str = EMAIL) -> tuple[Wish, str]:
    """A confirmed wish and its own page."""
    send(client, WISH, {"text": text, "email": email})
    own = f"/{link_of(OutgoingMail.objects.latest('pk'))}"
    client.post(own, {"confirm": "1"})
    return Wish.objects.latest("pk"), own


# ---------------------------------------------------------------- counting


def test_a_search_in_vain_is_counted_once_a_day_for_each_visitor(client: Client) -> None:
    with time_machine.travel("2026-11-10 09:00:00+00:00", tick=False) as clock:
        for _ in range(3):
            look(client, "Quantenlaser")
        look(client, "Quantenlaser", who="203.0.113.6")
        assert numbers() == {"Quantenlaser": 2}
        clock.shift(DAY)
        look(client, "quantenlaser")
        assert numbers() == {"Quantenlaser": 3}


def test_what_is_found_is_no_demand(client: Client) -> None:
    make_practice("Quantenlaser")
    index.rebuild()
    look(client, "Quantenlaser")
    assert numbers() == {}


def test_spellings_and_synonyms_are_one_demand(client: Client) -> None:
    Synonym.objects.create(terms=["Ziegelroboter", "automatischer Maurer"])
    for number, text in enumerate(
        ("Ziegelroboter", "ziegel-roboter", "den Ziegelroboter!", "Automatischer Maurer", "automatischer MAURER")
    ):
        look(client, text, who=f"203.0.113.{number}")
    assert numbers() == {"Ziegelroboter": 5}
    look(client, "Quantenlaser")
    assert set(numbers()) == {"Ziegelroboter", "Quantenlaser"}


def test_neither_head_nor_programs_nor_looking_ahead_write_anything(client: Client) -> None:
    look(client, "Quantenlaser", method="head")
    for name in ("", "Googlebot/2.1", "curl/8", "python-requests/2", "Mozilla/5.0 (compatible; bingbot/2.0)"):
        look(client, "Quantenlaser", name=name)
    client.get("/suche/", {"q": "Quantenlaser"}, HTTP_USER_AGENT=PERSON, HTTP_SEC_PURPOSE="prefetch")
    assert numbers() == {}


@pytest.mark.parametrize(
    "text", ["mara.obrien@firma.test Laser", "Laser 02331 4887814", "https://x.test/ Quantenlaser"]
)
def test_what_looks_like_an_address_or_a_number_is_never_kept(client: Client, text: str) -> None:
    look(client, text)
    assert numbers() == {}
    with pytest.raises(DemandRefused, match="ohne Adresse"):
        wishing.leave(text, email=EMAIL)


def test_nothing_of_the_visitor_is_stored(client: Client) -> None:
    look(client, "Quantenlaser", who="198.51.100.77")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT count(*) FROM {name} t WHERE t::text LIKE '%%198.51.100.77%%'")
            assert cursor.fetchone()[0] == 0, table


def test_a_program_that_looks_like_a_person_cannot_fill_the_ledger(client: Client) -> None:
    for number in range(ledger.MOST_A_DAY + 5):
        ledger.note(f"Laserquanten{'x' * (number + 1)}", who="203.0.113.5")
    assert Demand.objects.count() == ledger.MOST_A_DAY


def test_demand_belongs_to_the_branch_whose_name_is_in_it(client: Client) -> None:
    care = make_branch("Gesundheit und Pflege")
    make_branch("Metall und Draht")
    look(client, "Roboterpudel Pflege")
    assert list(Demand.objects.get().branches.all()) == [care]


# ---------------------------------------------------------------- wishes


def test_a_wish_counts_only_once_its_address_is_confirmed_by_the_button(client: Client) -> None:
    response = send(client, WISH, {"text": "Quantenlaser", "email": EMAIL})
    assert response.headers["Location"] == reverse("demand:sent")
    mail = OutgoingMail.objects.get()
    assert "Quantenlaser" not in full_text(mail)
    own = f"/{link_of(mail)}"
    answer = client.get(own)
    assert answer["Referrer-Policy"] == "same-origin", "the page holds a form"
    assert "no-store" in answer["Cache-Control"]
    assert not Wish.objects.waiting().exists()
    client.post(own, {"confirm": "1"})
    wish = Wish.objects.waiting().get()
    assert (wish.demand.text, wish.consent) == ("Quantenlaser", wishing.CONSENT)
    assert client.get(f"{own[:-3]}xx/").status_code == 404


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(client: Client) -> None:
    assert 'value="Quantenlaser"' in client.get(WISH, {"q": " Quantenlaser "}).content.decode()
    response = send(client, WISH, {"text": "Quantenlaser", "email": "kein-zeichen"})
    assert response.status_code == 422
    assert 'value="Quantenlaser"' in response.content.decode()
    response = send(client, WISH, {"text": "der und die", "email": EMAIL})
    assert response.status_code == 422
    assert "Bitte nennen Sie, was Sie suchen" in response.content.decode()
    assert not Wish.objects.exists()


def test_a_second_wish_for_the_same_is_the_same_and_answers_alike(client: Client) -> None:
    first = send(client, WISH, {"text": "Quantenlaser", "email": EMAIL})
    second = send(client, WISH, {"text": "quantenlaser", "email": EMAIL.upper()})
    assert first.headers["Location"] == second.headers["Location"]
    assert Wish.objects.count() == 1


def test_what_appears_is_told_once_and_covers_the_demand(client: Client) -> None:
    wish, own = wished(client)
    assert wishing.deliver() == 0
    make_practice("Quantenlaser & Co's Ofen", published_at=soon())
    index.rebuild()

    assert delivered() == 1
    mail = OutgoingMail.objects.latest("pk")
    assert (mail.to, mail.subject) == (EMAIL, "Es gibt etwas zu Ihrer Suche")
    assert "Beispiel: Quantenlaser & Co's Ofen" in full_text(mail)
    assert "/beispiele/quantenlaser" in full_text(mail)
    assert delivered() == 0
    make_format("Quantenlaser raten", published_at=soon())
    assert delivered() == 0
    wish.refresh_from_db()
    assert wish.answered_at
    assert wish.demand.state == Demand.State.COVERED
    assert "Wir haben Ihnen geschrieben" in Page.of(client.get(own)).main.text


@pytest.mark.parametrize("make", [make_practice, make_dialogue, make_activity, make_format])
def test_each_kind_of_publication_answers(client: Client, make: Any) -> None:
    wished(client)
    make("Quantenlaser für alle", published_at=soon())
    index.rebuild()
    assert delivered() == 1


def test_an_organisation_a_draft_and_half_of_the_words_are_no_answer(client: Client) -> None:
    wished(client, "Quantenlaser Pudel")
    make_actor("Verein Quantenlaser Pudel")
    make_practice("Quantenlaser und Katze", published_at=soon())
    make_practice("Quantenlaser Pudel geplant", published_at=timezone.now() + DAY)
    index.rebuild()
    assert delivered() == 0
    with time_machine.travel(timezone.now() + 2 * DAY):
        assert wishing.deliver() == 1


def test_who_has_not_confirmed_is_never_written_to(client: Client) -> None:
    send(client, WISH, {"text": "Quantenlaser", "email": EMAIL})
    make_practice("Quantenlaser", published_at=soon())
    index.rebuild()
    assert delivered() == 0
    assert OutgoingMail.objects.count() == 1


def test_the_link_ends_the_wish_at_once(client: Client) -> None:
    _, own = wished(client)
    response = client.post(own, {"end": "1"})
    assert response.headers["Location"] == reverse("demand:ended")
    assert not Wish.objects.exists()
    assert client.get(own).status_code == 404


def test_addresses_and_rare_demand_are_forgotten(client: Client) -> None:
    now = timezone.now()
    send(client, WISH, {"text": "Quantenlaser", "email": "nie@firma.test"})
    answered, _ = wished(client, email="beantwortet@firma.test")
    waiting, _ = wished(client, email="wartet@firma.test")
    Wish.objects.filter(pk=answered.pk).update(answered_at=now)
    look(client, "Einmaliges")
    with time_machine.travel(now + timedelta(days=3)):
        assert wishing.forget_old() == 0, "its mail still waits"
    went_out()
    with time_machine.travel(now + timedelta(days=3)):
        assert wishing.forget_old() == 1
    with time_machine.travel(now + timedelta(days=31)):
        assert wishing.forget_old() == 1
    with time_machine.travel(now + timedelta(days=91)):
        assert ledger.forget_old() == 1
        assert list(Wish.objects.all()) == [waiting]
    with time_machine.travel(now + timedelta(days=366)):
        assert wishing.forget_old() == 1
    with time_machine.travel(now + timedelta(days=731)):
        assert ledger.forget_old() == 1
    assert not Demand.objects.exists()


# ---------------------------------------------------------------- the desk and the actors


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_staff_see_small_numbers_answer_and_hide(client: Client, cast: Cast) -> None:
    wished(client)
    look(client, "Unsinnswort")
    editor = cast.client("editor")
    listed = Page.of(editor.get("/admin/demand/demand/")).main.text
    assert "Quantenlaser" in listed
    assert EMAIL not in listed
    demand = Demand.objects.get(text="Quantenlaser")
    address = reverse("admin:demand_demand_answer", args=[demand.pk])
    assert editor.post(address, {"answer": "1", "text": " "}).status_code == 200
    assert OutgoingMail.objects.count() == 1
    editor.post(address, {"answer": "1", "text": "Rufen Sie Heat & Co's an."})
    mail = OutgoingMail.objects.latest("pk")
    assert "Rufen Sie Heat & Co's an." in full_text(mail)
    editor.post(address, {"answer": "1", "text": "Noch einmal."})
    assert OutgoingMail.objects.count() == 2, "once is once"
    hidden = Demand.objects.get(text="Unsinnswort")
    editor.post("/admin/demand/demand/", {"action": "hide", "_selected_action": [hidden.pk]})
    hidden.refresh_from_db()
    assert hidden.state == Demand.State.HIDDEN


def test_the_desk_says_who_waits(client: Client, cast: Cast) -> None:
    wished(client)
    assert (
        "Suche ohne Treffer, auf deren Antwort jemand wartet" in Page.of(cast.client("editor").get("/admin/")).main.text
    )


def test_the_list_of_the_desk_makes_the_same_queries_for_one_row_and_for_four(client: Client, cast: Cast) -> None:
    editor, totals = cast.client("moderator"), []
    for size in (1, 4):
        while Demand.objects.count() < size:
            demand = ledger.count(f"wort{Demand.objects.count()}", "Wort")
            Demand.objects.filter(pk=demand.pk).update(assigned_to=make_actor())
        with CaptureQueriesContext(connection) as seen:
            editor.get("/admin/demand/demand/")
        totals.append(len(seen))
    assert totals[0] == totals[1]


def test_actors_see_the_open_demand_of_their_field_and_no_small_numbers(cast: Cast) -> None:
    metal, care = make_branch("Metall und Draht"), make_branch("Gesundheit und Pflege")
    actor = make_actor()
    make_activity(actor=actor, branches=(metal,))
    client = Client()
    client.force_login(make_member(actor))
    for text, number, branches in (
        ("Drahtlaser", 3, [metal]),
        ("Drahtpudel", 2, [metal]),
        ("Pflegepudel", 9, [care]),
        ("Allgemeines", 4, []),
        ("Verborgenes", 8, []),
    ):
        demand = ledger.find_or_make(text.lower(), text)
        demand.branches.set(branches)
        Demand.objects.filter(pk=demand.pk).update(count=number)
    given = ledger.find_or_make("zugewiesen", "Zugewiesenes")
    given.branches.set([care])
    Demand.objects.filter(pk=given.pk).update(count=5, assigned_to=actor)
    ledger.set_state(Demand.objects.get(text="Verborgenes"), Demand.State.HIDDEN)

    page = Page.of(client.get("/konto/bedarf/", secure=True))

    rows = [re.sub(r"\s+", " ", row.all("th")[0].text) for row in page.one("tbody").all("tr")]
    assert rows == ["Zugewiesenes Ihnen vorgeschlagen", "Allgemeines", "Drahtlaser"]


def test_who_speaks_for_nobody_sees_no_demand(cast: Cast) -> None:
    demand = ledger.find_or_make("allgemeines", "Allgemeines")
    Demand.objects.filter(pk=demand.pk).update(count=7)
    text = Page.of(cast.client("stranger").get("/konto/bedarf/")).main.text
    assert "Allgemeines" not in text


def test_who_still_waits_for_the_agency_is_told_so_and_not_sent_to_look_for_an_organisation() -> None:
    client = Client()
    client.force_login(make_member(make_actor("Wartender Verband", state="waiting")))
    page = Page.of(client.get("/konto/bedarf/", secure=True))
    assert "„Wartender Verband“ ist noch nicht freigeschaltet." in page.main.text
    assert "/konto/akteure/" not in [link["href"] for link in page.main.all("a")]


def test_one_address_is_given_out_and_erased_with_its_wishes(client: Client) -> None:
    from platform_mark.desk import privacy

    wished(client)
    assert privacy.export_person(EMAIL)["Wünsche nach einer Nachricht"][0]["E-Mail-Adresse"] == EMAIL
    privacy.erase_person(EMAIL)
    assert not Wish.objects.exists()
    assert Demand.objects.get().text == "Quantenlaser"
