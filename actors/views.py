"""The register for everybody: entries as list, matrix and pages, organisations from A to Z."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseGone,
    HttpResponsePermanentRedirect,
)
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe
from django.views.generic import DetailView, TemplateView, View
from django.views.generic.base import TemplateResponseMixin

from platform_mark import contact
from platform_mark.prepared import NOW, Given, GivenKeys, Prepared
from platform_mark.publishing import versions
from platform_mark.search import words
from platform_mark.search.asking import find
from platform_mark.slugs import german_slug
from platform_mark.taxonomy.models import Municipality

from . import freshness, matrix, reading, review
from .cooperating import can_be_asked
from .facets import EVERYWHERE, kind_word, load_catalogue
from .filters import PAGE_SIZE, ActivityFilter
from .models import Activity, ActivityQuerySet, Actor
from .similar import similar_to
from .stages import Stage
from .wording import activity_json_ld, actor_json_ld

# What actors share among themselves stands above the list, not in pages of its own.
MOST_SHARED = 50
MOST_OF_ACTOR = 200
ACTORS_ON_PAGE = 80


def visitor(request: HttpRequest) -> Any:
    """Who is asking. Without a session cookie it is nobody, and the answer depends on no cookie: caches may share it."""
    return request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else AnonymousUser()


def own_actors(request: HttpRequest) -> frozenset[int]:
    """The approved organisations this visitor speaks for: whoever has one is among the actors, and asks others, not itself."""
    running = Actor.objects.of(visitor(request)).running()
    return frozenset(running.values_list("pk", flat=True))


def keep_private(response: HttpResponse) -> None:
    """Keep what actors alone may see out of shared caches and indexes."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"


class ForActorsToo(TemplateResponseMixin, View):
    """A page on which people of approved organisations may see more than others."""

    http_method_names = ["get", "head", "options"]

    @cached_property
    def own_actors(self) -> frozenset[int]:
        return own_actors(self.request)

    @property
    def among_actors(self) -> bool:
        return bool(self.own_actors)

    @property
    def is_private(self) -> bool:
        """Whether the page shows something to this visitor alone."""
        return self.among_actors

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """The page; what actors see more than others stays out of shared caches and indexes."""
        response = super().render_to_response(context, **kwargs)
        if self.is_private:
            keep_private(response)
        return response


@require_safe
def activity_list(request: HttpRequest) -> HttpResponse:
    """All public entries, found by words and narrowed by facets; its address can be shared.

    People of approved organisations see those for actors only above it. They are in no count, so that the list itself
    is the same for everybody.
    """
    catalogue = load_catalogue(request.GET)
    if (query := catalogue.moved_query(request.GET)) is not None:
        return HttpResponsePermanentRedirect(reverse("actors:activities", query=query))

    filterset = ActivityFilter(request.GET, catalogue=catalogue)
    found, finding = filterset.found, find(filterset)
    shown = reading.listed(filterset.keys, former=filterset.wants_former)
    paginator = Paginator(range(found.hits), PAGE_SIZE)
    own = own_actors(request)
    among_actors = bool(own)
    context = {
        "finding": finding,
        "filterset": filterset,
        "page": paginator.get_page(found.page),
        "page_numbers": paginator.get_elided_page_range(found.page, on_each_side=1, on_ends=1),
        "hits": reading.hits(list(found.rows), shown, filterset.question),
        "nearest": []
        if found.hits
        else [reading.Hit(shown[pk], shown[pk].title, "") for pk in found.nearest if pk in shown],
        "among_actors": among_actors,
        "own_actors": own,
        "shared": _shared(filterset) if among_actors and not filterset.wants_former else [],
    }
    response = render(request, "actors/activity_list.html", context)
    if among_actors:
        keep_private(response)
    return response


class ActivityMatrix(ForActorsToo, TemplateView):
    """Who does what for whom: entries by two of their sides, with what is doubled and what is missing."""

    template_name = "actors/matrix.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows, columns, unknown = matrix.sides(self.request.GET)
        shared = _shared_rows() if self.among_actors else []
        return super().get_context_data(
            matrix=matrix.build(rows, columns, load_catalogue(self.request.GET), shared=shared),
            sides=[(word, matrix.LABELS[word][0]) for word in matrix.SIDES],
            unknown=unknown,
            among_actors=self.among_actors,
            shared_count=len(shared),
            **kwargs,
        )


