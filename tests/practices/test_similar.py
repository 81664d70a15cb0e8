"""Similar examples, each with its reasons."""

from typing import Any

import pytest

from practices.similar import similar_to
from tests.make import make_branch, make_municipality, make_practice, make_topic

pytestmark = pytest.mark.django_db


def test_the_closest_come_first_and_say_why(client: Any) -> None:
    metal, plastics, setup = make_branch("Metall"), make_branch("Kunststoff"), make_topic("Rüsten")
    altena = make_municipality("Altena")
    here = make_practice("Hier", branches=(metal, plastics), topics=(setup,), employees=84, municipality=altena)
    make_practice("Nur die Größe", employees=84)
    make_practice("Branche", branches=(plastics,), employees=4)
    make_practice("Thema, Nachbargröße", topics=(setup,), employees=12)
    make_practice("Alles", branches=(metal, plastics), topics=(setup,), employees=99, municipality=altena)
    make_practice("Entwurf", branches=(metal,), state="draft")

    found = similar_to(here, [metal, plastics], [setup])

    assert [(other.practice.title, other.reasons) for other in found] == [
        ("Alles", ["gleiche Branche", "gleiches Thema", "gleich groß", "gleicher Kreis"]),
        ("Thema, Nachbargröße", ["gleiches Thema", "ähnlich groß"]),
        ("Branche", ["gleiche Branche"]),
    ]
    page = client.get(here.get_absolute_url()).content.decode()
    assert "Warum ähnlich: gleiche Branche, gleiches Thema, gleich groß, gleicher Kreis" in page


def test_an_anonymous_companys_district_is_no_reason() -> None:
    metal, altena = make_branch("Metall"), make_municipality("Altena")
    here = make_practice("Hier", branches=(metal,), municipality=altena)
    make_practice("Ohne Namen", branches=(metal,), municipality=altena, is_anonymous=True)
    [other] = similar_to(here, [metal], [])
    assert other.reasons == ["gleiche Branche"]
