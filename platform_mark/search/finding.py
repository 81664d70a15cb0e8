"""Count, order and page what is found: one statement, whatever was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL
from django.utils import timezone

from .index import Shape, code
from .question import Nearness, Question

NEWEST = "newest"
RELEVANCE = "relevance"
# Ranking reads the words of every row it ranks, so among very many it looks at these: the newest that say it in title,
# lead or keywords, then the newest others. All further ones follow by date.
RANKED = 120
# Among several kinds, so many must meet all words; else what meets some of them follows.
ENOUGH = 5
# How many to show where nothing was hit.
NEAREST = 2
# What a word is worth by where it stands (label, text, lead, title) and by how near it is to what was asked.
_PLACES = "{0.05, 0.2, 0.5, 1.0}"
_WORTH = {
    Nearness.EXACT: 1.0,
    Nearness.STEM: 0.8,
    Nearness.SYNONYM: 0.6,
    Nearness.PART: 0.3,
    Nearness.ALIKE: 0.2,
}
# More than all else together: what meets all words comes before what meets some.
_WHOLE_WORTH = 100
# Two words that stand side by side as they were typed.
_PAIR_WORTH = 0.5


@dataclass(frozen=True)
class Bands:
    """A facet that follows from a number of the entry and the present day, so that it cannot be stored.

    An entry has the first value whose limit lies above its number under `order`; the last value has no limit, and takes
    the entries without number, too.
    """

    facet: str
    order: str
    limits: Sequence[int]
    values: Sequence[str]


@dataclass(frozen=True)
class Row:
    """One thing found, with its texts."""

    object_id: int
    title: str
    lead: str
    text: str


@dataclass(frozen=True)
class Found:
    """What one question found. A count is what a list would show if that facet had just that value."""

    #: Visible objects that meet the text, whatever their facets.
    total: int
    hits: int
    counts: Mapping[tuple[str, str], int]
    #: Hits if a facet were dropped.
    without: Mapping[str, int]
    page: int
    rows: Sequence[Row]
    #: Where nothing was hit: what misses the fewest facets, all that is visible, and hits if the text were dropped.
    nearest: Sequence[int]
    everything: int
    without_text: int
    #: 0 where all words were met, more where some were given up.
    level: int


def find(
    kind: str,
    shape: Shape,
    *,
    question: Question | None = None,
    chosen: Mapping[str, Sequence[object]] | None = None,
    between: Mapping[str, tuple[int | None, int | None]] | None = None,
    order: str = NEWEST,
    page: int = 1,
    size: int = 12,
    at: datetime | None = None,
    bands: Bands | None = None,
) -> Found:
    """Find the visible objects of a kind: OR inside a facet, AND across; a page beyond the last is the last.

    `between` bounds the numbers to order by, from the first of the pair to before the second; what lies outside is not
    counted anywhere.
    """
    chosen, between = chosen or {}, between or {}
    visible = _VISIBLE + _bounds(shape, between)
    # Written as numbers below zero, they go the way of the sets and are told apart at the end.
    columns = [*shape.sets, *(["band"] if bands else [])]
    # Whole pages, so that no page begins with ranked rows and ends with others.
    ranked = max(1, RANKED // size) * size
    statement = _FIND.format(
        visible=visible,
        level=_level(question, visible),
        level_number="(SELECT number FROM level)" if question and len(question.levels) > 1 else "0",
        text=_TEXT.format(query=_query(question)) if question else "",
        # Words are looked up once and kept. Without words every reader takes its own best way through the index.
        materialized="MATERIALIZED" if question else "NOT MATERIALIZED",
        missed=_missed(shape, chosen, bands),
        band=f", {_band(shape, bands)} AS band" if bands else "",
        sets="".join(f", {column}" for column in shape.sets),
        columns="".join(f", {column}" for column in columns),
        grouping_sets="".join(f", (missed, {column})" for column in columns),
        total="(SELECT count(*) FROM met)" if chosen else "(SELECT hits FROM hit)",
        **_order(question, shape, order, is_early=page * size <= ranked),
    )
    parameters = {
        "kind": kind,
        "at": at or timezone.now(),
        "first": (page - 1) * size,
        "size": size,
        "nearest": NEAREST,
        "ranked": ranked,
        **{f"codes_{n}": _codes(facet, values, bands) for n, (facet, values) in enumerate(chosen.items())},
        **{f"band_{n}": limit for n, limit in enumerate(bands.limits if bands else ())},
        **_queries(question),
        **{f"from_{order}": first for order, (first, _) in between.items()},
        **{f"until_{order}": last for order, (_, last) in between.items()},
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return _read(rows, list(chosen), page, size, bands)


@dataclass(frozen=True)
class MixedRow:
    """One thing found among several kinds, with its texts."""

    kind: str
    object_id: int
    title: str
    lead: str
    text: str


@dataclass(frozen=True)
class Everywhere:
    """What one question found among several kinds."""

    #: By kind, whichever of them was asked for; only kinds with any.
    counts: Mapping[str, int]
    hits: int
    page: int
    rows: Sequence[MixedRow]
    #: 0 where all words had to be met, more where those follow that meet some of them.
    level: int
    #: Hits of all kinds that meet all words.
    whole: int


def find_everywhere(
    kinds: Sequence[str],
    question: Question,
    *,
    only: str = "",
    since: datetime | None = None,
    strictly: bool = False,
    page: int = 1,
    size: int = 20,
    at: datetime | None = None,
) -> Everywhere:
    """Find what is visible of these kinds, the best first, whatever its kind; one statement.

    `only` shows one of the kinds and still counts all of them; `since` leaves out what was visible before. Where few meet
    all words, what meets some of them follows, unless `strictly`. That is decided over all kinds together, so that the
    counts stand beside each other.
    """
    visible = _VISIBLE_ANYWHERE + (" AND visible_from > %(since)s" if since else "")
    ranked = max(1, RANKED // size) * size
    statement = _FIND_EVERYWHERE.format(
        visible=visible,
        level="" if strictly else _level(question, visible, _LEVEL_FINDS_ENOUGH),
        level_number="(SELECT number FROM level)" if len(question.levels) > 1 and not strictly else "0",
        text=_TEXT.format(query="%(level_0)s::tsquery" if strictly else _query(question)),
        ranked=_RANKED.format(
            candidates_first="is_whole DESC, ",
            score=f"{_WHOLE_WORTH} * (vector @@ %(level_0)s::tsquery)::int + {_score(question)}",
            unranked="" if page * size <= ranked else _UNRANKED,
        ),
    )
    parameters = {
        "kinds": list(kinds),
        "only": only,
        "enough": ENOUGH,
        "since": since,
        "at": at or timezone.now(),
        "first": (page - 1) * size,
        "size": size,
        "ranked": ranked,
        **_queries(question),
    }
    counts: dict[str, int] = {}
    places: dict[int, MixedRow] = {}
    level = whole = 0
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for what, kind, number, object_id, *texts in cursor.fetchall():
            if what == "counted":
                counts[kind] = number
                whole += object_id
            elif what == "level":
                level = number
            else:
                places[number] = MixedRow(kind, object_id, *texts)
    hits = counts.get(only, 0) if only else sum(counts.values())
    last = max(1, -(-hits // size))
    return Everywhere(counts, hits, min(page, last), [places[place] for place in sorted(places)], level, whole)


@dataclass(frozen=True)
class Crossed:
    """Numbers by two facets. What has no value there counts under the empty word."""

    pairs: Mapping[tuple[str, str], int]
    #: Each entry once for each of its values, whatever the other facet.
    rows: Mapping[str, int]
    columns: Mapping[str, int]


def cross(kind: str, shape: Shape, rows: str, columns: str, *, at: datetime | None = None) -> Crossed:
    """Count the visible objects of a kind by one facet and another; one statement."""
    statement = _CROSS.format(visible=_VISIBLE, row=shape.set_of(rows), column=shape.set_of(columns))
    parameters: dict[str, Any] = {
        "kind": kind,
        "at": at or timezone.now(),
        "rows": code(rows, ""),
        "columns": code(columns, ""),
    }
    pairs: dict[tuple[str, str], int] = {}
    by_row: dict[str, int] = {}
    by_column: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for what, row, column, number in cursor.fetchall():
            if what == "pair":
                pairs[_value(row), _value(column)] = number
            else:
                (by_row if what == "row" else by_column)[_value(row)] = number
    return Crossed(pairs, by_row, by_column)


def saying(kind: str, question: Question) -> RawSQL:
    """The keys of objects of a kind that say everything asked, for a queryset that reads what may be shown."""
    return RawSQL(_SAYING, [kind, question.levels[0]])  # noqa: S611


def _value(found: str | None) -> str:
    return found.partition(":")[2] if found else ""


# What fills the holes is SQL of this module and small numbers; all that comes from outside is a parameter.
_FIND = """
WITH {level}
met AS {materialized} (
    SELECT id, object_id, visible_from, key_1, key_2{sets}{band}, {missed} AS missed
    FROM search_searchentry WHERE {visible} {text}
),
counted AS MATERIALIZED (
    SELECT missed, coalesce(NULL::bigint{columns}) AS facet_set, count(*) AS number
    -- OFFSET 0 hides the expressions: the planner would sort by them, where hashing takes half the time.
    FROM (SELECT missed{columns} FROM met OFFSET 0) AS entry
    -- What misses two facets counts nowhere: no single choice would show it.
    WHERE missed & (missed - 1) = 0
    GROUP BY GROUPING SETS ((missed){grouping_sets})
),
hit AS MATERIALIZED (
    SELECT coalesce(sum(number), 0)::int AS hits FROM counted WHERE missed = 0 AND facet_set IS NULL
),
{ranked}
page AS (
    SELECT id, row_number() OVER () AS place FROM (
        SELECT id FROM {ordered} ORDER BY {first_by} visible_from DESC, id DESC
        OFFSET (SELECT least(%(first)s, greatest(hits - 1, 0) / %(size)s * %(size)s) FROM hit) LIMIT %(size)s
    ) AS entry
),
nearest AS (
    SELECT object_id, row_number() OVER () AS place FROM (
        SELECT object_id FROM met WHERE (SELECT hits FROM hit) = 0
        ORDER BY bit_count(missed::bit(32)), visible_from DESC, id DESC LIMIT %(nearest)s
    ) AS entry
)
SELECT 'counted', missed, sum(number)::int, code, NULL, NULL
    FROM counted JOIN search_facetset ON search_facetset.id = facet_set, unnest(codes) AS code GROUP BY missed, code
