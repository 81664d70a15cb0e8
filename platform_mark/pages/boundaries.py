"""Outlines of municipalities from a GeoJSON file: checked, drawn on a coarse grid, and stored for the map of the region.

All points are moved to the grid before anything else. Points that two neighbours share stay the same point, so no gaps
arise between them, and what is finer than the grid falls away.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db import transaction

from platform_mark.taxonomy.models import Municipality

from .models import RegionMap, RegionOutline

# Units from west to east, and the step of the grid in them. At the breadth of the region one step is about 200 metres.
WIDTH, STEP = 620, 2
LARGEST_FILE = 50_000_000
MOST_POINTS = 2_000_000
LONGEST_CREDIT = 300

Point = tuple[int, int]
Degrees = tuple[float, float]
# Rings of grid points: outer borders and holes alike.
Rings = list[list[Point]]


class BoundariesRefused(Exception):
    """The file cannot be used; the message is for people."""


def load(file: Path, *, credit: str = "") -> int:
    """Replace the map by the outlines of a file; return how many. Raises BoundariesRefused and leaves all as it was."""
    data = _read(file)
    credit = _credit(data, credit)
    municipalities = {m.ags: m for m in Municipality.objects.select_related("district")}
    found = _polygons(data["features"], municipalities)
    if missing := sorted(m.name for ags, m in municipalities.items() if ags not in found):
        raise BoundariesRefused(f"In der Datei fehlen: {', '.join(missing)}. Es wurde nichts geändert.")
    rings, height = _on_grid(found)
    districts = {ags: municipalities[ags].district_id for ags in rings}
    with transaction.atomic():
        RegionMap.objects.all().delete()
        region_map = RegionMap.objects.create(
            credit=credit, width=WIDTH, height=height, border=_border(rings, districts)
        )
        RegionOutline.objects.bulk_create(
            RegionOutline(
                region_map=region_map,
                municipality=municipalities[ags],
                path="".join(_path(_straightened(ring)) + "z" for ring in outline),
                **dict(zip("xy", _middle(outline), strict=True)),
            )
            for ags, outline in rings.items()
        )
    return len(rings)


def remove() -> bool:
    """Go back to tiles; return whether there were outlines."""
    return bool(RegionMap.objects.all().delete()[0])


def _read(file: Path) -> Mapping[str, Any]:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise BoundariesRefused("Die Datei ist größer als 50 MB. Nehmen Sie eine vereinfachte Fassung.")
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BoundariesRefused(f"Die Datei lässt sich nicht lesen: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise BoundariesRefused("Die Datei ist kein JSON in UTF-8.") from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features:
        raise BoundariesRefused("Die Datei ist kein GeoJSON mit einer Liste „features“.")
    return data


def _credit(data: Mapping[str, Any], credit: str) -> str:
    """What must stand beside the map: as given, else as the file says."""
    if not credit:
        words = [data.get("attribution"), data.get("licence") or data.get("license")]
        credit = ", ".join(word for word in words if isinstance(word, str) and word.strip())
    credit = " ".join(credit.split())
    if not credit:
        raise BoundariesRefused(
            "Die Datei nennt keine Quelle. Geben Sie sie mit --credit an, wie die Lizenz es verlangt."
        )
    if len(credit) > LONGEST_CREDIT:
        raise BoundariesRefused(
            f"Die Quellenangabe ist länger als {LONGEST_CREDIT} Zeichen. Kürzen Sie sie mit --credit."
        )
    return credit


def _polygons(features: Iterable[Any], known: Mapping[str, Municipality]) -> dict[str, list[list[Degrees]]]:
    """The rings of each municipality in degrees; several features of one municipality are put together."""
    found: dict[str, list[list[Degrees]]] = {}
    points = 0
    for number, feature in enumerate(features, 1):
        place = f"Eintrag {number}"
        if not isinstance(feature, dict):
            raise BoundariesRefused(f"{place} ist kein „Feature“.")
        ags = _ags(feature)
        if not ags:
            raise BoundariesRefused(f"{place} nennt keinen Gemeindeschlüssel (Eigenschaft „ags“ oder „AGS“).")
        if ags not in known:
            continue
        for ring in _rings(feature.get("geometry"), f"{place} ({known[ags].name})"):
            points += len(ring)
            if points > MOST_POINTS:
                raise BoundariesRefused("Die Umrisse haben zu viele Punkte. Nehmen Sie eine vereinfachte Fassung.")
            found.setdefault(ags, []).append(ring)
    return found


def _ags(feature: Mapping[str, Any]) -> str:
    properties = feature.get("properties")
    values = properties if isinstance(properties, dict) else {}
    word = values.get("ags") or values.get("AGS") or feature.get("id") or ""
    return str(word).strip().zfill(8) if word else ""


def _rings(geometry: Any, place: str) -> Iterable[list[Degrees]]:
    kind, coordinates = (geometry.get("type"), geometry.get("coordinates")) if isinstance(geometry, dict) else (None, 0)
    if kind not in {"Polygon", "MultiPolygon"} or not isinstance(coordinates, list):
        raise BoundariesRefused(f"{place} ist keine Fläche (Polygon oder MultiPolygon).")
    try:
        for polygon in [coordinates] if kind == "Polygon" else coordinates:
            for ring in polygon:
                if len(ring) < 4:
                    raise BoundariesRefused(f"{place} hat eine Linie mit weniger als vier Punkten.")
                yield [_degrees(point, place) for point in ring]
    except (TypeError, ValueError) as error:
        raise BoundariesRefused(f"{place} hat Koordinaten, die keine Zahlen sind.") from error


def _degrees(point: Sequence[Any], place: str) -> Degrees:
    if len(point) < 2 or any(isinstance(value, str | bool) for value in point[:2]):
        raise BoundariesRefused(f"{place} hat Koordinaten, die keine Zahlen sind.")
    east, north = float(point[0]), float(point[1])
    # Also false for what is no number; UTM coordinates have six digits.
    if not (-180 <= east <= 180 and -85 <= north <= 85):
        raise BoundariesRefused(
            f"{place} hat Koordinaten, die keine Grade sind (erwartet wird WGS84, zum Beispiel 7.47, 51.36)."
        )
    return east, north


def _on_grid(found: Mapping[str, list[list[Degrees]]]) -> tuple[dict[str, Rings], int]:
    points = [point for rings in found.values() for ring in rings for point in ring]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    # A degree of longitude is shorter than one of latitude, the more so the farther north.
    narrowing = math.cos(math.radians((south + north) / 2))
    if east == west or north == south:
        raise BoundariesRefused("Die Flächen haben keine Ausdehnung.")
    scale = WIDTH / ((east - west) * narrowing)
    height = _step((north - south) * scale)
    if height > 3 * WIDTH:
        raise BoundariesRefused("Die Flächen liegen zu weit auseinander für eine Karte.")
    rings: dict[str, Rings] = {}
    for ags, outline in found.items():
        moved = [[(_step((e - west) * narrowing * scale), _step((north - n) * scale)) for e, n in r] for r in outline]
        kept = [once for ring in moved if len(set(once := _without_repeats(ring))) > 2]
        if not kept:
            raise BoundariesRefused(f"Die Fläche mit dem Schlüssel {ags} ist zu klein für die Karte.")
        rings[ags] = kept
    return rings, height


def _step(value: float) -> int:
    return round(value / STEP) * STEP


def _without_repeats(ring: list[Point]) -> list[Point]:
    """Each point once in a row, the last one not again the first."""
    kept = [point for before, point in zip([None, *ring], ring, strict=False) if point != before]
    return kept[:-1] if len(kept) > 1 and kept[0] == kept[-1] else kept


def _straightened(ring: list[Point]) -> list[Point]:
    """Without the points that lie on the way between their neighbours."""
    around = zip([ring[-1], *ring], ring, [*ring[1:], ring[0]], strict=False)
    kept = [b for a, b, c in around if (b[0] - a[0]) * (c[1] - b[1]) != (b[1] - a[1]) * (c[0] - b[0])]
    return kept if len(kept) > 2 else ring


def _path(points: Sequence[Point]) -> str:
    """SVG path data with relative steps and no character too many."""
    x, y = points[0]
    steps = " ".join(f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(points))
    return f"M{x} {y}l{steps}".replace(" -", "-")


def _middle(outline: Rings) -> Point:
    """Where a name stands well: the centroid of the largest ring."""
    ring = max(outline, key=lambda points: abs(_area(points)))
    area = _area(ring)
    if not area:
        return ring[0]
    edges = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    x, y = (sum((a[i] + b[i]) * (a[0] * b[1] - b[0] * a[1]) for a, b in edges) / (6 * area) for i in (0, 1))
    return round(x), round(y)


def _area(ring: list[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def _border(rings: Mapping[str, Rings], districts: Mapping[str, int]) -> str:
    """The edges with one district on one side and another, or nothing, on the other."""
    sides: dict[tuple[Point, Point], list[int]] = {}
    for ags, outline in rings.items():
        for ring in outline:
            for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
                sides.setdefault((min(a, b), max(a, b)), []).append(districts[ags])
    ends: dict[Point, list[Point]] = {}
    for (a, b), found in sides.items():
        if len(found) == 1 or len(set(found)) > 1:
            ends.setdefault(a, []).append(b)
            ends.setdefault(b, []).append(a)
    path = []
    while ends:
        # From a point where lines meet, if there is any, so that few lines are cut in two.
        here = next((point for point, others in ends.items() if len(others) != 2), next(iter(ends)))
        line = [here]
        while here in ends:
            there = ends[here].pop()
            ends[there].remove(here)
            for point in (here, there):
                if not ends[point]:
                    del ends[point]
            here = there
            line.append(here)
        path.append(_path(line))
    return "".join(path)
