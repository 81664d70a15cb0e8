"""The page of one example: everything that is known, what is unknown, and nothing that must not be told."""

import json
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from platform_mark.publishing.models import Publishable, State
from platform_mark.taxonomy.models import CompanySize, TargetGroup
from practices.models import Effect, Practice, PracticePicture, Prerequisite, Step
from practices.releasing import publish, record_release
from tests.databases import put_the_databases_clock_a_day_ahead
from tests.make import (
    DAY,
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


@pytest.fixture(autouse=True)
def media(settings: object, tmp_path: object) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]


def shown(client: Client, practice: Practice) -> Page:
    response = client.get(practice.get_absolute_url())
    assert response.status_code == 200
    return Page.of(response)


def words(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def facts(page: Page) -> dict[str, str]:
    """The Steckbrief: what is asked, and the answer."""
    found = {}
    for plate in page.main.all("dl", class_="facts"):
        names = [dt.text for dt in plate.all("dt")]
        values = [words(dd.text) for dd in plate.all("dd")]
        found |= dict(zip(names, values, strict=True))
    return found


# ---------------------------------------------------------------- everything that is known

TOLD = {
    "title": "Karte statt Zettel",
    "teaser": "Wer rüstet, sieht sofort alles.",
    "figure_value": "−38 %",
    "figure_label": "Rüstzeit je Los",
    "company": "Federnwerk Lennetal",
    "employees": 84,
    "year": 2019,
    "target_groups": list(TargetGroup),
    "technologies": ["Tablets", "Formular-App"],
    "starting_point": "<p>Ausgangs-Wort</p>",
    "goal": "<p>Ziel-Wort</p>",
    "solution": "<p>Vorgehens-Wort</p>",
    "result": "<p>Ergebnis-Wort</p>",
    "failures": "<p>Fehlschlags-Wort</p>",
    "lessons": "<p>Lern-Wort</p>",
    "advice": "<p>Rat-Wort</p>",
    "people_involved": "Beteiligten-Wort",
    "worries": "Sorgen-Wort",
    "investment_from": 20_000,
    "investment_to": 25_000,
    "running_cost_from": 611,
    "running_cost_to": 622,
    "person_days": Decimal("34.5"),
    "duration_weeks": 11,
    "months_to_benefit": Decimal("2.5"),
    "funding_used": True,
    "funding_programme": "Programm-Wort",
    "without_new_software": False,
    "without_it_department": True,
    "quote_text": "Zitat-Wort",
    "quote_role": "Einrichterin",
    "video_url": "https://www.video.example/rundgang",
    "video_caption": "Rundgangs-Wort",
    "as_of": date(2026, 3, 3),
}
READ = {
    "employees": ["84", "mittel"],
    "target_groups": ["Auszubildende", "Beschäftigte", "Führungskräfte"],
    "investment_from": ["20.000 bis 25.000 €"],
    "running_cost_from": ["611 bis 622 €"],
    "person_days": ["34,5"],
    "duration_weeks": ["11 Wochen"],
    "months_to_benefit": ["2,5"],
    "video_url": ["video.example"],
    "as_of": ["3. März 2026"],
}
# Not on the page by themselves, but by what follows from them; the key figure leads the cards.
SILENT = {
    *("investment_to", "running_cost_to", "funding_used", "without_new_software", "without_it_department"),
    *("figure_value", "figure_label"),
}


def test_the_page_shows_every_field(client: Client) -> None:
    practice = make_practice(
        **TOLD,
        branches=(make_branch("Metall und Draht"), make_branch("Kunststoffe")),
        topics=(make_topic("Rüsten und Fertigung"),),
        municipality=make_municipality("Plettenberg"),
    )

    text = words(shown(client, practice).main.text)

    for name, value in TOLD.items():
        if name not in SILENT:
            plain = str(value).removeprefix("<p>").removesuffix("</p>")
            for expected in READ.get(name, value if isinstance(value, list) else [plain]):
                assert expected in text, name
    for expected in ("Metall und Draht", "Kunststoffe", "Rüsten und Fertigung", "Plettenberg"):
        assert expected in text


def test_no_field_is_forgotten_by_the_test_above() -> None:
    """A new field of the model must be shown, or be named here with its reason."""
    own = {field.name for field in Practice._meta.fields} - {field.name for field in Publishable._meta.get_fields()}
    elsewhere = {
        *("id", "slug"),  # the address
        *("kind", "source_url"),  # reports of others, below
        *("is_fictitious", "is_anonymous"),  # marks, below
        *("size_band", "size"),  # the class, by head count above and by band in the list
        *("municipality", "place"),  # relations, above
        "revision_of",  # staff's own
    }
    assert own - elsewhere == set(TOLD)


def test_the_page_shows_every_part_in_its_order(client: Client) -> None:
    practice = make_practice()
    for order, name in ((2, "zweite"), (1, "erste")):
        Effect.objects.create(
            practice=practice,
            order=order,
            label=f"Wirkung {name}",
            unit="min",
            before=Decimal("1234.50"),
            after=Decimal(order),
            method=Effect.Method.MEASURED,
            note=f"Messung {name}",
        )
        Step.objects.create(
            practice=practice,
            order=order,
            action=f"Schritt {name}",
            detail=f"Näheres {name}",
            who=f"Wer {name}",
            duration=f"Dauer {name}",
            needs=f"Bedarf {name}",
        )
        Prerequisite.objects.create(practice=practice, order=order, text=f"Voraussetzung {name}")
        PracticePicture.objects.create(
            practice=practice, order=order, image=make_image(alt=f"Bild {name}"), caption=f"Unterschrift {name}"
        )

    page = shown(client, practice)
    text = words(page.main.text)

    for word in ("Wirkung", "Messung", "Schritt", "Näheres", "Wer", "Dauer", "Bedarf", "Voraussetzung", "Unterschrift"):
        assert 0 <= text.index(f"{word} erste") < text.index(f"{word} zweite"), word
    assert "1.234,5 min" in text
    assert "gemessen" in text
    pictures = [img for img in page.main.all("img") if img["alt"].startswith("Bild ")]
    assert [img["alt"] for img in pictures] == ["Bild erste", "Bild zweite"]
    assert all(img["width"].isdigit() and img["height"].isdigit() for img in pictures)
    assert "Foto: Federnwerk Lennetal" in text


def test_the_files_of_a_picture_are_there_and_nobody_else_may_read_the_folder(client: Client) -> None:
    practice = make_practice()
    PracticePicture.objects.create(practice=practice, image=make_image())

    files = {source for source in shown(client, practice).resources if source.startswith("/medien/")}

    assert files
    for file in files:
        response = client.get(file)
        assert response.status_code == 200, file
        assert response["Content-Type"] == "image/webp"
        assert b"".join(response.streaming_content).startswith(b"RIFF")
    folder = min(files).rpartition("/")[0]
    assert client.get(f"{folder}/").status_code == 404
    assert client.get(f"{folder}/1.webp").status_code == 404


@pytest.mark.parametrize("method", Effect.Method)
def test_an_effect_says_where_its_number_comes_from(client: Client, method: Effect.Method) -> None:
    practice = make_practice()
    Effect.objects.create(practice=practice, label="Rüstzeit", after=Decimal(32), method=method)

    assert method.label in shown(client, practice).main.text


def test_an_effect_without_a_baseline_says_so(client: Client) -> None:
    practice = make_practice()
    Effect.objects.create(practice=practice, label="Rüstzeit", unit="min", after=Decimal(32), method="estimated")

    assert "vorher nicht gemessen" in shown(client, practice).main.text


# ---------------------------------------------------------------- what is unknown


def test_an_unknown_fact_is_said_to_be_unknown_and_never_guessed(client: Client) -> None:
    page = shown(client, make_practice())

    told = facts(page)
    for name in ("Größe", "Kosten", "Dauer", "Aufwand", "Förderung"):
        assert told[name] == "unbekannt", told
    for word in ("None", "nein", "0 €", "Ausgangslage", "Zitat"):
        assert word not in page.main.text, word


@pytest.mark.parametrize(
    ("answer", "funding", "needed"), [(True, "ja", False), (False, "keine", True), (None, "unbekannt", None)]
)
def test_yes_no_and_unknown_are_three_answers(
    client: Client, answer: bool | None, funding: str, needed: bool | None
) -> None:
    practice = make_practice(funding_used=answer, without_new_software=answer, without_it_department=answer)

    told = facts(shown(client, practice))

    assert told["Förderung"] == funding
    words = {
        True: ("neue nötig", "eigene nötig"),
        False: ("keine neue nötig", "eigene nicht nötig"),
        None: (None, None),
    }
    assert (told.get("Software"), told.get("IT-Leute")) == words[needed]


def test_free_of_charge_is_not_unknown(client: Client) -> None:
    practice = make_practice(investment_from=0, investment_to=0, employees=0)

    told = facts(shown(client, practice))

    assert told["Kosten"] == "keine"
    assert "kleinst" in told["Größe"]


def test_blocks_without_content_are_left_out(client: Client) -> None:
    empty, full = make_practice(), make_rich_practice()
    add_parts(full, 1)

    def headings(practice: Practice) -> set[str]:
        return {h2.text for h2 in shown(client, practice).main.all("h2")}

    assert headings(empty) < headings(full)
    for practice in (empty, full):
        for section in shown(client, practice).main.all("section", "ul", "ol", "dl", "blockquote", "p", "dd"):
            assert section.text or section.all("img", "svg"), section


# ---------------------------------------------------------------- what is marked


def test_a_report_of_others_names_and_links_its_source_and_is_marked_as_such(client: Client) -> None:
    source = "https://www.quelle.example/bericht?teil=1&seite=2"
    page = shown(client, make_external("Aus einem Bericht", source_url=source))

    links = [a for a in page.main.all("a") if a["href"] == source]
    assert links
    assert all({"noopener", "noreferrer"} <= set(a["rel"].split()) for a in links)
    assert "quelle.example" in page.main.text
    assert "extern veröffentlicht" in page.main.text.casefold()
    assert "extern veröffentlicht" not in shown(client, make_practice("Eigenes")).main.text.casefold()


def test_an_invented_company_is_marked_wherever_its_name_stands(client: Client) -> None:
    metal = make_branch("Metall")
    invented = make_rich_practice(is_fictitious=True, company="Ziehwerk Erfunden", branches=(metal,))
    real = make_practice("Echt", branches=(metal,))

    for page in (shown(client, invented), shown(client, real)):
        text = page.main.text
        names = text.count("Ziehwerk Erfunden")
        assert names
        assert text.count("Ziehwerk Erfunden Beispielfirma") == names


# ---------------------------------------------------------------- who must not be named


def test_an_unnamed_company_is_named_nowhere(client: Client) -> None:
    metal, place = make_branch("Metall"), make_municipality("Plettenberg")
    topic = make_topic("Rüsten")
    secret = make_rich_practice(
        "Werkzeug warten nach Hubzahl",
        company="Stanzerei Geheim",
        is_anonymous=True,
        branches=(metal,),
        topics=(topic,),
        municipality=place,
        employees=38,
        figure_value="4 Stunden",
    )
    add_parts(secret, 2)
    neighbour = make_practice("Nachbar", branches=(metal,), topics=(topic,))

    addresses = [secret.get_absolute_url(), neighbour.get_absolute_url(), metal.get_absolute_url()]
    addresses += ["/", "/beispiele/", "/branchen/", "/sitemap.xml"]
    told = 0
    for address in addresses:
        html = client.get(address).content.decode()
        told += secret.title in html
        assert "Geheim" not in html, address
        # The filter and the map name every town of the region, whether or not there is an example.
        names_all = address in ("/", "/beispiele/")
        shown_text = " ".join(a.text for a in Page(html).main.all("article")) if names_all else html
        assert "Plettenberg" not in shown_text, address
        assert "38 " not in words(Page(html).root.text), address
    # The pages do show the example, so that there was something to leak.
    assert told >= 5

    page = shown(client, secret)
    assert "Betrieb ohne Namensnennung" in page.main.text
    assert facts(page)["Größe"].startswith("klein")


def test_a_place_outside_the_region_is_not_told_for_an_unnamed_company(client: Client) -> None:
    practice = make_practice(is_anonymous=True, place="Dingsbach")

    assert "Dingsbach" not in client.get(practice.get_absolute_url()).content.decode()
    assert "Dingsbach" not in client.get("/beispiele/").content.decode()


# ---------------------------------------------------------------- what machines read


def structured(page: Page) -> list[dict]:
    return [
        json.loads("".join(t for t in script.children if isinstance(t, str)))
        for script in page.all("script", type="application/ld+json")
    ]


def test_title_description_and_address_are_those_of_the_example(client: Client) -> None:
    practice = make_practice("Karte & Zettel")
    page = shown(client, practice)

    assert page.title.startswith("Karte & Zettel")
    assert page.one("meta", name="description")["content"] == practice.teaser
    assert page.one("link", rel="canonical")["href"] == f"{settings.BASE_URL}{practice.get_absolute_url()}"


def test_structured_data_closes_no_script_and_says_what_the_page_says(client: Client) -> None:
    page = shown(client, make_practice("Karte </script><script>alert(1)</script>"))

    for data in structured(page):
        assert "Karte </script>" in json.dumps(data, ensure_ascii=False)
    assert "alert(1)" not in [s.children for s in page.all("script")]


# ---------------------------------------------------------------- hostile texts

PAYLOADS = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "'-window.pwned-'",
    "</script><script>window.pwned=1</script>",
    "javascript:window.pwned=1",
    "{{ 7|add:7 }}{% debug %}",
    "<a href='javascript:window.pwned=1'>x</a>",
    "</title><script>window.pwned=1</script>",
    "<!--<script>window.pwned=1//",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_are_shown_as_text_and_do_nothing(client: Client, payload: str) -> None:
    metal = make_branch(f"Metall {payload}"[:80], slug="metall", synonyms=[payload])
    # Forms and imports take no address but that of a page.
    rich = {name: payload for name, value in TOLD.items() if isinstance(value, str) and name != "video_url"}
    short = {"figure_value": payload[:20], "figure_label": payload[:60], "quote_role": payload[:80]}
    practice = make_practice(**TOLD | rich | short | {"technologies": [payload]}, slug="boese", branches=(metal,))
    Effect.objects.create(practice=practice, label=payload, unit=payload[:30], after=1, method="measured", note=payload)
    Step.objects.create(practice=practice, action=payload, detail=payload, who=payload, duration=payload, needs=payload)
    Prerequisite.objects.create(practice=practice, text=payload)
    PracticePicture.objects.create(practice=practice, image=make_image(alt=payload, credit=payload), caption=payload)
    make_practice("Nachbar", branches=(metal,))

    harmless = Page.of(client.get("/beispiele/gibt-es-nicht/"))
    scripts_of_ours = [script["src"] for script in harmless.all("script")]
    for address in (practice.get_absolute_url(), "/beispiele/nachbar/", "/beispiele/", "/", "/branchen/metall/"):
        page = Page.of(client.get(address))
        code = [s for s in page.all("script") if s["type"] != "application/ld+json"]
        assert [script["src"] for script in code] == scripts_of_ours, address
        assert not [e for e in page.root.walk() if any(name.startswith("on") for name in e.attributes)], address
        assert not [e["href"] for e in page.all("a") if e["href"].casefold().startswith(("javascript:", "data:"))]
    read = shown(client, practice).main.text
    # The label of the step, the quote and the caption, letter by letter: shown, not swallowed, not rendered.
    assert read.count(" ".join(payload.split())) >= 10


# ---------------------------------------------------------------- who is near


def test_similar_examples_share_a_branch_and_never_include_this_one_or_hidden_ones(client: Client) -> None:
    metal, plastics, wood = make_branch("Metall"), make_branch("Kunststoff"), make_branch("Holz")
    practice = make_practice("Dieses", branches=(metal, plastics))
    make_practice("Gleiche Branchen", branches=(metal, plastics))
    make_practice("Eine gleiche", branches=(plastics,))
    make_practice("Fremd", branches=(wood,))
    make_practice("Entwurf", branches=(metal,), state=State.DRAFT, published_at=None)
    make_practice("Geplant", branches=(metal,), published_at=timezone.now() + DAY)

    titles = [card.one("h3").text for card in shown(client, practice).main.all("article")]

    assert sorted(titles) == ["Eine gleiche", "Gleiche Branchen"]


def test_an_example_without_branches_has_no_similar_ones(client: Client) -> None:
    make_practice("Auch ohne Branche")

    assert shown(client, make_practice()).main.all("article") == []


def test_a_branch_of_the_example_is_a_link_and_a_merged_one_is_not_shown(client: Client) -> None:
    metal = make_branch("Metall")
    old = make_branch("Drahtzieherei", merged_into=metal)
    page = shown(client, make_practice(branches=(metal, old)))

    assert metal.get_absolute_url() in [urlsplit(href).path for href in page.links]
    assert "Drahtzieherei" not in page.main.text


# ---------------------------------------------------------------- who may see it


@pytest.mark.parametrize("state", [State.DRAFT, State.REVIEW, State.ARCHIVED])
def test_what_is_not_published_is_not_there(client: Client, state: State) -> None:
    practice = make_practice("Geheime Pläne", state=state)

    response = client.get(practice.get_absolute_url())

    assert response.status_code == 404
    assert "Geheime Pläne" not in response.content.decode()


def test_it_is_there_from_its_date_until_its_end(client: Client) -> None:
    now = timezone.now()
    planned = make_practice(published_at=now + DAY)
    current = make_practice(published_at=now - DAY, expires_at=now + DAY)
    expired = make_practice(published_at=now - 2 * DAY, expires_at=now - DAY)

    statuses = [client.get(p.get_absolute_url()).status_code for p in (planned, current, expired)]

    assert statuses == [404, 200, 404]


def test_a_size_known_only_as_a_band_is_shown(client: Client) -> None:
    told = facts(shown(client, make_external(size_band=CompanySize.MEDIUM)))

    assert "mittel" in told["Größe"]


# ---------------------------------------------------------------- who checked it, and when


def test_the_page_says_who_checked_it_and_when_the_company_said_yes(client: Client) -> None:
    practice = make_practice(as_of=date(2026, 9, 1), state=State.DRAFT, published_at=None)
    record_release(practice, released_by="Petra Muster", released_on=date(2026, 9, 3), channel="mail", by=None)
    publish(practice, by=None)

    page = shown(client, practice)

    assert facts(page)["Geprüft"] == "von der Redaktion, vom Betrieb freigegeben am 3. September 2026"
    # The role is told, the person is not.
    assert "Petra" not in page.main.text
    assert facts(shown(client, make_external(as_of=date(2026, 9, 1))))["Geprüft"] == "von der Redaktion"
    assert "Geprüft" not in facts(shown(client, make_practice(is_fictitious=True, as_of=date(2026, 9, 1))))
    assert "Geprüft" not in facts(shown(client, make_practice()))


def test_what_nobody_checked_for_two_years_says_so(client: Client) -> None:
    today = timezone.localdate()
    old, young = make_practice(as_of=today - 731 * DAY), make_practice(as_of=today - 729 * DAY)

    assert "Vor mehr als zwei Jahren geprüft." in shown(client, old).main.text
    assert "zwei Jahren" not in shown(client, young).main.text
    assert "zwei Jahren" not in shown(client, make_practice(as_of=None)).main.text


def test_a_picture_goes_on_the_day_after_its_rights_end_without_a_restart(
    client: Client,
) -> None:
    practice = make_practice()
    PracticePicture.objects.create(practice=practice, image=make_image(rights_until=timezone.localdate()))
    assert shown(client, practice).main.all("img")

    put_the_databases_clock_a_day_ahead()
    assert shown(client, practice).main.all("img") == []


def test_a_video_is_a_link_that_says_where_it_leads_and_nothing_is_loaded_from_there(client: Client) -> None:
    film = {"video_url": "https://www.video.example/rundgang", "video_caption": "Umrüsten, 4 Minuten, mit Untertiteln"}

    page = shown(client, make_practice(**film))
    [link] = [a for a in page.main.all("a") if "video.example" in a["href"]]
    assert link["href"] == film["video_url"]
    assert {"noopener", "noreferrer"} <= set(link["rel"].split())
    assert "Video ansehen auf video.example" in words(page.main.text)
    assert "führt aus dem Portal hinaus" in page.main.text
    html = client.get(make_practice(**film).get_absolute_url()).content.decode()
    assert html.count("video.example/rundgang") == 1 and "<iframe" not in html and "<video" not in html

    # It would tell whose company it is.
    assert (
        "video.example" not in client.get(make_practice(**film, is_anonymous=True).get_absolute_url()).content.decode()
    )
    assert "<h2>Video</h2>" not in client.get(make_practice().get_absolute_url()).content.decode()


@pytest.mark.parametrize("half", [{"video_url": "https://video.example/a"}, {"video_caption": "Umrüsten"}])
def test_a_video_without_a_word_of_what_it_shows_is_refused(half: dict[str, str]) -> None:
    practice = make_practice()
    for name, value in half.items():
        setattr(practice, name, value)
    with pytest.raises(ValidationError, match="Zu einem Video gehören beide Angaben"):
        practice.full_clean()
