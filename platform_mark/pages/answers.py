"""What one company answered, read from the address and nowhere else: whoever has the address sees the same page."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.contrib.postgres.expressions import ArraySubquery
from django.core.validators import slug_re
from django.db.models import OuterRef, QuerySet
from django.http import QueryDict

from platform_mark.taxonomy.models import Branch, CompanySize, District, Municipality, Pressure, Topic

BRANCH, PROBLEM, SIZE, NEAR, PLACE = "branch", "problem", "size", "near", "place"
# One of several problems that a company named; which one stands behind it.
PROBLEMS = "problems"
QUESTIONS = ("branche", "groesse", "druck")
# More than this at a time is no answer to what presses.
MOST_PRESSURES = 3
_FIRST_SENTENCE = re.compile(r"(.+?[.?!:])(?:\s+(.*))?$")
# What anybody can do this week, whatever presses.
_LOOK = (
    "Zählen Sie eine Woche lang mit, was Sie aufhält. Ein Strich je Mal auf einem Blatt genügt.\n"
    "Fragen Sie zwei Leute: „Was würdest du hier als Erstes ändern?“"
)


@dataclass(frozen=True)
class Look:
    """One thing to do this week, in the words of a step."""

    action: str
    detail: str


@dataclass(frozen=True)
class Place:
    district: District
    towns: Sequence[int]
    is_chosen: bool


@dataclass(frozen=True)
class Answers:
    """What a visitor said, read from the address; what was skipped is empty."""

    branch: Branch | None = None
    size: CompanySize | None = None
    #: What presses, the hardest first.
    pressures: Sequence[Pressure] = ()
    places: Sequence[Place] = ()
    #: Answers that mean nothing here any more, as they were given.
    unknown: Sequence[str] = field(default_factory=list)
    #: What was said in the self-check, by question: in its address it stands for what presses.
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The query string of exactly these answers, in the order of the questions."""
        return self._query(self.place.district if self.place else None)

    @property
    def three_answers(self) -> str:
        """The query string of the same as answers to the three questions."""
        return self._query(self.place.district if self.place else None, said={})

    @property
    def nearby(self) -> list[tuple[Place, str]]:
        """Each district with the query string that takes it, or no longer takes it, into account."""
        return [(place, self._query(None if place.is_chosen else place.district)) for place in self.places]

    def _query(self, district: District | None, said: Mapping[str, str] | None = None) -> str:
        said = self.said if said is None else said
        # A page without any answer is a result, too, so the names of the questions themselves stay.
        pairs = {
            "branche": [self.branch.slug if self.branch else ""],
            "groesse": [self.size.slug if self.size else ""],
            **({} if said else {"druck": [pressure.slug for pressure in self.pressures] or [""]}),
            **{name: [word] for name, word in said.items()},
            **({"kreis": [district.slug]} if district else {}),
        }
        query = QueryDict(mutable=True)
        for name, words in pairs.items():
            query.setlist(name, words)
        return query.urlencode()

    @property
    def place(self) -> Place | None:
        return next((place for place in self.places if place.is_chosen), None)

    @cached_property
    def problems(self) -> dict[str, Pressure]:
        """What presses, by the name of the criterion that looks for it."""
        if len(self.pressures) == 1:
            return {PROBLEM: self.pressures[0]}
        return {f"{PROBLEMS}_{number}": pressure for number, pressure in enumerate(self.pressures)}

    @property
    def asked(self) -> list[str]:
        """The criteria that were answered, the weightiest first; several problems are one of them."""
        problem = {criterion(name): pressure for name, pressure in self.problems.items()}
        given = {BRANCH: self.branch, **problem, SIZE: self.size, PLACE: self.place}
        return [name for name, answer in given.items() if answer]

    @property
    def looks(self) -> list[Look]:
        """What to look at this week: what is said to the one problem, or the first for each of several."""
        hints = [pressure.hint.splitlines() for pressure in self.pressures if pressure.hint]
        lines = [line for hint in hints for line in hint[: 1 if len(hints) > 1 else None]] or _LOOK.splitlines()
        found = (_FIRST_SENTENCE.match(line.strip()) for line in lines)
        return [Look(match[1], match[2] or "") for match in found if match]


def criterion(name: str) -> str:
    """What a criterion is about: any of several problems is about problems."""
    return name.partition("_")[0]


def topics_of(pressure: Pressure) -> list[int]:
    """The keys of the topics that help against what presses."""
    return pressure.topic_keys


def with_topics(pressures: QuerySet[Pressure]) -> QuerySet[Pressure]:
    """These with the topics that help against them, in the same query."""
    topics = Topic.objects.filter(pressures=OuterRef("pk")).order_by("pk").values("pk")
    return pressures.annotate(topic_keys=ArraySubquery(topics))


def read_answers(query: QueryDict) -> Answers:
    """Look up what the address says; three queries at most. What nobody knows is skipped and named."""
    wanted = list(dict.fromkeys(word.strip() for word in query.getlist("druck") if word.strip()))[:MOST_PRESSURES]
    slugs = [word for word in wanted if slug_re.match(word)]
    found = {row.slug: row for row in with_topics(Pressure.objects.filter(slug__in=slugs))} if slugs else {}
    # The one that was named first presses hardest.
    pressures = [found[word] for word in slugs if word in found]
    return read_company(query, pressures, unknown=[word for word in wanted if word not in found])


def read_company(
    query: QueryDict,
    pressures: Sequence[Pressure],
    *,
    said: Mapping[str, str] | None = None,
    unknown: Iterable[str] = (),
) -> Answers:
    """Look up branch, size and district, and add what presses; two queries at most."""
    words = {name: query.get(name, "").strip() for name in ("branche", "groesse", "kreis")}
    fits = {name: word if slug_re.match(word) else "" for name, word in words.items()}
    branch = None
    if fits["branche"]:
        branch = Branch.objects.select_related("merged_into").filter(slug=fits["branche"]).first()
    size = next((size for size in CompanySize if size.slug == words["groesse"]), None)
    places = _places(fits["kreis"])
    known = {"branche": branch, "groesse": size, "kreis": any(place.is_chosen for place in places)}
    lost = [word[:60] for word in (*(words[name] for name in words if not known[name]), *unknown) if word]
    return Answers(branch, size, pressures, places, lost, said or {})


def _places(chosen: str) -> list[Place]:
    towns = Municipality.objects.filter(district=OuterRef("pk")).order_by("pk").values("pk")
    return [
        Place(district, district.town_keys, district.slug == chosen)
        for district in District.objects.annotate(town_keys=ArraySubquery(towns))
    ]
