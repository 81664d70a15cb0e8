"""What waits for the staff: numbers that lead to the rows they count."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from platform_mark.accounts.models import User
from platform_mark.mail.models import OutgoingMail
from platform_mark.media.models import Image
from platform_mark.pages.models import LegalText
from platform_mark.publishing.admin import EXPIRES_SOON
from platform_mark.publishing.models import State
from practices.models import RELEASE_MISSING, TOO_OLD, Practice, Suggestion

RIGHTS_END_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Todo:
    count: int
    one: str
    many: str
    url: str

    @property
    def text(self) -> str:
        """What is counted, in the number that fits."""
        return self.one if self.count == 1 else self.many


def todos(user: User) -> list[Todo]:
    """What this person may see and somebody should do, most urgent first; nothing that is already done."""
    found = []
    if user.has_perm("pages.view_legaltext"):
        found += _legal_texts()
    if user.has_perm("practices.view_suggestion"):
        found += _suggestions()
    if user.has_perm("practices.view_practice"):
        found += _practices()
    if user.has_perm("media.view_image"):
        found += _pictures()
    if user.has_perm("outbox.view_outgoingmail"):
        found += _mails()
    return [todo for todo in found if todo.count]


def _legal_texts() -> list[Todo]:
    valid = set(LegalText.objects.valid_on(timezone.localdate()).values_list("page", flat=True))
    missing = [page.label for page in LegalText.Page if page not in valid]
    names = " und ".join(filter(None, [", ".join(missing[:-1]), *missing[-1:]]))
    url = reverse("admin:pages_legaltext_changelist")
    return [Todo(len(missing), f"rechtlicher Text fehlt: {names}", f"rechtliche Texte fehlen: {names}", url)]


def _suggestions() -> list[Todo]:
    url = reverse("admin:practices_suggestion_changelist", query={"state__exact": Suggestion.State.RECEIVED})
    return [
        Todo(
            Suggestion.objects.to_answer().count(), "Vorschlag wartet auf Antwort", "Vorschläge warten auf Antwort", url
        )
    ]


def _pictures() -> list[Todo]:
    soon = timezone.localdate() + RIGHTS_END_SOON
    ending = Image.objects.filter(rights_until__lte=soon).exclude(practice_pictures=None).distinct().count()
    url = reverse("admin:media_image_changelist", query={"rights_until__lte": soon.isoformat()})
    return [
        Todo(
            ending,
            "Bild, dessen Rechte bald enden oder geendet haben",
            "Bilder, deren Rechte bald enden oder geendet haben",
            url,
        )
    ]


def _mails() -> list[Todo]:
    url = reverse("admin:outbox_outgoingmail_changelist", query={"state__exact": OutgoingMail.State.FAILED})
    failed = OutgoingMail.objects.filter(state=OutgoingMail.State.FAILED).count()
    return [Todo(failed, "E-Mail ist nicht zustellbar", "E-Mails sind nicht zustellbar", url)]


def _practices() -> list[Todo]:
    now = timezone.now()
    old = timezone.localdate() - TOO_OLD
    counts = Practice.objects.aggregate(
        review=Count("pk", filter=Q(state=State.REVIEW)),
        draft=Count("pk", filter=Q(state=State.DRAFT)),
        undated=Count("pk", filter=Q(state=State.PUBLISHED, as_of=None)),
        scheduled=Count("pk", filter=Q(state=State.PUBLISHED, published_at__gt=now)),
        expiring=Count("pk", filter=Q(state=State.PUBLISHED, expires_at__gt=now, expires_at__lte=now + EXPIRES_SOON)),
        old=Count("pk", filter=Q(state=State.PUBLISHED, as_of__lt=old)),
        unreleased=Count("pk", filter=RELEASE_MISSING),
    )
    published = {"state__exact": State.PUBLISHED}
    return [
        Todo(
            counts["review"],
            "Beispiel wartet auf Prüfung",
            "Beispiele warten auf Prüfung",
            _list(state__exact="review"),
        ),
        Todo(counts["draft"], "Entwurf", "Entwürfe", _list(state__exact="draft")),
        Todo(
            counts["undated"],
            "veröffentlichtes Beispiel ohne Stand",
            "veröffentlichte Beispiele ohne Stand",
            _list(**published, as_of__isempty="1"),
        ),
        Todo(
            counts["unreleased"],
            "Entwurf wartet auf die Freigabe des Betriebs",
            "Entwürfe warten auf die Freigabe der Betriebe",
            _list(freigabe="fehlt"),
        ),
        Todo(
            counts["expiring"],
            "Beispiel läuft in den nächsten 30 Tagen ab",
            "Beispiele laufen in den nächsten 30 Tagen ab",
            _list(sichtbar="bald-abgelaufen"),
        ),
        Todo(
            counts["old"],
            "Beispiel ist seit zwei Jahren nicht geprüft",
            "Beispiele sind seit zwei Jahren nicht geprüft",
            _list(**published, as_of__lt=old.isoformat()),
        ),
        Todo(counts["scheduled"], "Beispiel ist eingeplant", "Beispiele sind eingeplant", _list(sichtbar="geplant")),
    ]


def _list(**query: str) -> str:
    return reverse("admin:practices_practice_changelist", query=query)