UNION ALL SELECT 'band', missed, number::int, facet_set::text, NULL, NULL FROM counted WHERE facet_set < 0
UNION ALL SELECT 'missed', missed, number::int, NULL, NULL, NULL FROM counted WHERE facet_set IS NULL
UNION ALL SELECT 'total', {level_number}, {total}::int, NULL, NULL, NULL
UNION ALL SELECT 'row', place::int, object_id::int, title, lead, text FROM page JOIN search_searchentry USING (id)
UNION ALL SELECT 'otherwise', count(*)::int, (count(*) FILTER (WHERE {missed} = 0))::int, NULL, NULL, NULL
    FROM search_searchentry WHERE {visible} AND (SELECT hits FROM hit) = 0
UNION ALL SELECT 'nearest', place::int, object_id::int, NULL, NULL, NULL FROM nearest
"""
_CROSS = """
WITH entry AS MATERIALIZED (
    SELECT {row} AS row_set, {column} AS column_set, count(*) AS number
    FROM search_searchentry WHERE {visible} GROUP BY 1, 2
),
in_row AS MATERIALIZED (
    SELECT id, code FROM search_facetset, unnest(codes) AS code WHERE starts_with(code, %(rows)s)
),
in_column AS MATERIALIZED (
    SELECT id, code FROM search_facetset, unnest(codes) AS code WHERE starts_with(code, %(columns)s)
)
SELECT 'pair', in_row.code, in_column.code, sum(number)::int FROM entry
    LEFT JOIN in_row ON in_row.id = row_set LEFT JOIN in_column ON in_column.id = column_set GROUP BY 2, 3
