"""Open data: the page that explains them, and the answers for programs. Nothing here depends on who asks."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dialogues import reading
from platform_mark.contact import operator
from platform_mark.exports import LICENCE, LICENCE_URL, CellValue, write_csv, write_xlsx
from platform_mark.search.asking import query_of
from platform_mark.taxonomy.models import Branch

from . import hsds, rdf
from .answers import MAX_AGE, TABLES, answer, json_answer, open_to_all
from .asking import (
    COMING,
    FILTERS,
    MOST_EMBEDDED,
    MOST_IN_A_TABLE,
    MOST_ON_A_PAGE,
    NUMBER,
    PAGE_SIZE,
    PERIOD,
    BadQuestion,
    Page,
    ask,
    narrow,
)
from .catalogue import PREFIXES, attribution, catalogue
from .kinds import DIALOGUES, KINDS, Kind
from .openapi import description
from .schema import VERSION, schema, schema_address

# Larger files wait on disk while they are sent.
IN_MEMORY = 1_000_000
# Dialogues in the list that partners include, unless they say how many.
EMBEDDED = 5


@dataclass(frozen=True)
class Offer:
    """One kind of data on the page that explains them."""

    kind: Kind
    number: int
    changed_at: datetime | None
    filters: Iterable[str]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What there is, under which licence, how fresh, and how to get it."""
    offers = [Offer(kind, kind.public().count(), kind.latest_change(), FILTERS[kind.word]) for kind in KINDS.values()]
    context = {
        "offers": offers,
        "changed_at": max(filter(None, (offer.changed_at for offer in offers)), default=None),
        "licence": LICENCE,
        "attribution": attribution(),
        "most_on_a_page": MOST_ON_A_PAGE,
        "most_in_a_table": f"{MOST_IN_A_TABLE:,d}".replace(",", "."),
        "minutes": MAX_AGE // 60,
        "shapes": list(hsds.SHAPES),
        # For the examples of calls.
        "branch": Branch.objects.current().first(),
    }
    return render(request, "opendata/index.html", context)


@require_safe
@open_to_all
def page(request: HttpRequest, kind: str) -> HttpResponse:
    """Up to a hundred rows of a kind as JSON."""
    found = _kind(kind)
    asked = ask(found, request.GET, size=PAGE_SIZE, most=MOST_ON_A_PAGE).page()
    data = {
        "schema": schema_address(found),
        "version": VERSION,
        "art": found.word,
        "titel": found.title,
        "lizenz": {"name": LICENCE, "adresse": LICENCE_URL, "namensnennung": attribution()},
        "herausgeber": operator()["name"],
        "hinweis": asked.question.notice or None,
        "naechste": _next(request, asked),
        "eintraege": [{column.name: column.json(row) for column in found.columns} for row in asked.rows()],
    }
    return json_answer(request, data, found.changed_at())


@require_safe
def table(request: HttpRequest, kind: str, form: str) -> HttpResponse | FileResponse:
    """Rows of a kind as a table for spreadsheets; where there are more, the header `Link` names the next file."""
    found = _kind(kind)
    try:
        asked = ask(found, request.GET, size=MOST_IN_A_TABLE, most=MOST_IN_A_TABLE).page()
    except BadQuestion as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    name = f"{found.word}-{timezone.localdate():%Y-%m-%d}.{form}"
    response = FileResponse(_written(asked, form), as_attachment=True, filename=name, content_type=TABLES[form])
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    licence = f'<{settings.BASE_URL}{reverse("legal-lizenz")}>; rel="license"'
    following = _next(request, asked)
    response.headers["Link"] = f'{licence}, <{following}>; rel="next"' if following else licence
    return response


@require_safe
@open_to_all
def schema_of_kind(request: HttpRequest, kind: str) -> HttpResponse:
    """The JSON Schema of a kind."""
    found = _kind(kind)
    return json_answer(request, schema(found), timezone.localtime().replace(hour=0, minute=0, second=0))


@require_safe
@open_to_all
def openapi(request: HttpRequest) -> HttpResponse:
    """What programs can ask for here, and what they get, as an OpenAPI document."""
    return json_answer(request, description(), timezone.localtime().replace(hour=0, minute=0, second=0))


@require_safe
@open_to_all
def hsds_page(request: HttpRequest, shape: str) -> HttpResponse:
    """Up to a hundred objects of the register in the form of HSDS."""
    if shape not in hsds.SHAPES:
        raise Http404
    wanted = hsds.SHAPES[shape]
    question = ask(wanted.kind, request.GET, size=PAGE_SIZE, most=MOST_ON_A_PAGE)
    asked = wanted.narrowed(question).page()
    contents = [wanted.made(row) for row in asked.rows()]
    data = {
        "version": hsds.VERSION,
        "license": LICENCE_URL,
        "notice": question.notice or None,
        "next": _next(request, asked),
        "size": len(contents),
        "empty": not contents,
        "contents": contents,
    }
    return json_answer(request, data, wanted.kind.changed_at())


@require_safe
@open_to_all
def catalogue_json(request: HttpRequest) -> HttpResponse:
    """The catalogue of all this as JSON-LD."""
    return json_answer(request, rdf.json_ld(catalogue(), PREFIXES), _changed(), "application/ld+json")


@require_safe
def catalogue_turtle(request: HttpRequest) -> HttpResponse:
    """The catalogue of all this as Turtle."""
    body = rdf.turtle(catalogue(), PREFIXES).encode()
    return answer(request, body, _changed(), "text/turtle; charset=utf-8")


@require_safe
def embedded_dialogues(request: HttpRequest) -> HttpResponse:
    """The next dialogues as a piece of HTML that the server of a partner puts into its own page."""
    query = request.GET.copy()
    number = query.pop(NUMBER, [""])[-1]
    query.setdefault(PERIOD, COMING)
    dialogues, notice = narrow(DIALOGUES, query)
    most = int(number) if number.isascii() and number.isdigit() and len(number) < 3 else EMBEDDED
    shown = dialogues.order_by("starts_at", "pk")[: max(1, min(most, MOST_EMBEDDED))]
    kept = query_of([(name, value) for name in ("branche", "ort", "form") for value in query.getlist(name)])
    context = {"dialogues": reading.cards(reading.with_cards(shown)), "notice": notice, "query": "" if notice else kept}
    body = render_to_string("opendata/embedded_dialogues.html", context).lstrip().encode()
    response = answer(request, body, DIALOGUES.changed_at(), "text/html; charset=utf-8")
    # Found where it is shown, not by itself.
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _kind(word: str) -> Kind:
    if word not in KINDS:
        raise Http404
    return KINDS[word]


def _changed() -> datetime:
    return max(kind.changed_at() for kind in KINDS.values())


def _next(request: HttpRequest, asked: Page) -> str | None:
    return f"{settings.BASE_URL}{request.path}?{asked.next_query}" if asked.next_query else None


def _written(asked: Page, form: str) -> IO[bytes]:
    kind = asked.question.kind
    target: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    if form == "xlsx":
        write_xlsx(target, kind.title[:31], _cells(asked), widths=kind.widths)
    else:
        text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
        write_csv(text, _cells(asked))
        text.detach()
    target.seek(0)
    return target


def _cells(asked: Page) -> Iterator[Sequence[CellValue]]:
    columns = asked.question.kind.columns
    yield [column.heading for column in columns]
    for row in asked.rows():
        yield [column.cell(row) for column in columns]