class ActivityDetail(ForActorsToo, DetailView):
    context_object_name = "activity"
    template_name = "actors/activity_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The entry, the way to it from an address it once had, or the word that it is gone for good."""
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            readable = Activity.objects.readable(among_actors=self.among_actors)
            return _moved_or_gone(request, Activity, kwargs["slug"], readable)

    def get_object(self, queryset: Any = None) -> Activity:
        """The entry, if this visitor may read it, its terms in hand."""
        activity = reading.page(self.kwargs["slug"], among_actors=self.among_actors)
        if activity is None:
            raise Http404
        return activity

    @property
    def is_private(self) -> bool:
        """What is for actors only is for nobody else's cache, whoever asks."""
        return super().is_private or self.object.visibility != Activity.Visibility.PUBLIC

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        activity: Activity = self.object
        terms = reading.terms_of(activity)
        return super().get_context_data(
            terms=terms,
            sizes_text=reading.sizes_text(activity),
            area_text=reading.area_text(activity, terms),
            kind_word=kind_word(activity.kind),
            former_note=freshness.former_note(activity),
            history=review.history(activity),
            similar=similar_to(activity, terms, among_actors=self.among_actors),
            among_actors=self.among_actors,
            may_cooperate=(
                self.among_actors and activity.actor_id not in self.own_actors and can_be_asked(activity.actor)
            ),
            json_ld=activity_json_ld(activity, terms) if activity.visibility == "public" else None,
            **kwargs,
        )


@dataclass(frozen=True)
class Letter:
    """The organisations under one letter."""

    letter: str
    actors: list[Actor]


