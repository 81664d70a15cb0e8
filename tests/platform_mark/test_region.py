"""The map of the region: tiles for every municipality, and outlines that an operator loads."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from platform_mark.pages import region as region_module
from platform_mark.pages.models import RegionMap, RegionOutline
from platform_mark.pages.region import region, shade
from platform_mark.taxonomy.models import District, Municipality
from platform_mark.taxonomy.reference import load_reference
from tests.make import make_municipality, make_practice
from tests.markup import Page

pytestmark = pytest.mark.django_db

# Some of the borders of the real region: tiles must touch where towns do.
NEIGHBOURS = [
    *(("Hagen", "Wetter (Ruhr)"), ("Hagen", "Herdecke"), ("Hagen", "Iserlohn"), ("Hagen", "Ennepetal")),
    *(("Hagen", "Nachrodt-Wiblingwerde"), ("Witten", "Hattingen"), ("Witten", "Wetter (Ruhr)"), ("Iserlohn", "Hemer")),
    *(("Iserlohn", "Menden (Sauerland)"), ("Hemer", "Balve"), ("Balve", "Neuenrade"), ("Altena", "Werdohl")),
    *(("Altena", "Lüdenscheid"), ("Werdohl", "Plettenberg"), ("Plettenberg", "Herscheid"), ("Kierspe", "Meinerzhagen")),
    *(("Halver", "Breckerfeld"), ("Schalksmühle", "Halver"), ("Ennepetal", "Breckerfeld"), ("Gevelsberg", "Schwelm")),
    *(("Sprockhövel", "Gevelsberg"), ("Lüdenscheid", "Kierspe"), ("Herscheid", "Meinerzhagen")),
]


def square(west: float, south: float, size: float = 0.1, steps: int = 10) -> list[list[float]]:
    """A square with points along its edges."""
    side = [n * size / steps for n in range(steps)]
    ring = [[west + n, south] for n in side] + [[west + size, south + n] for n in side]
    ring += [[west + size - n, south + size] for n in side] + [[west, south + size - n] for n in side]
    return [*ring, ring[0]]


def feature(ags: str, rings: list[Any], kind: str = "Polygon", **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"ags": ags}, "geometry": {"type": kind, "coordinates": rings}, **more}


@pytest.fixture
def towns() -> list[Municipality]:
    """Two neighbours of one district, and one of another."""
    other = District.objects.create(key="05954", name="Ennepe-Ruhr-Kreis", slug="ennepe-ruhr-kreis")
    return [
        make_municipality("Altena", ags="05962004"),
        make_municipality("Werdohl", ags="05962060"),
        make_municipality("Witten", ags="05954036", district=other),
    ]


@pytest.fixture
def features(towns: list[Municipality]) -> list[dict[str, Any]]:
    return [feature(town.ags, [square(7.0 + n / 10, 51.0)]) for n, town in enumerate(towns)]


def load(tmp_path: Path, data: Any, *arguments: str) -> str:
    """Run the command on a file with this content, and return what it says."""
    file, out = tmp_path / "grenzen.geojson", StringIO()
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    call_command("load_boundaries", str(file), *arguments, stdout=out)
    return out.getvalue()


def collection(features: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features, "attribution": "© Erfundenes Amt (2026)", **more}


# ---------------------------------------------------------------- tiles


def test_every_municipality_has_a_tile_and_none_lies_on_another() -> None:
    load_reference()

    found = region({})

    assert len(found.spots) == 25 and len({spot.path for spot in found.spots}) == 25
    for spot in found.spots:
        others = [o for o in found.spots if o is not spot and abs(o.y - spot.y) < region_module.TALL]
        assert all(abs(other.x - spot.x) >= 2 * region_module.HALF for other in others), spot.label
        assert 0 < spot.x < found.width and 0 < spot.y < found.height


def test_neighbours_stay_neighbours() -> None:
    load_reference()
    at = {spot.name: (spot.x, spot.y) for spot in region({}).spots}

    def touch(one: str, other: str) -> bool:
        across, down = abs(at[one][0] - at[other][0]), abs(at[one][1] - at[other][1])
        half, tall = region_module.HALF, region_module.TALL
        return (down == 0 and across == 2 * half) or (down == tall and across <= half)

    assert [pair for pair in NEIGHBOURS if not touch(*pair)] == []


def test_another_region_gets_tiles_for_towns_nobody_has_drawn() -> None:
    for number in range(8):
        make_municipality(f"Ort {number}", ags=f"0911111{number}")

    found = region({})

    assert len({(spot.x, spot.y) for spot in found.spots}) == 8
    assert region({}).served == 0


@pytest.mark.parametrize(
    ("count", "most", "expected"), [(0, 9, 0), (1, 1, 1), (1, 9, 1), (4, 9, 2), (7, 9, 3), (9, 9, 3), (3, 3, 3)]
)
def test_shades_are_thirds_up_to_the_largest(count: int, most: int, expected: int) -> None:
    assert shade(count, most) == expected


def test_the_home_page_links_each_tile_and_says_the_same_in_a_table(client: Client) -> None:
    load_reference()
    altena = Municipality.objects.get(name="Altena")
    make_practice(municipality=altena)
    make_practice(municipality=altena, is_anonymous=True)

    figure = Page.of(client.get("/")).main.one("figure")

    links = {a["aria-label"]: a["href"] for a in figure.one("svg").all("a")}
    assert len(links) == 25 and links["Altena: 1 Beispiel"] == "/beispiele/?ort=altena"
    assert links["Balve: noch keine Beispiele"] == "/beispiele/?ort=balve"
    rows = {row.one("th").text: row.all("td")[1].text for row in figure.one("tbody").all("tr")}
    assert len(rows) == 25 and rows["Altena"] == "1 Altena" and rows["Balve"] == "–"
    assert "Karte:" not in figure.text


# ---------------------------------------------------------------- outlines


def test_outlines_replace_the_tiles_with_their_credit_line(client: Client, tmp_path: Path, features: list[Any]) -> None:
    said = load(tmp_path, collection(features, licence="https://lizenz.example/by"))

    assert said.startswith("3 Umrisse geladen.")
    figure = Page.of(client.get("/")).main.one("figure")
    assert len(figure.one("svg").all("a")) == 3 and figure.one("svg")["viewbox"].startswith("0 0 620 ")
    assert "Karte: © Erfundenes Amt (2026), https://lizenz.example/by" in figure.text
    assert figure.one("a", href="https://lizenz.example/by")
    load(tmp_path, collection(features), "--credit", "© Anderes Amt")
    assert RegionMap.objects.get().credit == "© Anderes Amt" and RegionOutline.objects.count() == 3


def test_borders_run_round_the_region_and_between_districts_but_not_between_towns(
    tmp_path: Path, features: list[Any]
) -> None:
    load(tmp_path, collection(features))

    made = RegionMap.objects.get()
    # Three squares in a row: round all of them, and one line between the second and the third, who differ in district.
    steps = [abs(int(n)) for n in _numbers(made.border)]
    length = sum(steps) - sum(abs(int(n)) for line in made.border.split("M")[1:] for n in _numbers(line)[:2])
    assert length == 2 * 620 + 3 * made.height
    # Straight edges keep their corners alone.
    assert [len(_numbers(outline.path)) for outline in RegionOutline.objects.all()] == [8, 8, 8]


def _numbers(path: str) -> list[str]:
    import re

    return re.findall(r"-?\d+", path)


def test_a_whole_country_in_several_pieces_is_narrowed_to_the_region(tmp_path: Path, features: list[Any]) -> None:
    altena, *others = features
    pieces = [feature("05962004", [[square(7.0, 51.0)], [square(7.02, 51.2, 0.05)]], "MultiPolygon")]
    upper = [{**f, "properties": {"AGS": f["properties"]["ags"]}} for f in others]

    said = load(tmp_path, collection([*pieces, *upper, feature("01001000", [square(9.4, 54.7)])]))

    assert said.startswith("3 Umrisse")
    assert RegionOutline.objects.get(municipality__name="Altena").path.count("M") == 2
    assert altena["properties"]["ags"] == "05962004"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda features: "kein JSON", "kein JSON in UTF-8"),
        (lambda features: "[1, 2]", "kein GeoJSON mit einer Liste"),
        (lambda features: {"features": []}, "kein GeoJSON mit einer Liste"),
        (lambda features: {"features": features}, "nennt keine Quelle"),
        (lambda features: collection(features, attribution="x" * 301), "länger als 300 Zeichen"),
        (lambda features: collection(features[:2]), "In der Datei fehlen: Witten. Es wurde nichts geändert."),
        (lambda features: collection([*features, 7]), "Eintrag 4 ist kein „Feature“"),
        (lambda features: collection([{"type": "Feature", "properties": {}}]), "nennt keinen Gemeindeschlüssel"),
        (lambda features: collection([feature("05962004", [7, 51], "Point")]), "Altena) ist keine Fläche"),
        (lambda features: collection([feature("05962004", [[[7, 51], [8, 51]]])]), "weniger als vier Punkten"),
        (lambda features: collection([feature("05962004", [["abcd"] * 5])]), "keine Zahlen"),
        (lambda features: collection([feature("05962004", [[[None, 1]] * 5])]), "keine Zahlen"),
        (lambda features: collection([feature("05962004", [7.1])]), "keine Zahlen"),
        (lambda features: collection([feature("05962004", [square(392_000, 5_690_000)])]), "keine Grade"),
        (lambda features: json.dumps(collection([feature("05962004", [[[float("nan"), 51]] * 5])])), "keine Grade"),
    ],
)
def test_bad_files_are_refused_with_a_clear_line_and_change_nothing(
    tmp_path: Path, features: list[Any], change: Any, message: str
) -> None:
    load(tmp_path, collection(features))

    with pytest.raises(CommandError) as refused:
        load(tmp_path, change(features))

    assert message in str(refused.value)
    assert RegionMap.objects.get().credit == "© Erfundenes Amt (2026)" and RegionOutline.objects.count() == 3


def test_a_missing_file_is_refused_and_outlines_can_be_removed(tmp_path: Path, features: list[Any]) -> None:
    with pytest.raises(CommandError, match="lässt sich nicht lesen"):
        call_command("load_boundaries", str(tmp_path / "fehlt.geojson"))
    with pytest.raises(CommandError, match="Nennen Sie eine GeoJSON-Datei"):
        call_command("load_boundaries")
    load(tmp_path, collection(features))

    call_command("load_boundaries", "--remove", stdout=StringIO())

    assert not RegionMap.objects.exists() and region({}).credit == ""


def test_a_town_that_came_later_brings_the_tiles_back(tmp_path: Path, features: list[Any]) -> None:
    load(tmp_path, collection(features))
    make_municipality("Balve", ags="05962008")

    assert region({}).credit == "" and len(region({}).spots) == 4


def test_the_map_costs_one_query_and_one_more_with_outlines(tmp_path: Path, features: list[Any]) -> None:
    for expected in (1, 2):
        with CaptureQueriesContext(connection) as captured:
            region({})
        assert len(captured) == expected
        load(tmp_path, collection(features))
