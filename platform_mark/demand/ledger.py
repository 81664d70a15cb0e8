"""What was looked for in vain, without anybody's name: how questions become one, and what staff make of it.

Nothing of the visitor is stored. That somebody asked the same twice in one day is told by a keyed hash in the counters of
`limits`, which are deleted with their window.
"""

import re
from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from platform_mark.limits import is_within
from platform_mark.search import words
from platform_mark.search.models import Synonym
from platform_mark.search.vocabulary import Term
from platform_mark.taxonomy.models import Branch

from .models import LONGEST_KEY, SMALLEST_SHOWN, Demand, Wish

ONE_DAY = timedelta(days=1)
# More different questions in vain a day are a program.
MOST_A_DAY = 30
KEEP_RARE = timedelta(days=90)
KEEP = timedelta(days=730)
# An address, a telephone number: the ledger holds neither.
_PRIVATE = re.compile(r"@|://|\d(?:[\s/()+.-]*\d){5}")


class DemandRefused(ValidationError):
    """What was asked for does not go; the message is for people."""


def is_private(text: str) -> bool:
    """Whether a question holds what could be an address or a telephone number, so that it is never kept."""
    return bool(_PRIVATE.search(text))


def key_of(text: str) -> str:
    """What all spellings of a question share, synonyms included; empty where it has no telling word. One query."""
    stems = [
        words.stem(word)
        for written in text.split()
        for word in words.fold(words.without_hyphens(written)).split()
        if word not in words.STOP_WORDS and len(word) > 1
    ]
    groups = (
        Synonym.objects.filter(stems__overlap=stems).order_by("pk").values_list("terms", flat=True) if stems else []
    )
    for terms in groups:
        stems = _with_one_name(stems, terms)
    return " ".join(sorted(set(stems)))[:LONGEST_KEY]


def note(text: str, *, who: str) -> None:
    """Count a question in vain, once a day for each visitor. `who` is hashed with our key and not kept."""
    key = key_of(text)
    if not key or is_private(text):
        return
    if not is_within("demand", f"{who} {key}", most=1, period=ONE_DAY):
        return
    if not is_within("demands", who, most=MOST_A_DAY, period=ONE_DAY):
        return
    count(key, text)


@transaction.atomic
def count(key: str, text: str) -> Demand:
    """Raise the number of a demand, which is new where nobody asked for it before."""
    demand = find_or_make(key, text)
    Demand.objects.filter(pk=demand.pk).update(count=F("count") + 1, last_on=timezone.localdate())
    return demand


def find_or_make(key: str, text: str) -> Demand:
    """The demand of this key; a new one is put to the branches whose names are in it."""
    today = timezone.localdate()
    demand, is_new = Demand.objects.get_or_create(
        key=key, defaults={"text": text[:200], "first_on": today, "last_on": today}
    )
    if is_new:
        demand.branches.set(_branches_in(key))
    return demand


@transaction.atomic
def set_state(demand: Demand, state: Demand.State) -> Demand:
    """Mark as covered, hide nonsense, or open again; whoever waits is not written to. Raises DemandRefused."""
    if state == Demand.State.ANSWERED:
        raise DemandRefused("Zum Beantworten gehört eine Antwort.", code="answer")
    demand = Demand.objects.select_for_update().get(pk=demand.pk)
    demand.state = state
    if state == Demand.State.OPEN:
        demand.watched_from = timezone.now()
    demand.save(update_fields=["state", "watched_from"])
    return demand


def forget_old() -> int:
    """Delete what was asked rarely and long ago, and all that nobody asked for two years; return how many."""
    today = timezone.localdate()
    idle = Demand.objects.exclude(pk__in=Wish.objects.values("demand"))
    rare = idle.filter(count__lt=SMALLEST_SHOWN, last_on__lt=today - KEEP_RARE, assigned_to=None)
    number = rare.delete()[1].get("demand.Demand", 0)
    return number + idle.filter(last_on__lt=today - KEEP).delete()[1].get("demand.Demand", 0)


def _with_one_name(stems: list[str], terms: Iterable[str]) -> list[str]:
    """The stems with each spelling of these synonyms replaced by the same one."""
    spelt = sorted({stems for term in terms for stems in Term.of(term).stems}, key=lambda each: (-len(each), each))
    name = min("+".join(each) for each in spelt)
    for spelling in spelt:
        size, at = len(spelling), 0
        while at <= len(stems) - size:
            if tuple(stems[at : at + size]) == spelling:
                stems = [*stems[:at], name, *stems[at + size :]]
            at += 1
    return stems


def _branches_in(key: str) -> list[Branch]:
    asked = {stem for stem in re.split(r"[ +]", key) if len(stem) >= words.SHORTEST_PART}
    return [
        branch
        for branch in Branch.objects.current()
        if asked & {words.stem(word) for word in words.fold(branch.name).split() if word not in words.STOP_WORDS}
    ]