@require_safe
def actor_list(request: HttpRequest) -> HttpResponse:
    """All organisations from A to Z, or those of one kind, in pages; the former ones with their note after the last."""
    kinds = {german_slug(str(kind.label)): kind for kind in Actor.Kind}
    word = request.GET.get("art", "")
    kind = kinds.get(word)
    # Sorted by what the letters say; each folded once, since there may be hundreds.
    everybody = [actor for _, actor in sorted((words.fold(actor.name), actor) for actor in _NAMES.rows())]
    running = [actor for actor in everybody if actor.state == Actor.State.APPROVED]
    chosen = [actor for actor in running if not word or (kind and actor.kind == kind)]
    page = Paginator(chosen, ACTORS_ON_PAGE).get_page(request.GET.get("seite"))
    shown = {actor.pk: actor for actor in _ON_PAGE.rows(keys=[each.pk for each in page])}
    numbers = Counter(actor.kind for actor in running)
    starts: dict[str, int] = {}
    for place, actor in enumerate(chosen):
        starts.setdefault(_letter(actor.name), place // ACTORS_ON_PAGE + 1)
    context = {
        "page": page,
        "page_numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "starts": starts,
        "letters": list(_by_letter(shown[each.pk] for each in page)),
        "count": len(chosen),
        "total": len(running),
        "kind": kind,
        "unknown": word if word and not kind else "",
        "kinds": [(slug, each, numbers[each]) for slug, each in kinds.items() if numbers[each]],
        "former": []
        if word or page.has_next()
        else [actor for actor in everybody if actor.state == Actor.State.FORMER],
    }
    return render(request, "actors/actor_list.html", context)


def _on_page() -> QuerySet[Actor]:
    offers = Count("activities", filter=Q(activities__in=Activity.objects.public(NOW)))
    return Actor.objects.filter(pk__in=GivenKeys("keys")).select_related("municipality").annotate(offers=offers)


_NAMES: Prepared[Any] = Prepared(
    lambda: Actor.objects.published().order_by().values_list("pk", "name", "slug", "kind", "state", named=True)
)
_ON_PAGE = Prepared(_on_page)


class ActorDetail(ForActorsToo, DetailView):
    context_object_name = "actor"
    template_name = "actors/actor_detail.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The organisation, or the way to the one it was merged into or to the address it has now."""
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            merged = Actor.objects.select_related("merged_into").filter(slug=kwargs["slug"]).first()
            if merged and merged.merged_into and merged.merged_into.state in ("approved", "former"):
                return HttpResponsePermanentRedirect(merged.merged_into.get_absolute_url())
            return _moved_or_gone(request, Actor, kwargs["slug"], Actor.objects.published())

    def get_object(self, queryset: Any = None) -> Actor:
        """The organisation, if everybody may see it."""
        actor = _ACTOR.first(slug=self.kwargs["slug"])
        if actor is None:
            raise Http404
        return actor

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        actor: Actor = self.object
        activities = _ENTRIES[self.among_actors].rows(actor=actor.pk)
        public = [activity for activity in activities if activity.visibility == "public"]
        kinds, coverage = _coverage(public)
        is_running = actor.state == Actor.State.APPROVED
        is_from_outside = bool(actor.source_url) and (actor.confirmed_at is None or actor.confirmed_by_staff)
        return super().get_context_data(
            activities=activities,
            kinds=kinds,
            coverage=coverage,
            among_actors=self.among_actors,
            all_confirmed=bool(public) and all(activity.stage() == Stage.FRESH for activity in public),
            # Said already where nobody of the organisation has ever had a say.
            is_from_outside=is_from_outside,
            profile_label=is_running and not is_from_outside and actor.profile_stage() == Stage.OVERDUE,
            json_ld=actor_json_ld(actor),
            **kwargs,
        )


def _actor() -> QuerySet[Actor]:
    places = Municipality.objects.filter(serving_actors=OuterRef("pk")).order_by("name").values("name")
    published = Actor.objects.published().filter(slug=Given("slug"))
    return published.select_related("municipality").annotate(places=ArraySubquery(places))


def _entries(among_actors: bool) -> ActivityQuerySet:
    entries = Activity.objects.listed(among_actors=among_actors, at=NOW).filter(actor=Given("actor"))
    return reading.with_terms(reading.for_rows(entries), "branches").order_by("kind", "title", "pk")[:MOST_OF_ACTOR]


_ACTOR = Prepared(_actor)
_ENTRIES = {among_actors: Prepared(partial(_entries, among_actors)) for among_actors in (False, True)}


@dataclass(frozen=True)
class Covered:
    """One branch with the numbers of an organisation's entries, in the order of its kinds."""

    name: str
    cells: list[tuple[str, int]]


def _coverage(activities: Sequence[Activity]) -> tuple[list[str], list[Covered]]:
    """The kinds an organisation has, and its entries by branch and kind; those for all branches last."""
    kinds = [kind for kind in Activity.Kind if any(activity.kind == kind for activity in activities)]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for activity in activities:
        for name in [term.name for term in reading.terms_of(activity).branches] or [EVERYWHERE["branche"]]:
            counts[name][activity.kind] += 1
    ordered = sorted(counts, key=lambda name: (name == EVERYWHERE["branche"], words.fold(name)))
    rows = [Covered(name, [(str(kind.label), counts[name][kind.value]) for kind in kinds]) for name in ordered]
    return [str(kind.label) for kind in kinds], rows


def _by_letter(actors: Iterable[Actor]) -> Iterable[Letter]:
    found: dict[str, list[Actor]] = defaultdict(list)
    for actor in actors:
        found[_letter(actor.name)].append(actor)
    return (Letter(letter, found[letter]) for letter in found)


def _letter(name: str) -> str:
    first = words.fold(name[:20])[:1].upper()
    return first if first.isalpha() else "0–9"


def _shared_rows() -> list[Activity]:
    current = Activity.objects.current().filter(visibility=Activity.Visibility.ACTORS)
    return list(current.for_search()[:MOST_SHARED])


def _shared(filterset: ActivityFilter) -> list[reading.Hit]:
    current = Activity.objects.current().filter(visibility=Activity.Visibility.ACTORS)
    rows = reading.for_rows(filterset.narrowed(current)).order_by("title", "pk")[:MOST_SHARED]
    return [reading.Hit(activity, activity.title, "") for activity in rows]


def _moved_or_gone(request: HttpRequest, model: Any, slug: str, visible: QuerySet) -> HttpResponse:
    """A redirect from a former address, 410 for what is known to be deleted; raises Http404 for everything else."""
    former = versions.former_target(model, slug)
    if former is not None:
        return HttpResponsePermanentRedirect(get_object_or_404(visible, pk=former.pk).get_absolute_url())
    if versions.is_known(model, slug):
        html = render_to_string("actors/gone.html", {"operator": contact.operator()}, request)
        return HttpResponseGone(html)
    raise Http404
