"""Telling people once that there is something: asked for, confirmed by mail, answered, forgotten.

An address that nobody confirms is worth nothing and goes after two days. It also goes a month after the answer, a year
after it was left, and at once when its owner says so.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from platform_mark import erasures
from platform_mark.mail.opt_in import KEEP_ADDRESS, lapsed
from platform_mark.mail.outbox import Link, address_key, queue
from platform_mark.pages import everywhere
from platform_mark.pages.everywhere import Hit
from platform_mark.search.question import Nearness, Question, ask
from platform_mark.tokens import BadToken, read_token

from .ledger import DemandRefused, count, is_private, key_of
from .models import Demand, Wish

PURPOSE = "demand.wish"
PLEASE_CONFIRM = "bedarf-bestaetigen"
PATH = "/suche/wunsch/{token}/"
KEEP = timedelta(days=365)
# What a mail names; whoever wants more finds the rest by searching.
MOST_NAMED = 3
# Version -> what people agree to by leaving an address and confirming it. A changed text is a new version.
CONSENTS: Mapping[str, str] = {
    "1": (
        "Die Agentur schreibt mir einmal an diese Adresse, wenn es zu meiner Suche etwas gibt. Danach löscht sie die"
        " Adresse, spätestens nach zwölf Monaten. Ich kann das jederzeit über den Link in der E-Mail beenden."
    )
}
CONSENT = "1"
# What answers a demand; that an organisation exists does not.
_ANSWERING = frozenset({"beispiele", "dialoge", "aktivitaeten", "formate"})


@transaction.atomic
def leave(text: str, *, email: str) -> Wish:
    """Store that somebody wants to be told, and mail the personal link; raises DemandRefused.

    The mail holds nothing that was typed, since nobody has confirmed the address. The page looks the same for an address
    that waits already.
    """
    key = key_of(text)
    if not key or is_private(text):
        raise DemandRefused(
            "Bitte nennen Sie, was Sie suchen: wenige Worte, ohne Adresse und ohne Telefonnummer.", code="text"
        )
    demand = Demand.objects.filter(key=key).first() or count(key, text)
    demand = Demand.objects.select_for_update().get(pk=demand.pk)
    if demand.state in (Demand.State.COVERED, Demand.State.ANSWERED):
        # Somebody still misses it, so it is watched again, for what appears from now on.
        demand.state, demand.watched_from = Demand.State.OPEN, timezone.now()
        demand.save(update_fields=["state", "watched_from"])
    wish, is_new = Wish.objects.get_or_create(demand=demand, email=address_key(email), defaults={"consent": CONSENT})
    if not is_new and wish.answered_at:
        wish.answered_at, wish.confirmed_at, wish.consent = None, None, CONSENT
        wish.created_at = timezone.now()
        wish.save(update_fields=["answered_at", "confirmed_at", "consent", "created_at"])
    if wish.confirmed_at is None:
        queue(PLEASE_CONFIRM, wish.email, context={}, link=_link(wish), is_limited=True)
    return wish


def find_wish(token: str) -> Wish:
    """Return the wish a personal link names; raises BadToken for everything else, expired ones included."""
    subject = read_token(PURPOSE, token)
    wish = Wish.objects.select_related("demand").filter(pk=subject.row_id, token_version=subject.version).first()
    if wish is None or _lapsed().filter(pk=wish.pk).exists():
        raise BadToken
    return wish


@transaction.atomic
def confirm(wish: Wish) -> None:
    """Confirm the address; again is harmless."""
    now = timezone.now()
    Wish.objects.filter(pk=wish.pk, confirmed_at=None).update(confirmed_at=now)


@transaction.atomic
def end(wish: Wish) -> None:
    """Forget the address at once; a restored backup does not bring it back."""
    if Wish.objects.filter(pk=wish.pk).delete()[0]:
        erasures.note(address_key(wish.email), "wish", wish.pk)


@transaction.atomic
def answer(demand: Demand, *, text: str) -> int:
    """Answer by hand: whoever waits reads it, once; return how many. Raises DemandRefused without a text."""
    if not text.strip():
        raise DemandRefused("Bitte schreiben Sie eine Antwort. Sie steht in der E-Mail.", code="answer")
    demand = Demand.objects.select_for_update().get(pk=demand.pk)
    demand.state, demand.answer = Demand.State.ANSWERED, text.strip()
    demand.save(update_fields=["state", "answer"])
    return _tell(demand, "bedarf-antwort", {"answer": demand.answer})


def deliver() -> int:
    """Tell all who wait for what has appeared since, each once; return how many mails were written."""
    return sum(_deliver(pk) for pk in Demand.objects.open().order_by("pk").values_list("pk", flat=True))


def fitting(demand: Demand) -> list[Hit]:
    """What has appeared since and meets all words of a demand, the best first."""
    question = ask(demand.text)
    if not _is_certain(question):
        return []
    found = everywhere.find(question, since=demand.watched_from, strictly=True)
    return [hit for hit in everywhere.hits(found.rows, question) if hit.kind.word in _ANSWERING]


def forget_old() -> int:
    """Delete addresses that nobody confirmed, that were answered, or that have waited for a year; return how many."""
    now = timezone.now()
    over = Q(answered_at__lt=now - KEEP_ADDRESS) | Q(created_at__lt=now - KEEP)
    return _lapsed().delete()[0] + Wish.objects.filter(over).delete()[0]


def _lapsed() -> QuerySet[Wish]:
    return lapsed(Wish.objects.filter(confirmed_at=None), purpose=PURPOSE, kind=PLEASE_CONFIRM)


@transaction.atomic
def _deliver(pk: int) -> int:
    demand = Demand.objects.select_for_update().get(pk=pk)
    if demand.state != Demand.State.OPEN or not (hits := fitting(demand)):
        return 0
    demand.state = Demand.State.COVERED
    demand.save(update_fields=["state"])
    lines = [(hit.kind.label, hit.name, f"{settings.BASE_URL}{hit.url}") for hit in hits[:MOST_NAMED]]
    return _tell(demand, "bedarf-treffer", {"hits": lines})


def _tell(demand: Demand, kind: str, context: Mapping[str, object]) -> int:
    """Write to all who wait, and note it in the same transaction, so that nobody is written to twice."""
    waiting: Sequence[Wish] = list(Wish.objects.select_for_update().waiting().filter(demand=demand))
    for wish in waiting:
        queue(kind, wish.email, context={"text": demand.text, **context}, link=_link(wish))
    return Wish.objects.filter(pk__in=[wish.pk for wish in waiting]).update(answered_at=timezone.now())


def _is_certain(question: Question) -> bool:
    """Whether each word occurs somewhere: what is only guessed is no reason to write to somebody."""
    return (
        bool(question.clauses)
        and not question.unknown
        and all(any(way.nearness < Nearness.ALIKE for way in clause.ways) for clause in question.clauses)
    )


def _link(wish: Wish) -> Link:
    return Link(PATH, PURPOSE, wish.pk, wish.token_version)