UNION ALL SELECT 'row', code, NULL, sum(number)::int FROM entry LEFT JOIN in_row ON id = row_set GROUP BY code
UNION ALL SELECT 'column', code, NULL, sum(number)::int FROM entry LEFT JOIN in_column ON id = column_set GROUP BY code
"""
_FIND_EVERYWHERE = """
WITH {level}
met AS MATERIALIZED (
    SELECT id, kind, visible_from, (%(only)s NOT IN ('', kind))::int AS missed,
        (vector @@ (SELECT %(level_0)s::tsquery))::int AS is_whole
    FROM search_searchentry WHERE {visible} {text}
),
counted AS MATERIALIZED (SELECT kind, missed, count(*)::int AS number, sum(is_whole)::int AS whole FROM met GROUP BY kind, missed),
hit AS MATERIALIZED (SELECT coalesce(sum(number), 0)::int AS hits FROM counted WHERE missed = 0),
{ranked}
page AS (
    SELECT id, row_number() OVER () AS place FROM (
        SELECT id FROM ordered ORDER BY score DESC NULLS LAST, visible_from DESC, id DESC
        OFFSET (SELECT least(%(first)s, greatest(hits - 1, 0) / %(size)s * %(size)s) FROM hit) LIMIT %(size)s
    ) AS entry
)
SELECT 'counted', kind, number, whole, NULL, NULL, NULL FROM counted
UNION ALL SELECT 'level', NULL, {level_number}, NULL, NULL, NULL, NULL
UNION ALL SELECT 'row', kind, place::int, object_id::int, title, lead, text
    FROM page JOIN search_searchentry USING (id)
