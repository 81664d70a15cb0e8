"""The map of the region: one tile for each municipality, or its outline where an operator has loaded them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from platform_mark.taxonomy.models import Municipality
from platform_mark.taxonomy.reference import FOLDER

from .models import RegionMap

# Half a tile, its height, and the air between two. Rows are shifted by half a tile, like bricks: so each tile can touch
# six others.
HALF, TALL, AIR = 44, 76, 3
# Names that do not fit into a tile.
SHORT = {"Nachrodt-Wiblingwerde": "Nachr.-Wibl."}


@dataclass(frozen=True)
class Spot:
    """One municipality on the map: its shape, where its words stand, and what is counted there."""

    name: str
    slug: str
    district: str
    label: str
    path: str
    x: int
    y: int
    count: int
    #: 0 for nothing, then 1 (few) to 3 (many).
    shade: int

    @property
    def number_y(self) -> int:
        """The line of the number, above that of the name."""
        return self.y - 3

    @property
    def name_y(self) -> int:
        return self.y + (13 if self.count else 4)


@dataclass(frozen=True)
class Region:
    width: int
    height: int
    spots: tuple[Spot, ...]
    border: str
    #: The credit line of the outlines; none for tiles, which are drawn by ourselves.
    credit: str

    @property
    def served(self) -> int:
        """How many municipalities have any."""
        return sum(bool(spot.count) for spot in self.spots)


def region(counts: Mapping[int, int]) -> Region:
    """The map for numbers by key of the municipality; one query, and one more where outlines are loaded."""
    with_outlines = Municipality.objects.select_related("district", "outline__region_map")
    # The border is the same for all, so it comes once.
    municipalities = list(with_outlines.defer("outline__region_map__border").order_by("name"))
    outlines = {m.pk: m.outline for m in municipalities if hasattr(m, "outline")}
    # A municipality that came after the outlines were loaded has none: then tiles show all of them.
    is_complete = bool(municipalities) and len(outlines) == len(municipalities)
    region_map = outlines[municipalities[0].pk].region_map if is_complete else None
    places = {} if region_map else _places(municipalities)
    most = max((counts.get(municipality.pk, 0) for municipality in municipalities), default=0)
    spots = []
    for municipality in municipalities:
        count = counts.get(municipality.pk, 0)
        if region_map:
            outline = outlines[municipality.pk]
            path, x, y = outline.path, outline.x, outline.y
        else:
            path, x, y = _tile(*places[municipality.ags])
        label = SHORT.get(municipality.name, municipality.name.partition(" (")[0])
        district = municipality.district.name
        shape = (label, path, x, y, count, shade(count, most))
        spots.append(Spot(municipality.name, municipality.slug, district, *shape))
    width, height = (region_map.width, region_map.height) if region_map else _size(places.values())
    return Region(width, height, tuple(spots), region_map.border if region_map else "", _credit(region_map))


def shade(count: int, most: int) -> int:
    """The class of a number among others: the thirds up to the largest, and none for nothing."""
    return min(3, 1 + (count - 1) * 3 // max(most, 3)) if count else 0


def _credit(region_map: RegionMap | None) -> str:
    return region_map.credit if region_map else ""


@cache
def _drawn_places() -> Mapping[str, tuple[int, int]]:
    with (FOLDER / "tiles.csv").open(encoding="utf-8", newline="") as file:
        return {row["ags"]: (int(row["row"]), int(row["place"])) for row in csv.DictReader(file)}


def _places(municipalities: Sequence[Municipality]) -> dict[str, tuple[int, int]]:
    """Row and place of each tile; municipalities nobody has drawn a place for stand in rows below."""
    drawn = _drawn_places()
    places = {m.ags: drawn[m.ags] for m in municipalities if m.ags in drawn}
    below = max((row for row, _ in places.values()), default=-1) + 1
    others = [m.ags for m in municipalities if m.ags not in drawn]
    return places | {ags: (below + number // 6, 1 + number % 6 * 2) for number, ags in enumerate(others)}


def _tile(row: int, place: int) -> tuple[str, int, int]:
    x, y = (place - 1) * HALF, row * TALL
    wide, tall = 2 * HALF - AIR, TALL - AIR
    return f"M{x} {y}h{wide}v{tall}h-{wide}z", x + wide // 2, y + tall // 2 + 2


def _size(places: Iterable[tuple[int, int]]) -> tuple[int, int]:
    found = list(places)
    rows, ends = max((row for row, _ in found), default=0), max((place for _, place in found), default=1)
    return (ends + 1) * HALF, (rows + 1) * TALL
