"""The search over everything: one question, all kinds, and the ways on where nothing is found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from platform_mark.demand import ledger
from platform_mark.limits import client_network
from platform_mark.search.asking import LAST_PAGE, query_of
from platform_mark.search.finding import Everywhere
from platform_mark.search.question import LONGEST_QUESTION, Nearness, Question, ask

from . import everywhere
from .everywhere import KINDS, PAGE_SIZE, Kind

# What calls itself a program, and what looks ahead without anybody having asked.
_ROBOT = re.compile(r"bot|crawl|spider|slurp|archiv|preview|scan|curl|wget|python|java|http|headless|monitor", re.I)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


@dataclass(frozen=True)
class Tab:
    """One kind beside its number, with the query string that shows it alone."""

    label: str
    count: int
    query: str
    is_chosen: bool


class Search:
    """What an address asks for. Nothing in it is an error: what says nothing is left out."""

    def __init__(self, asked: "dict[str, str]") -> None:
        self.typed = _CONTROL.sub(" ", asked.get("q", "")).strip()
        self.text = self.typed[:LONGEST_QUESTION].strip()
        self.kind: Kind | None = KINDS.get(asked.get("art", ""))
        self.unknown_kind = "" if self.kind else asked.get("art", "")[:LONGEST_QUESTION]
        self.page = _page(asked.get("seite", ""))

    @property
    def is_cut(self) -> bool:
        """Whether more was typed than is looked for."""
        return len(self.typed) > LONGEST_QUESTION

    @cached_property
    def question(self) -> Question | None:
        """The text, understood; None where it has no word in it."""
        question = ask(self.text) if self.text else None
        return question if question and (question.clauses or question.unknown) else None

    @cached_property
    def found(self) -> Everywhere:
        """What meets the words; nothing where none of them occurs anywhere."""
        if self.question is None or not self.question.clauses:
            return Everywhere({}, 0, 1, [], 0, 0)
        return everywhere.find(self.question, only=self.kind, page=self.page)

    @property
    def total(self) -> int:
        """Hits of all kinds together."""
        return sum(self.found.counts.values())

    @property
    def is_unmet(self) -> bool:
        """Whether nothing that is public meets all that was asked."""
        if self.question is None:
            return False
        return not self.found.whole or bool(self.question.unknown) or bool(self.guessed)

    @property
    def guessed(self) -> Sequence[str]:
        """Words that occur nowhere, are no typing errors, and were answered by what is part of them."""
        clauses = self.question.clauses if self.question else ()
        return [
            clause.text
            for clause in clauses
            if not clause.meant and all(way.nearness == Nearness.ALIKE for way in clause.ways)
        ]

    @property
    def tabs(self) -> Sequence[Tab]:
        """All kinds together, then each that has any, and the chosen one even without."""
        alone = [
            Tab(kind.labels, count, query_of([("q", self.text), ("art", word)]), kind is self.kind)
            for word, kind in KINDS.items()
            if (count := self.found.counts.get(kind.code, 0)) or kind is self.kind
        ]
        return [Tab("Alle", self.total, query_of([("q", self.text)]), self.kind is None), *alone]

    @property
    def meant(self) -> str:
        """What was probably meant, where that found something."""
        return self.question.meant if self.question and self.found.whole else ""

    @property
    def without_quotes(self) -> str:
        """The same words, free to stand apart; empty where nothing was quoted."""
        if self.question is None or not any(clause.is_quoted for clause in self.question.clauses):
            return ""
        return " ".join(re.sub(r"[\"„“”«»]", " ", self.text).split())


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Everything that meets the words, or the ways in where there are none. What nobody can answer yet is counted."""
    asked = Search(request.GET.dict())
    found = asked.found
    if asked.is_unmet and asked.page == 1 and _is_person(request):
        ledger.note(asked.text, who=client_network(request))
    paginator = Paginator(range(found.hits), PAGE_SIZE)
    context = {
        "asked": asked,
        "found": found,
        "kinds": KINDS.values(),
        "hits": everywhere.hits(found.rows, asked.question) if asked.question else [],
        "page": paginator.get_page(found.page),
        "page_numbers": paginator.get_elided_page_range(found.page, on_each_side=1, on_ends=1),
        "meant_query": query_of([("q", asked.meant)]),
        "unquoted_query": query_of([("q", asked.without_quotes)]),
        "text_query": query_of([("q", asked.text)]),
    }
    return render(request, "pages/search.html", context)


def _page(word: str) -> int:
    try:
        number = int(word[:20] or 1)
    except ValueError:
        return 1
    return min(number, LAST_PAGE) if number > 0 else LAST_PAGE


def _is_person(request: HttpRequest) -> bool:
    """Whether somebody seems to have asked this: no program, no looking ahead, and not only for the head of the page."""
    name = request.headers.get("User-Agent", "")
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and bool(name) and not _ROBOT.search(name) and "prefetch" not in ahead