"""
_SAYING = "(SELECT object_id FROM search_searchentry WHERE kind = %s AND vector @@ %s::tsquery)"
_SEEN = "visible_from <= %(at)s AND (visible_until IS NULL OR visible_until > %(at)s)"
_VISIBLE = f"kind = %(kind)s AND {_SEEN}"
_VISIBLE_ANYWHERE = f"kind = ANY(%(kinds)s) AND {_SEEN}"
# In a subselect the planner cannot see the words, so it never reads row by row what the GIN index finds at once.
_TEXT = "AND vector @@ (SELECT {query})"
_LEVEL = "level AS MATERIALIZED (SELECT CASE {cases} ELSE {last} END AS number),"
_LEVEL_FINDS = "WHEN EXISTS (SELECT FROM search_searchentry WHERE {visible} {text}) THEN {n}"
_LEVEL_FINDS_ENOUGH = """WHEN (
    SELECT count(*) FROM (SELECT FROM search_searchentry WHERE {visible} {text} LIMIT %(enough)s) AS entry
) = %(enough)s THEN {n}"""
_MISSES_BAND = "CASE WHEN {band} = ANY(%(codes_{n})s) THEN 0 ELSE {bit} END"
_MISSES = "CASE WHEN {column} IN (SELECT id FROM search_facetset WHERE codes && %(codes_{n})s) THEN 0 ELSE {bit} END"
_RANKED = """
ranked AS MATERIALIZED (
    SELECT id, {score} AS score FROM (
        SELECT id FROM met WHERE missed = 0
        ORDER BY {candidates_first}id IN (SELECT id FROM search_searchentry WHERE head @@ (SELECT %(any)s::tsquery)) DESC,
            visible_from DESC, id DESC
        LIMIT %(ranked)s
    ) AS candidate JOIN search_searchentry USING (id)
),
ordered AS (
    SELECT id, visible_from, score FROM ranked JOIN met USING (id)
    {unranked}
),
"""
_UNRANKED = """
    UNION ALL
    SELECT id, visible_from, NULL FROM met WHERE missed = 0 AND id NOT IN (SELECT id FROM ranked)
