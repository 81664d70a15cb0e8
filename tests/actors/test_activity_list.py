"""The list of the register as companies and actors use it: by its address, its boxes, its chips and its pages."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actors.models import Activity, Actor
from actors.stages import HOLDS_DAYS, LABEL_DAYS
from platform_mark.publishing.models import State
from platform_mark.taxonomy.models import Branch, District, Municipality, Topic
from platform_mark.taxonomy.reference import load_reference
from tests.actors.make import make_activity, make_actor, make_member
from tests.make import DAY, days_ago, make_branch, make_municipality, make_topic
from tests.markup import Page
from tests.practices.test_list import boxes, chips, hits, query_of

pytestmark = pytest.mark.django_db

LIST = "/aktivitaeten/"


def asked(client: Client, query: str = "", **values: object) -> Page:
    address = f"{LIST}?{query or urlencode(values, doseq=True)}"
    response = client.get(address)
    assert response.status_code == 200, address
    return Page.of(response)


def titles(page: Page) -> list[str]:
    """What was found, in its order; what is merely near or for actors only does not count."""
    for table in page.main.all("table"):
        if table.one("caption").text == "Aktivitäten":
            return [row.one("th", scope="row").all("a")[0].text for row in table.one("tbody").all("tr")]
    return []


def test_a_facet_finds_what_is_meant_for_it_and_what_is_meant_for_all(client: Client) -> None:
    metal, wood = make_branch("Metall"), make_branch("Holz")
    altena = make_municipality("Altena")
    elsewhere = District.objects.create(key="05954", name="Ennepe-Ruhr-Kreis", slug="ennepe-ruhr-kreis")
    witten = make_municipality("Witten", district=elsewhere)
    make_activity("Nur Metall", branches=(metal,), sizes=["small"], municipalities=(altena,))
    make_activity("Nur Holz", branches=(wood,), sizes=["large"], municipalities=(witten,))
    make_activity("Kreisweit", branches=(metal,), districts=(altena.district,))
    make_activity("Für alle")

    for query in ({"branche": "metall"}, {"groesse": "klein"}, {"kreis": "maerkischer-kreis"}, {"ort": "altena"}):
        found = set(titles(asked(client, **query)))
        assert {"Nur Metall", "Für alle", "Kreisweit"} <= found and "Nur Holz" not in found, query
    assert titles(asked(client, branche="alle")) == ["Für alle"]
    assert set(titles(asked(client, kreis="ennepe-ruhr-kreis"))) == {"Nur Holz", "Für alle"}


def test_the_switch_leaves_out_what_is_meant_for_all_and_its_chip_turns_it_off(client: Client) -> None:
    metal = make_branch("Metall")
    make_activity("Nur Metall", branches=(metal,))
    make_activity("Für alle")

    page = asked(client, branche="metall", eigens="ja")

    assert titles(page) == ["Nur Metall"] and boxes(page, "branche")["metall"].count == 1
    assert query_of(chips(page)["nur eigens dafür"]) == {"branche": ["metall"]}
    assert boxes(asked(client, branche="metall"), "branche")["metall"].count == 2


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"art": "qualifizierung"}, {"kind": "training"}),
        ({"zielgruppe": "auszubildende"}, {"target_groups": ["trainees"]}),
        ({"groesse": "gross"}, {"sizes": ["large"]}),
        ({"phase": "umsetzen"}, {"phases": ["implement"]}),
        ({"kosten": "kostenlos"}, {"cost": "free"}),
    ],
)
def test_each_fixed_facet_narrows(client: Client, query: dict[str, str], fields: dict[str, object]) -> None:
    make_activity("Passt", **fields)
    make_activity(
        "Passt nicht", target_groups=["managers"], sizes=["micro"], kind="advice", cost="paid", phases=["plan"]
    )

    assert titles(asked(client, **query)) == ["Passt"]
    [(name, word)] = query.items()
    assert boxes(asked(client), name)[word].count == 1


def test_a_topic_and_a_word_narrow_and_the_word_is_marked(client: Client) -> None:
    topic = make_topic("Papierlos")
    make_activity("Digitale Lotsen im Betrieb", topics=(topic,))
    make_activity("Runder Tisch Drahtziehen")

    assert titles(asked(client, thema="papierlos")) == ["Digitale Lotsen im Betrieb"]
    page = asked(client, q="Drahtziehen")
    assert titles(page) == ["Runder Tisch Drahtziehen"]
    assert page.main.one("mark").text == "Drahtziehen"


def test_stand_follows_from_the_day_of_the_last_assurance(client: Client) -> None:
    for title, days in {
        "Frisch": 0,
        "Gerade noch": HOLDS_DAYS - 1,
        "Fällig": HOLDS_DAYS,
        "Überfällig": LABEL_DAYS,
    }.items():
        make_activity(title, confirmed_at=days_ago(days), published_at=days_ago(300))
    make_activity("Nie bestätigt", confirmed_at=None)

    assert set(titles(asked(client, stand="bestaetigt"))) == {"Frisch", "Gerade noch"}
    assert titles(asked(client, stand="faellig")) == ["Fällig"]
    assert set(titles(asked(client, stand="nicht-bestaetigt"))) == {"Überfällig", "Nie bestätigt"}
    assert set(titles(asked(client, stand=["faellig", "bestaetigt"]))) == {"Frisch", "Gerade noch", "Fällig"}
    counts = {word: box.count for word, box in boxes(asked(client), "stand").items()}
    assert counts == {"bestaetigt": 2, "faellig": 1, "nicht-bestaetigt": 2}


def test_former_entries_stand_in_a_list_of_their_own(client: Client) -> None:
    metal = make_branch("Metall")
    today, now = timezone.localdate(), timezone.now()
    make_activity("Läuft", branches=(metal,))
    make_activity("Beendet", branches=(metal,), valid_until=today - timedelta(days=1))
    make_activity("Vergessen", confirmed_at=now - 260 * DAY, published_at=now - 400 * DAY)
    make_activity("War nur für Akteure", visibility="actors", valid_until=today - timedelta(days=1))

    assert titles(asked(client)) == ["Läuft"]
    page = asked(client, stand="frueher")
    assert titles(page) == ["Beendet", "Vergessen"] and "frühere Einträge" in chips(page)
    assert set(titles(asked(client, stand="frueher", branche="metall"))) == {"Beendet", "Vergessen"}
    assert titles(asked(client, stand="frueher", branche="metall", eigens="ja")) == ["Beendet"]
    assert titles(asked(client, stand="frueher", q="Vergessen")) == ["Vergessen"]


def test_what_an_organisation_that_left_had_confirmed_is_called_former_everywhere(client: Client) -> None:
    made = make_activity("Sprechtag", actor=make_actor(state="former", left_at=timezone.now()))

    [row] = asked(client, stand="frueher").main.one("tbody").all("tr")
    assert "früherer Eintrag" in row.text
    assert "früherer Eintrag" in Page.of(client.get(made.get_absolute_url())).main.text
    [line] = json.loads(client.get(f"{LIST}liste.json?stand=frueher").getvalue())["activities"]
    assert (line["title"], line["stage"]) == ("Sprechtag", "früherer Eintrag")


def test_an_unknown_value_finds_nothing_and_the_page_says_which(client: Client) -> None:
    make_activity("Für alle")

    for name in ("branche", "art", "zielgruppe", "groesse", "kreis", "ort", "thema", "phase", "kosten", "stand"):
        page = asked(client, **{name: "gibt<es>nicht"})
        assert hits(page) == 0 and titles(page) == [], name
        assert "Diesen Filter kennen wir nicht: gibt<es>nicht" in page.main.text, name
    assert titles(asked(client, stand="frueher", art="gibtesnicht")) == []
    several = Page.of(client.get(f"{LIST}?branche=metall4&groesse=small")).main.text
    assert "Diese Filter kennen wir nicht: metall4, small" in several


def test_odd_values_are_answered_calmly(client: Client) -> None:
    make_activity("Für alle")

    for query in (
        "seite=-1",
        "seite=x",
        "seite=99999999999",
        "q=%27%22%3C",
        "sortierung=quatsch",
        "eigens=vielleicht",
        "stand=frueher&seite=7",
    ):
        assert client.get(f"{LIST}?{query}").status_code == 200, query


def test_a_merged_branch_leads_to_its_present_word(client: Client) -> None:
    metal = make_branch("Metall")
    make_branch("Draht", merged_into=metal)

    response = client.get(f"{LIST}?branche=draht&art=beratung")

    assert response.status_code == 301 and response["Location"] == f"{LIST}?branche=metall&art=beratung"


def test_the_page_counts_in_a_sentence_and_an_empty_one_leads_on(client: Client) -> None:
    metal = make_branch("Metall")
    make_activity("Beratung", branches=(metal,), kind="advice")
    make_activity("Kurs", kind="training")

    assert asked(client).one("h2", id="treffer").text == "2 laufende Aktivitäten"
    assert asked(client, art="beratung").one("h2", id="treffer").text == "1 von 2 Aktivitäten passt"
    assert asked(client, zielgruppe="fuehrungskraefte").one("h2", id="treffer").text == "2 laufende Aktivitäten"
    page = asked(client, art="netzwerk", branche="metall")
    assert page.one("h2", id="treffer").text == "Keine Aktivität passt zu allen Filtern"
    assert "Metall, jede Art: 2 Aktivitäten" in page.main.text


def test_pages_hold_all_entries_once(client: Client) -> None:
    actor = make_actor()
    for number in range(45):
        make_activity(f"Angebot {number:02}", actor=actor)

    found = [title for number in (1, 2, 3) for title in titles(asked(client, seite=number))]

    assert sorted(found) == [f"Angebot {number:02}" for number in range(45)]
    assert len(titles(asked(client, seite=3))) == 5


# ---------------------------------------------------------------- what only actors may know


def _everywhere(client: Client, activity: Activity, actor: Actor) -> dict[str, str]:
    """What each address says that could speak of an entry."""
    paths = [
        *(
            "/",
            LIST,
            f"{LIST}?art=beratung",
            f"{LIST}?q=Geheimplan",
            f"{LIST}?stand=frueher",
            f"{LIST}?sortierung=neueste",
        ),
        *("/aktivitaeten/matrix/", "/akteure/", actor.get_absolute_url(), "/sitemap.xml", "/branchen/metall/"),
        *(f"{LIST}liste.csv", f"{LIST}liste.json", f"{LIST}liste.atom", f"{LIST}liste.json?q=Geheimplan"),
    ]
    answers = {}
    for path in paths:
        response = client.get(path)
        assert response.status_code == 200, path
        answers[path] = response.getvalue().decode()
    return answers


def test_nobody_else_learns_of_an_entry_for_actors_only(client: Client) -> None:
    metal = make_branch("Metall")
    actor = make_actor("Kammer Mark")
    make_activity("Offenes Angebot", branches=(metal,), actor=actor)
    before = {path: _numbers(text) for path, text in _everywhere(client, Activity(), actor).items()}

    plan = make_activity("Geheimplan Messe", branches=(metal,), actor=actor, visibility="actors")

    stranger = Client(SERVER_NAME="testserver")
    waiting = make_member(make_actor("Wartet noch", state="waiting", approved_at=None))
    stranger.force_login(waiting)
    for who in (client, _logged_in(waiting)):
        answers = _everywhere(who, plan, actor)
        for path, text in answers.items():
            assert "Geheimplan Messe" not in text, path
            assert _numbers(text) == before[path], path
        assert who.get(plan.get_absolute_url()).status_code == 404
        assert who.get(f"{plan.get_absolute_url()}aenderung/").status_code == 404


def test_actors_see_them_marked_above_the_list_and_in_no_count_or_file(client: Client) -> None:
    metal, wood = make_branch("Metall"), make_branch("Holz")
    owner = make_member(make_actor("Hochschule"))
    make_activity("Offenes Angebot", branches=(metal,))
    plan = make_activity("Plan", branches=(metal,), visibility="actors")
    make_activity("Anderer Plan", branches=(wood,), visibility="actors")
    who = _logged_in(owner)

    page = asked(who, branche="metall")
    section = page.main.one("section", aria_labelledby="nur-akteure")
    assert [a.text for a in section.one("tbody").all("th")[0].all("a")][:1] == ["Plan"]
    assert "nur für Akteure" in section.one("tbody").text and "Anderer Plan" not in page.main.text
    assert hits(page) == 1 and titles(page) == ["Offenes Angebot"]
    response = who.get(plan.get_absolute_url())
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store" and "noindex" in response["X-Robots-Tag"]
    for form in ("csv", "json", "atom"):
        assert "Plan" not in who.get(f"{LIST}liste.{form}").getvalue().decode(), form
    matrix = Page.of(who.get("/aktivitaeten/matrix/"))
    assert "dazu 1 nur für Akteure" in " ".join(a["aria-label"] for a in matrix.main.all("a") if "aria-label" in a)


def test_actors_ask_others_for_cooperation_and_not_themselves(client: Client) -> None:
    actor = make_actor("Hochschule")
    own, other = make_activity("Eigenes Angebot", actor=actor), make_activity("Fremdes Angebot")
    who = _logged_in(make_member(actor))
    links = Page.of(who.get(LIST)).links
    assert (f"/konto/kooperation/{other.slug}/" in links, f"/konto/kooperation/{own.slug}/" in links) == (True, False)
    for activity, may in ((other, True), (own, False)):
        page = who.get(activity.get_absolute_url())
        assert (f"/konto/kooperation/{activity.slug}/" in Page.of(page).links) == may
        assert page["Cache-Control"] == "private, no-store"
    assert not [link for link in Page.of(client.get(LIST)).links if "kooperation" in link]


def test_a_disabled_account_is_a_stranger_again(client: Client) -> None:
    owner = make_member(make_actor("Hochschule"))
    plan = make_activity("Plan", visibility="actors")
    who = _logged_in(owner)
    assert who.get(plan.get_absolute_url()).status_code == 200

    owner.is_active = False
    owner.save(update_fields=["is_active"])

    assert who.get(plan.get_absolute_url()).status_code == 404


def _logged_in(user: object) -> Client:
    from tests.conftest import PortalClient

    client = PortalClient(raise_request_exception=False)
    client.force_login(user)
    return client


def _numbers(text: str) -> list[str]:
    """Everything that counts: numbers outside of times, which differ from answer to answer."""
    import re

    return re.findall(r"(?<![\w:.-])\d+(?![\w:.-])", re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z-]+", "", text))


# ---------------------------------------------------------------- cost


def test_the_number_of_queries_does_not_grow_with_entries(client: Client) -> None:
    load_reference()
    metal = Branch.objects.current().earliest("order")
    topic, place = Topic.objects.earliest("pk"), Municipality.objects.earliest("pk")

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200, path
        return len(captured)

    paths = {
        LIST: 4,
        f"{LIST}?q=Angebot&branche={metal.slug}": 4,
        f"{LIST}?stand=frueher": 4,
        "/aktivitaeten/matrix/": 8,
        "/akteure/": 4,
        "/": 10,
        metal.get_absolute_url(): 8,
    }
    first = make_activity("Angebot 0", branches=(metal,), topics=(topic,), municipalities=(place,))
    make_activity("Anderes Angebot", branches=(metal,), valid_until=timezone.localdate() - DAY)
    paths |= {first.get_absolute_url(): 4, first.actor.get_absolute_url(): 4}
    before = {path: queries(path) for path in paths}
    for number in range(1, 5):
        make_activity(
            f"Angebot {number}", branches=(metal,), topics=(topic,), municipalities=(place,), actor=first.actor
        )
        make_activity(
            f"Anderes Angebot {number}", branches=(metal,), topics=(topic,), valid_until=timezone.localdate() - DAY
        )
    after = {path: queries(path) for path in paths}

    assert after == before
    assert {path: count for path, count in after.items() if count > paths[path]} == {}


@pytest.mark.parametrize("path", [LIST, "/aktivitaeten/matrix/"])
def test_neither_does_it_grow_with_what_actors_share(client: Client, path: str) -> None:
    district = make_municipality("Altena").district
    client.force_login(make_member(make_actor()))

    def queries() -> int:
        make_activity(visibility="actors", branches=(make_branch(),), districts=(district,))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    assert queries() == queries()


def test_only_public_states_are_listed(client: Client) -> None:
    make_activity("Öffentlich")
    make_activity("Entwurf", state=State.DRAFT, published_at=None)
    make_activity("Vom wartenden Akteur", actor=make_actor("Wartet", state="waiting", approved_at=None))
    make_activity("Geplant", published_at=timezone.now() + DAY)

    assert titles(asked(client)) == ["Öffentlich"]
