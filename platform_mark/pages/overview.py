"""Numbers over all branches, read once per page: how many examples there are, and of which size."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from platform_mark.taxonomy.models import Branch, CompanySize
from practices.models import Practice


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

    @property
    def municipalities(self) -> int:
        return len(self.by_municipality)


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
        .annotate(number=Count("pk"))
    )
    by_municipality: Counter[int] = Counter()
    practices = small = 0
    for row in counted:
        practices += row["number"]
        small += row["number"] if row["size"] in (CompanySize.MICRO, CompanySize.SMALL) else 0
        if row["municipality"] and not row["is_anonymous"]:
            by_municipality[row["municipality"]] += row["number"]
    return Numbers(practices, small, by_municipality)