"""


def _bounds(shape: Shape, between: Mapping[str, tuple[int | None, int | None]]) -> str:
    conditions = []
    for order, (first, last) in between.items():
        column = shape.key_of(order)
        conditions += [f" AND {column} >= %(from_{order})s"] if first is not None else []
        conditions += [f" AND {column} < %(until_{order})s"] if last is not None else []
    return "".join(conditions)


def _level(question: Question | None, visible: str, finds_what: str = _LEVEL_FINDS) -> str:
    """The strictest level that finds anything, or enough; the others are not even tried."""
    if question is None or len(question.levels) == 1:
        return ""
    last = len(question.levels) - 1
    finds = (
        finds_what.format(visible=visible, text=_TEXT.format(query=f"%(level_{n})s::tsquery"), n=n) for n in range(last)
    )
    return _LEVEL.format(cases=" ".join(finds), last=last)


def _query(question: Question) -> str:
    if len(question.levels) == 1:
        return "%(level_0)s::tsquery"
    cases = " ".join(f"WHEN {n} THEN %(level_{n})s::tsquery" for n, _ in enumerate(question.levels))
    return f"CASE number {cases} END FROM level"


def _queries(question: Question | None) -> dict[str, str]:
    if question is None:
        return {}
    by_nearness = {f"near_{nearness.value}": " | ".join(_lexemes(question, nearness)) for nearness in Nearness}
    levels = {f"level_{n}": query for n, query in enumerate(question.levels)}
    pairs = {f"pair_{n}": query for n, query in enumerate(question.pairs)}
    return {**levels, **by_nearness, **pairs, "any": " | ".join(sorted(question.lexemes))}


def _missed(shape: Shape, chosen: Mapping[str, Sequence[object]], bands: Bands | None) -> str:
    """A number with one bit for each chosen facet that an entry does not meet."""
    misses = (
        _MISSES_BAND.format(band=_band(shape, bands), n=n, bit=1 << n)
        if bands and facet == bands.facet
        else _MISSES.format(column=shape.set_of(facet), n=n, bit=1 << n)
        for n, facet in enumerate(chosen)
    )
    return " + ".join(misses) or "0"


def _band(shape: Shape, bands: Bands) -> str:
    """The number of the band of an entry: -1 for the first."""
    column = shape.key_of(bands.order)
    cases = " ".join(f"WHEN {column} < %(band_{n})s THEN {-n - 1}" for n, _ in enumerate(bands.limits))
    return f"(CASE {cases} ELSE {-len(bands.values)} END)"


def _codes(facet: str, values: Sequence[object], bands: Bands | None) -> list[Any]:
    if bands and facet == bands.facet:
        return [-bands.values.index(value) - 1 for value in values if value in bands.values]
    return [code(facet, value) for value in values]


def _order(question: Question | None, shape: Shape, order: str, *, is_early: bool) -> dict[str, str]:
    """What is ordered, and by what before the date."""
    if order == RELEVANCE and question:
        ranked = _RANKED.format(candidates_first="", score=_score(question), unranked="" if is_early else _UNRANKED)
        return {"ranked": ranked, "ordered": "ordered", "first_by": "score DESC NULLS LAST,"}
    first_by = f"{shape.key_of(order)} ASC NULLS LAST," if order in shape.orders else ""
    return {"ranked": "", "ordered": "met WHERE missed = 0", "first_by": first_by}


def _score(question: Question) -> str:
    scores = [
        # ts_rank divides by the number of words looked for, which here only says how many forms there are.
        f"{worth * count} * ts_rank('{_PLACES}', vector, %(near_{nearness.value})s::tsquery)"
        for nearness, worth in _WORTH.items()
        if (count := len(_lexemes(question, nearness)))
    ]
    scores += [f"{_PAIR_WORTH} * (vector @@ %(pair_{n})s::tsquery)::int" for n, _ in enumerate(question.pairs)]
    return " + ".join(scores) or "0"


def _lexemes(question: Question, nearness: Nearness) -> list[str]:
    return sorted(lexeme for lexeme, near in question.lexemes.items() if near is nearness)


def _read(rows: Sequence[Sequence[Any]], chosen: Sequence[str], page: int, size: int, bands: Bands | None) -> Found:
    bit = {facet: 1 << n for n, facet in enumerate(chosen)}
    by_miss: dict[int, int] = {}
    counts: dict[tuple[str, str], int] = {}
    places: dict[int, Row] = {}
    nearest: dict[int, int] = {}
    total = level = everything = without_text = 0
    for what, key, number, *texts in rows:
        if what in ("counted", "band"):
            facet, _, value = texts[0].partition(":")
            if bands and what == "band":
                facet, value = bands.facet, bands.values[-int(facet) - 1]
            # What misses just this facet would be hit if the facet had this value.
            if key in (0, bit.get(facet)):
                counts[facet, value] = counts.get((facet, value), 0) + number
        elif what == "missed":
            by_miss[key] = number
        elif what == "total":
            level, total = key, number
        elif what == "row":
            places[key] = Row(number, *texts)
        elif what == "otherwise":
            everything, without_text = key, number
        else:
            nearest[key] = number
    hits = by_miss.get(0, 0)
    return Found(
        total=total,
        hits=hits,
        counts=counts,
        without={facet: hits + by_miss.get(bit[facet], 0) for facet in chosen},
        page=min(page, max(1, -(-hits // size))),
        rows=[places[place] for place in sorted(places)],
        nearest=[nearest[place] for place in sorted(nearest)],
        everything=everything,
        without_text=without_text,
        level=level,
    )
