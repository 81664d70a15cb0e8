"""A company that wants no name is not found out by what is said around it."""

from typing import Any

import pytest

from practices.models import PracticePicture
from tests.make import make_branch, make_image, make_municipality, make_practice

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
