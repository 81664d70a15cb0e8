from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from platform_mark.prepared import NOW, Given, Prepared
from platform_mark.publishing.pages import PreviewPage, PublicPage
from practices.models import Practice

from . import feedback, reading, showing, wording
from .facets import load_catalogue
from .filters import PAGE_SIZE, DialogueFilter, find
from .models import Dialogue, Host
from .months import month_table
from .room.asking import is_open as is_room_open
from .seats import seat_state

_SHOWN_BY = Prepared(
    lambda: Practice.objects.published(NOW).filter(dialogues=Given("dialogue")).newest_first().for_cards(NOW)
)


@require_safe
def dialogue_list(request: HttpRequest) -> HttpResponse:
    """All public dialogues of a period, found by words and narrowed by facets, as a list by month or as the table of one month."""
    catalogue = load_catalogue()
    if (query := catalogue.moved_query(request.GET)) is not None:
        return HttpResponsePermanentRedirect(reverse("dialogues:list", query=query))

    filterset = DialogueFilter(request.GET, queryset=Dialogue.objects.published(), catalogue=catalogue)
    found, finding = filterset.found, find(filterset)
    shown, documented = _read(filterset, with_documented=not filterset.is_month and not finding.is_past)
    context = {"finding": finding, "is_month": filterset.is_month, "documented": documented}
    if filterset.is_month:
        context["table"] = month_table(filterset.month, showing.cards(shown) if found.hits else [])
        return render(request, "dialogues/dialogue_month.html", context)
    paginator = Paginator(range(found.hits), PAGE_SIZE)
    context |= {
        "page": paginator.get_page(found.page),
        "page_numbers": paginator.get_elided_page_range(found.page, on_each_side=1, on_ends=1),
        "months": [] if finding.is_past else showing.by_month(showing.cards(shown if found.hits else [])),
        "past": shown if finding.is_past and found.hits else [],
        "nearest": showing.cards(shown) if not found.hits and not finding.is_past else [],
    }
    return render(request, "dialogues/dialogue_list.html", context)


def _read(filterset: DialogueFilter, *, with_documented: bool) -> tuple[list[Dialogue], list[Dialogue]]:
    """The dialogues of the list in its order, and the latest documented ones for the same question; one query."""
    order = filterset.keys
    if with_documented and (filterset.question or filterset.codes):
        rows = reading.listed_with(order, filterset.narrowed(Dialogue.objects.published().documented(filterset.at)))
    else:
        rows = reading.listed(order, with_documented=with_documented)
    found = {row.pk: row for row in rows}
    showing.mark_hits(found.values(), filterset.found.rows, filterset.question)
    documented = [row for row in reversed(rows) if row.pk not in order] if with_documented else []
    return [found[pk] for pk in order if pk in found], documented


class DialogueDetail(PublicPage):
    model = Dialogue
    context_object_name = "dialogue"
    template_name = "dialogues/dialogue_detail.html"

    def get_object(self, queryset: Any = None) -> Dialogue:
        """The public dialogue, its parts in hand."""
        dialogue = reading.page(self.kwargs["slug"])
        if dialogue is None:
            raise Http404
        return dialogue

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        dialogue: Dialogue = self.object
        report = dialogue.public_report
        return super().get_context_data(
            branches=list(dialogue.branches.all()),
            sign=_sign(dialogue),
            closes=wording.moment(dialogue.signup_closes_at) if dialogue.signup_closes_at else "",
            moved_from=wording.moment(dialogue.moved_from) if dialogue.moved_from else "",
            hosts=reading.hosts_of(dialogue, Host.Role.HOST),
            partners=reading.hosts_of(dialogue, Host.Role.PARTNER),
            practices=_SHOWN_BY.rows(dialogue=dialogue.pk),
            report=report,
            outcomes=_by_kind(dialogue) if report else [],
            is_room_open=is_room_open(dialogue),
            result=feedback.result(dialogue) if dialogue.is_over() and not dialogue.is_cancelled else None,
            **kwargs,
        )


def _sign(dialogue: Dialogue) -> showing.Sign | None:
    """The seats in words; nothing of a draft that has no time yet."""
    if dialogue.starts_at is None or dialogue.ends_at is None:
        return None
    sign = showing.sign(dialogue, seat_state(dialogue))
    # Why it was cancelled stands on top of the page.
    return replace(sign, note="") if dialogue.is_cancelled else sign


def _by_kind(dialogue: Dialogue) -> Sequence[tuple[str, list[str]]]:
    headings = {"thesis": "Thesen", "need": "Was die Betriebe brauchen", "result": "Ergebnisse"}
    grouped = {kind: [row.text for row in dialogue.outcomes.all() if row.kind == kind] for kind in headings}
    return [(headings[kind], texts) for kind, texts in grouped.items() if texts]


class DialoguePreview(PreviewPage, DialogueDetail):
    def drafts(self) -> QuerySet:
        return reading.with_page(Dialogue.objects.all())

    def get_object(self, queryset: Any = None) -> Dialogue:
        """The draft, its parts in hand."""
        return reading.fill(super().get_object())
