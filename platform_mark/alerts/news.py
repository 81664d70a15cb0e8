"""What is new in the portal, read once for a run, and which of it meets a wish, asked once for each different wish."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from platform_mark.search.index import kind_of
from platform_mark.search.news import Fresh, fresh, meeting, meets
from platform_mark.search.question import Question, ask

from .models import Scope
from .subjects import SUBJECTS, Subject
from .wishes import Catalogues, Wish

# After an import there may be thousands: their rows are read in pieces, and only what a mail says of them is kept.
CHUNK = 500


@dataclass(frozen=True)
class Item:
    """One thing that is new and public now."""

    scope: Scope
    object_id: int
    at: datetime
    title: str
    note: str
    url: str


class News:
    """Everything that became public in a stretch of time and still is."""

    def __init__(self, *, since: datetime, until: datetime) -> None:
        self.catalogues = Catalogues()
        self._fresh: dict[Scope, list[Fresh]] = {}
        self._items: dict[tuple[Scope, int], Item] = {}
        self._by_actor: dict[int, set[tuple[Scope, int]]] = defaultdict(set)
        self._by_series: dict[int, set[tuple[Scope, int]]] = defaultdict(set)
        # Numbers only, for each different wish of the run.
        self._met: dict[tuple[Scope, str], tuple[tuple[Scope, int], ...]] = {}
        self._questions: dict[str, Question] = {}
        self._meeting: dict[tuple[Scope, str], set[int]] = {}
        for subject in SUBJECTS:
            self._load(subject, since, until)

    def __bool__(self) -> bool:
        return bool(self._items)

    def of(self, wish: Wish) -> Iterable[Item]:
        """What is new for a wish, the newest first within its kind."""
        if wish.unknown:
            return []
        if wish.actor is not None:
            return self._newest_first(self._by_actor.get(wish.actor.merged_into_id or wish.actor.pk, set()))
        if wish.series is not None:
            return self._newest_first(self._by_series.get(wish.series.pk, set()))
        key = wish.scope, wish.query
        if key not in self._met:
            self._met[key] = tuple(self._meet(wish))
        return (self._items[found] for found in self._met[key])

    def _load(self, subject: Subject, since: datetime, until: datetime) -> None:
        entries = fresh(kind_of(subject.model), since=since, until=until)
        self._fresh[subject.scope] = []
        for start in range(0, len(entries), CHUNK):
            self._load_chunk(subject, entries[start : start + CHUNK])

    def _load_chunk(self, subject: Subject, entries: Sequence[Fresh]) -> None:
        # The index says what may be meant; the table says what may be shown.
        rows = subject.public().in_bulk([entry.object_id for entry in entries])
        shown = [entry for entry in entries if entry.object_id in rows]
        self._fresh[subject.scope] += shown
        for entry in shown:
            row = rows[entry.object_id]
            self._items[subject.scope, row.pk] = Item(
                scope=subject.scope,
                object_id=row.pk,
                at=entry.visible_from,
                title=row.title,
                note=subject.note(row),
                url=f"{settings.BASE_URL}{row.get_absolute_url()}",
            )
        for path, known in ((subject.actor, self._by_actor), (subject.series, self._by_series)):
            if path and rows:
                pairs = subject.model.objects.filter(pk__in=rows).order_by().values_list("pk", path)
                for pk, owner in pairs:
                    known[owner].add((subject.scope, pk))

    def _newest_first(self, keys: Iterable[tuple[Scope, int]]) -> list[Item]:
        return sorted((self._items[key] for key in keys), key=lambda item: item.at, reverse=True)

    def _meet(self, wish: Wish) -> Iterable[tuple[Scope, int]]:
        for subject in SUBJECTS:
            entries = self._fresh[subject.scope]
            if not entries or wish.scope not in (subject.scope, Scope.EVERYTHING):
                continue
            catalogue = self.catalogues.of(subject, wish.switches)
            met = [entry for entry in entries if meets(entry, catalogue, wish.chosen)]
            if wish.text and met:
                saying = self._saying(subject, wish.text)
                met = [entry for entry in met if entry.object_id in saying]
            yield from ((subject.scope, entry.object_id) for entry in met)

    def _saying(self, subject: Subject, text: str) -> set[int]:
        """The numbers of what is new and says this."""
        key = subject.scope, text
        if key not in self._meeting:
            if text not in self._questions:
                self._questions[text] = ask(text)
            ids = [entry.object_id for entry in self._fresh[subject.scope]]
            self._meeting[key] = meeting(kind_of(subject.model), self._questions[text], ids)
        return self._meeting[key]


def counted(items: Sequence[Item]) -> str:
    """How many of each kind, in words: „2 gute Beispiele und 1 Dialog“."""
    number: Mapping[Scope, int] = {scope: sum(item.scope == scope for item in items) for scope in _NAMES}
    parts = [
        f"{number[scope]} {one if number[scope] == 1 else many}"
        for scope, (one, many) in _NAMES.items()
        if number[scope]
    ]
    return " und ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


_NAMES: Mapping[Scope, tuple[str, str]] = {
    Scope.PRACTICES: ("gutes Beispiel", "gute Beispiele"),
    Scope.DIALOGUES: ("Dialog", "Dialoge"),
    Scope.ACTIVITIES: ("Aktivität", "Aktivitäten"),
    Scope.FORMATS: ("Format", "Formate"),
}
