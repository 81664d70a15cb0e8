"""Numbers over all branches, read once per page: how many examples there are, and of which size."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Aggregate, Count, IntegerField, Subquery, Value

from platform_mark.taxonomy.models import Branch, CompanySize
from practices import wording
from practices.models import Practice


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
    def duration_text(self) -> str:
        """The same for the time it took."""
        return wording.weeks(self.weeks)


def branch_rows() -> list[BranchRow]:
    """Every current branch in its order; two queries."""
    counted = (
        Practice.objects.published()
        .exclude(branches=None)
        .order_by()
        .values("branches", "size")
        .annotate(number=Count("pk"))
    )
    by_branch: dict[int, Counter[str]] = {}
    for row in counted:
        by_branch.setdefault(row["branches"], Counter())[row["size"]] = row["number"]
    rows = []
    for branch in Branch.objects.current():
        counts = by_branch.get(branch.pk, Counter())
        rows.append(BranchRow(branch, {size: counts[size.value] for size in CompanySize}, counts.total()))
    return rows


def numbers() -> Numbers:
    """What the region can show; one query."""
    counted = (
        Practice.objects.published()
        .order_by()
        .values("municipality", "size", "is_anonymous")
        .annotate(number=Count("pk"), cost=_half("investment_to"), weeks=_half("duration_weeks"))
    )
    by_municipality: Counter[int] = Counter()
    practices = small = 0
    cost = weeks = None
    for row in counted:
        # The halves are of all examples, so each row says the same.
        cost, weeks = row["cost"], row["weeks"]
        practices += row["number"]
        small += row["number"] if row["size"] in (CompanySize.MICRO, CompanySize.SMALL) else 0
        if row["municipality"] and not row["is_anonymous"]:
            by_municipality[row["municipality"]] += row["number"]
    return Numbers(practices, small, by_municipality, cost, weeks)


def _half(field: str) -> Subquery:
    every = Practice.objects.published().order_by().annotate(one=Value(1)).values("one")
    return Subquery(every.annotate(half=Half(field)).values("half"))


@dataclass(frozen=True)
class BranchSample:
    """What a branch page shows of its examples: the newest of each size, and the newest others."""

    count: int
    by_size: Sequence[tuple[CompanySize, Practice | None]]
    further: Sequence[Practice]


def branch_sample(branch: Branch, *, further: int) -> BranchSample:
    """Choose from all examples of a branch without reading them all; two queries."""
    found = Practice.objects.published().in_branch(branch).newest_first()
    newest = found[: further + len(CompanySize)].values_list("pk")
    chosen = newest.union(*(found.filter(size=size)[:1].values_list("pk") for size in CompanySize))
    every = found.order_by().annotate(one=Value(1)).values("one").annotate(all=Count("pk")).values("all")
    practices: Sequence[Practice] = list(
        found.for_cards().filter(pk__in=[pk for (pk,) in chosen]).annotate(all=Subquery(every))
    )
    by_size = [(size, next((p for p in practices if p.size == size), None)) for size in CompanySize]
    shown = {practice.pk for _, practice in by_size if practice}
    others = [practice for practice in practices if practice.pk not in shown]
    count = practices[0].all if practices else 0  # type: ignore[attr-defined]
    return BranchSample(count, by_size, others[:further])
