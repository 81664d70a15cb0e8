"""Numbers over the whole portal, read once per page: how many examples and activities there are, and for whom."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, Count, F, IntegerField, Q, QuerySet, Subquery, Value

from actors import stages
from actors.models import Activity
from platform_mark.prepared import NOW, Given, GivenKeys, Prepared
from platform_mark.taxonomy.models import Branch, CompanySize
from practices import wording
from practices.models import Practice, PracticeQuerySet


class Half(Aggregate):
    """The value that half of the rows do not exceed; empty rows do not count."""

    function = "percentile_disc"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = IntegerField()


@dataclass(frozen=True)
class BranchRow:
    """One branch with its examples counted by size class."""

    branch: Branch
    by_size: dict[CompanySize, int]
    total: int

    @property
    def size_counts(self) -> list[tuple[CompanySize, int]]:
        return [(size, self.by_size.get(size, 0)) for size in CompanySize]


@dataclass(frozen=True)
class Numbers:
    practices: int
    from_small_companies: int
    #: Examples by key of the municipality; none where a company has no name, since a town could give it away.
    by_municipality: Mapping[int, int]
    cost: int | None
    weeks: int | None

    @property
    def municipalities(self) -> int:
        return len(self.by_municipality)

    @property
    def cost_text(self) -> str:
        """What half of the examples did not exceed, in words; empty where nothing is known."""
        return wording.euros(self.cost, self.cost)

    @property
    def ready_text(self) -> str:
        """After which time half of them were ready."""
        return wording.after_weeks(self.weeks)


@dataclass(frozen=True)
class RegisterNumbers:
    activities: int = 0
    actors: int = 0
    #: Those that were assured in the last 180 days.
    confirmed: int = 0

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all of them."""
        return self.confirmed * 100 // self.activities if self.activities else 0


@dataclass(frozen=True)
class Overview:
    """All that the start page counts."""

    #: Every current branch in its order.
    branches: Sequence[BranchRow]
    numbers: Numbers
    register: RegisterNumbers


def overview() -> Overview:
    """Count examples and activities, in one statement; two queries."""
    rows = _COUNTED.rows()
    branches, places = ([row for row in rows if row.what == what] for what in (_BRANCH, _PLACE))
    register = next((row for row in rows if row.what == _REGISTER), None)
    named = Counter[int]()
    for row in places:
        if row.key and not row.is_hidden:
            named[row.key] += row.number
    numbers = Numbers(
        practices=sum(row.number for row in places),
        from_small_companies=sum(row.number for row in places if row.band in (CompanySize.MICRO, CompanySize.SMALL)),
        by_municipality=named,
        # The halves are of all examples, so each row says the same.
        cost=places[0].second if places else None,
        weeks=places[0].third if places else None,
    )
    return Overview(
        _rows_of(branches),
        numbers,
        RegisterNumbers(register.number, register.second, register.third) if register else RegisterNumbers(),
    )


def branch_rows() -> list[BranchRow]:
    """Every current branch in its order; two queries."""
    return _rows_of(_EXAMPLES.rows())


def _rows_of(counted: Iterable[Any]) -> list[BranchRow]:
    by_branch: dict[int, Counter[str]] = {}
    for row in counted:
        by_branch.setdefault(row.key, Counter())[row.band] = row.number
    rows = []
    for branch in _BRANCHES.rows():
        counts = by_branch.get(branch.pk, Counter())
        rows.append(BranchRow(branch, {size: counts[size.value] for size in CompanySize}, counts.total()))
    return rows


_BRANCHES = Prepared(Branch.objects.current)
_EXAMPLES: Prepared[Any] = Prepared(lambda: _by_branch())
_COUNTED: Prepared[Any] = Prepared(lambda: _by_branch().union(_by_place(), _in_register(), all=True))
_BRANCH, _PLACE, _REGISTER = "branch", "place", "register"
# What is counted, of what, and three numbers of it: the same columns for all, so that one statement can ask for all.
_COLUMNS = ("what", "key", "band", "is_hidden", "number", "second", "third")
_NOTHING = Value(None, output_field=IntegerField())


def _by_branch() -> QuerySet:
    """Examples by branch and size."""
    named = Practice.objects.published(NOW).exclude(branches=None).order_by()
    keyed = named.annotate(what=Value(_BRANCH), key=F("branches"), band=F("size"), is_hidden=Value(False))
    counted = keyed.values("what", "key", "band", "is_hidden").annotate(number=Count("pk"))
    return counted.annotate(second=_NOTHING, third=_NOTHING).values_list(*_COLUMNS, named=True)


def _by_place() -> QuerySet:
    """Examples by municipality and size, with half of all costs and of all durations."""
    keyed = (
        Practice.objects.published(NOW)
        .order_by()
        .annotate(what=Value(_PLACE), key=F("municipality"), band=F("size"), is_hidden=F("is_anonymous"))
    )
    counted = keyed.values("what", "key", "band", "is_hidden").annotate(number=Count("pk"))
    halves = counted.annotate(second=_half("investment_to"), third=_half("duration_weeks"))
    return halves.values_list(*_COLUMNS, named=True)


def _in_register() -> QuerySet:
    """Activities, the organisations behind them, and how many of them were assured lately."""
    constants = (
        Activity.objects.public(NOW).order_by().annotate(what=Value(_REGISTER), band=Value(""), is_hidden=Value(False))
    )
    fresh = Q(confirmed_at__gte=stages.oldest(stages.HOLDS_DAYS, NOW))
    counted = constants.annotate(key=_NOTHING).values("what", "key", "band", "is_hidden")
    return counted.annotate(
        number=Count("pk"), second=Count("actor", distinct=True), third=Count("pk", filter=fresh)
    ).values_list(*_COLUMNS, named=True)


def _half(field: str) -> Subquery:
    every = Practice.objects.published(NOW).order_by().annotate(one=Value(1)).values("one")
    return Subquery(every.annotate(half=Half(field)).values("half"))


@dataclass(frozen=True)
class BranchSample:
    """What a branch page shows of its examples: the newest of each size, and the newest others."""

    count: int
    by_size: Sequence[tuple[CompanySize, Practice | None]]
    further: Sequence[Practice]


# Beside one of each size, so many of the newest.
FURTHER = 4


def _in_branch() -> PracticeQuerySet:
    return Practice.objects.published(NOW).filter(branches=Given("branch")).newest_first()


def _chosen() -> QuerySet:
    newest = _in_branch()[: FURTHER + len(CompanySize)].values_list("pk")
    return newest.union(*(_in_branch().filter(size=size)[:1].values_list("pk") for size in CompanySize))


def _sampled() -> QuerySet:
    every = _in_branch().order_by().annotate(one=Value(1)).values("one").annotate(all=Count("pk")).values("all")
    return _in_branch().for_cards(NOW).filter(pk__in=GivenKeys("keys")).annotate(all=Subquery(every))


_CHOSEN: Prepared[tuple[int]] = Prepared(_chosen)
_SAMPLED = Prepared(_sampled)


def branch_sample(branch: Branch) -> BranchSample:
    """Choose from all examples of a branch without reading them all; two queries."""
    practices = _SAMPLED.rows(branch=branch.pk, keys=[pk for (pk,) in _CHOSEN.rows(branch=branch.pk)])
    by_size = [(size, next((p for p in practices if p.size == size), None)) for size in CompanySize]
    shown = {practice.pk for _, practice in by_size if practice}
    others = [practice for practice in practices if practice.pk not in shown]
    count = practices[0].all if practices else 0
    return BranchSample(count, by_size, others[:FURTHER])
