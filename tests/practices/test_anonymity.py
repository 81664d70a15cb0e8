"""A company that wants no name is not found out by what is said around it."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from platform_mark.publishing.models import TransitionRefused
from practices import releasing, suggesting
from practices.models import Practice, PracticePicture
from tests.cast import make_cast
from tests.dialogues.test_admin import filled_form
from tests.make import make_branch, make_external, make_image, make_municipality, make_practice

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def neighbours(count: int, **fields: Any) -> None:
    for number in range(count):
        make_practice(company=f"Nachbar {number}", **fields)


@pytest.mark.parametrize(("others", "district"), [(0, ""), (1, ""), (2, "Märkischer Kreis")])
def test_the_district_is_told_only_among_three_firms(client: Any, others: int, district: str) -> None:
    metal, altena = make_branch("Metall"), make_municipality("Altena")
    same = {"branches": (metal,), "municipality": altena, "employees": 84}
    practice = make_practice("Ohne Namen", company="Geheime GmbH", is_anonymous=True, **same)
    neighbours(others, **same)
    # None of these fits: another size, another branch, a draft, the same firm twice.
    make_practice(company="Zu klein", **same | {"employees": 5})
    make_practice(company="Andere Branche", **same | {"branches": (make_branch("Holz"),)})
    make_practice(company="Nur ein Entwurf", state="draft", **same)
    make_practice(company="Geheime GmbH", **same)

    card = next(hit.practice for hit in client.get("/beispiele/").context["hits"] if hit.practice.pk == practice.pk)
    page = client.get(practice.get_absolute_url())

    assert card.location == district
    assert page.context["practice"].location == district
    main = page.content.decode().partition("<main")[2].partition("Ähnliche Beispiele")[0]
    assert ("Märkischer Kreis" in main) is bool(district)
    assert "Altena" not in main


def test_its_pictures_are_not_shown(client: Any, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    practice = make_practice("Ohne Namen", is_anonymous=True)
    picture = PracticePicture.objects.create(practice=practice, image=make_image(), caption="Unser Werkstor")
    page = client.get(practice.get_absolute_url()).content.decode()
    assert picture.image.src not in page
    assert "Unser Werkstor" not in page


def publish(practice: Practice) -> Practice:
    releasing.record_release(practice, released_by="Leitung", released_on=timezone.localdate(), channel="mail", by=None)
    return releasing.publish(practice, by=None)


def make_draft(title: str, **fields: Any) -> Practice:
    values = {"company": "Schmitz Federn GmbH", "is_anonymous": True, "state": "draft", "published_at": None}
    return make_practice(title, **values | fields)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"title": "Wie Schmitz ohne Papier rüstet"}, "Titel"),
        ({"teaser": "Bei Schmitz‘ Pressen hängt die Karte an der Maschine."}, "In einem Satz"),
        ({"slug": "schmitz-federn"}, "Adresse"),
        ({"company": "Müller & Söhne", "slug": "mueller"}, "Adresse"),
        ({"company": "Metall Stanzerei", "title": "Metall-Stanzerei ohne Papier"}, "Titel"),
    ],
)
def test_who_wants_no_name_is_not_named_where_everybody_sees_it_first(fields: dict[str, Any], place: str) -> None:
    practice = make_draft(**{"title": "Stundenzettel ohne Papier"} | fields)
    with pytest.raises(TransitionRefused, match=f"aber genannt: „{place}“"):
        publish(practice)
    practice.refresh_from_db()
    assert practice.state == "draft"


def test_what_many_companies_are_called_names_none() -> None:
    assert publish(make_draft("Federn ohne Papier")).is_published()
    assert publish(make_draft("Die Stanzerei ohne Papier", company="Stanzerei Metall")).is_published()
    assert publish(make_draft("Wie Schmitz rüstet", is_anonymous=False)).is_published()


def test_a_company_that_wants_no_name_any_more_is_not_kept_in_the_address() -> None:
    practice = publish(make_draft("Schmitz rüstet", is_anonymous=False))
    copy = releasing.revise(practice)
    copy.title, copy.is_anonymous = "Rüsten ohne Papier", True
    copy.save()
    with pytest.raises(TransitionRefused, match=r"„Adresse“ \(„schmitz“\)"):
        publish(copy)


def test_an_address_that_named_the_company_leads_nowhere(client: Any) -> None:
    practice = make_draft("Stundenzettel ohne Papier", slug="schmitz-federn", municipality=make_municipality("Altena"))
    editor: Any = make_cast().client("editor")
    address = reverse("admin:practices_practice_change", args=[practice.pk])
    editor.post(address, filled_form(editor, address) | {"slug": "stundenzettel", "is_anonymous": "on"})
    practice.refresh_from_db()
    assert practice.slug == "stundenzettel"

    publish(practice)

    assert client.get("/beispiele/stundenzettel/").status_code == 200
    assert client.get("/beispiele/schmitz-federn/").status_code == 404


def test_the_draft_of_a_suggestion_has_its_address_from_what_was_done() -> None:
    suggestion = suggesting.suggest(
        company="Schmitz Federn", place="Altena", what="Stundenzettel ohne Papier", benefit="x", email="a@b.example"
    )
    suggesting.confirm(suggestion)
    assert suggesting.accept(suggestion).slug == "stundenzettel-ohne-papier"


def test_whom_the_source_names_cannot_be_without_a_name() -> None:
    editor: Any = make_cast().client("editor")
    practice = make_external("Bericht aus der Halle")
    address = reverse("admin:practices_practice_change", args=[practice.pk])

    answer = editor.post(address, filled_form(editor, address) | {"is_anonymous": "on"})

    assert "Ohne Namen zeigen Sie nur eigene Beispiele." in answer.content.decode()
    practice.refresh_from_db()
    assert not practice.is_anonymous
    with pytest.raises(TransitionRefused, match="nur eigene Beispiele"):
        releasing.publish(make_external("Entwurf", state="draft", published_at=None, is_anonymous=True), by=None)
