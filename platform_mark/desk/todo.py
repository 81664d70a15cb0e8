"""What waits for the staff: numbers that lead to the rows they count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from actors.models import Activity, Actor, Claim, Proposal, Revision
from actors.stages import Stage
from dialogues import planning
from dialogues.formats.models import Idea, TryReport
from dialogues.models import Agreement, Dialogue, Registration
from dialogues.occupancy import hint
from dialogues.seats import seat_states
from platform_mark.accounts.models import User
from platform_mark.demand.models import Demand
from platform_mark.mail.models import BulkMail, OutgoingMail
from platform_mark.mail.outbox import MAIL_DELAY
from platform_mark.media.models import Image
from platform_mark.pages.legal_texts import in_force, missing, placeholders
from platform_mark.pages.models import BarrierReport
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
    if user.has_perm("pages.view_barrierreport"):
        found += _barriers()
    if user.has_perm("dialogues.view_idea"):
        found += _ideas()
    if user.has_perm("demand.view_demand"):
        found += _demand()
    if user.has_perm("practices.view_suggestion"):
        found += _suggestions()
    if user.has_perm("dialogues.view_registration"):
        found += _registrations()
    if user.has_perm("dialogues.change_dialogue"):
        found += _dialogues()
    if user.has_perm("practices.view_practice"):
        found += _practices()
    found += _register(user)
    if user.has_perm("media.view_image"):
        found += _pictures()
    if user.has_perm("outbox.view_outgoingmail"):
        found += _mails()
    return [todo for todo in found if todo.count]


def _legal_texts() -> list[Todo]:
    labels = [page.label for page in missing()]
    url = reverse("admin:pages_legaltext_changelist")
    marked = {text.get_page_display(): len(found) for text in in_force() if (found := placeholders(text))}
    places, where = sum(marked.values()), _listed(sorted(marked))
    return [
        Todo(
            len(labels),
            f"rechtlicher Text fehlt: {_listed(labels)}",
            f"rechtliche Texte fehlen: {_listed(labels)}",
            url,
        ),
        Todo(
            places,
            f"Stelle in rechtlichen Texten ist noch zu ergänzen: {where}",
            f"Stellen in rechtlichen Texten sind noch zu ergänzen: {where}",
            url,
        ),
    ]


def _listed(names: Sequence[str]) -> str:
    return " und ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _barriers() -> list[Todo]:
    url = reverse("admin:pages_barrierreport_changelist", query={"answered_at__isempty": "1"})
    waiting = BarrierReport.objects.filter(answered_at=None).count()
    return [Todo(waiting, "gemeldete Barriere wartet auf Antwort", "gemeldete Barrieren warten auf Antwort", url)]


def _ideas() -> list[Todo]:
    ideas = reverse("admin:dialogues_idea_changelist", query={"state__exact": Idea.State.NEW})
    reports = reverse("admin:dialogues_tryreport_changelist", query={"state__exact": TryReport.State.RECEIVED})
    tried = TryReport.objects.filter(state=TryReport.State.RECEIVED).count()
    return [
        Todo(Idea.objects.to_answer().count(), "Idee wartet auf Antwort", "Ideen warten auf Antwort", ideas),
        Todo(tried, "Bericht „Ausprobiert“ ist zu lesen", "Berichte „Ausprobiert“ sind zu lesen", reports),
    ]


def _demand() -> list[Todo]:
    url = reverse("admin:demand_demand_changelist", query={"state__exact": Demand.State.OPEN})
    waited_for = Demand.objects.waited_for().count()
    return [
        Todo(
            waited_for,
            "Suche ohne Treffer, auf deren Antwort jemand wartet",
            "Suchen ohne Treffer, auf deren Antwort jemand wartet",
            url,
        )
    ]


def _suggestions() -> list[Todo]:
    url = reverse("admin:practices_suggestion_changelist", query={"state__exact": Suggestion.State.RECEIVED})
    return [
        Todo(
            Suggestion.objects.to_answer().count(), "Vorschlag wartet auf Antwort", "Vorschläge warten auf Antwort", url
        )
    ]


def _registrations() -> list[Todo]:
    return [
        Todo(
            Registration.objects.to_decide().filter(dialogue__ends_at__gt=timezone.now()).count(),
            "Anmeldung wartet auf Ihre Entscheidung",
            "Anmeldungen warten auf Ihre Entscheidung",
            reverse("admin:dialogues_registration_changelist", query={"zu-tun": "entscheiden"}),
        )
    ]


def _dialogues() -> list[Todo]:
    def found(what: str) -> str:
        return reverse("admin:dialogues_dialogue_changelist", query={"zu-tun": what})

    full = list(Dialogue.objects.with_people_waiting())
    # What would help is said where it concerns one dialogue; for several the list says it in each row.
    help_of_one = f": {hint(seat_states(full)[full[0].pk])}" if len(full) == 1 else ""
    overdue = reverse("admin:dialogues_agreement_changelist", query={"frist": "vorbei"})
    return [
        Todo(
            len(full),
            f"Dialog mit Warteliste{help_of_one}",
            "Dialoge mit Warteliste",
            found("warteliste"),
        ),
        Todo(
            planning.awaiting_link().count(),
            "kommender Dialog ohne Link zur Online-Teilnahme",
            "kommende Dialoge ohne Link zur Online-Teilnahme",
            found("link"),
        ),
        Todo(
            Dialogue.objects.unticked().count(),
            "vergangener Dialog, bei dem niemand abgehakt ist",
            "vergangene Dialoge, bei denen niemand abgehakt ist",
            found("abhaken"),
        ),
        Todo(
            Dialogue.objects.awaiting_report().count(),
            "vergangener Dialog ohne Nachbericht",
            "vergangene Dialoge ohne Nachbericht",
            found("nachbericht"),
        ),
        Todo(
            Agreement.objects.overdue().count(),
            "Vereinbarung ist überfällig",
            "Vereinbarungen sind überfällig",
            overdue,
        ),
        Todo(
            Dialogue.objects.filter(state=State.REVIEW).count(),
            "Dialog wartet auf Prüfung",
            "Dialoge warten auf Prüfung",
            reverse("admin:dialogues_dialogue_changelist", query={"state__exact": State.REVIEW}),
        ),
        Todo(
            Dialogue.objects.filter(state=State.DRAFT).count(),
            "Dialog im Entwurf",
            "Dialoge im Entwurf",
            reverse("admin:dialogues_dialogue_changelist", query={"state__exact": State.DRAFT}),
        ),
    ]


def _register(user: User) -> list[Todo]:
    """What waits in the register, by the queue it leads to."""
    queues = [
        (
            "actor",
            "",
            Actor.objects.filter(state=Actor.State.WAITING, merged_into=None),
            "Akteur wartet",
            "Akteure warten",
            "auf Freischaltung",
        ),
        (
            "claim",
            "",
            Claim.objects.filter(state=Claim.State.OPEN),
            "Anspruch auf einen Akteur wartet",
            "Ansprüche auf Akteure warten",
            "",
        ),
        ("revision", "", Revision.objects.to_review(), "Eintrag wartet", "Einträge warten", "auf Prüfung"),
        (
            "proposal",
            "",
            Proposal.objects.filter(state=Proposal.State.OPEN),
            "Änderungsvorschlag wartet",
            "Änderungsvorschläge warten",
            "auf Antwort",
        ),
        (
            "activity",
            "nachsehen",
            Activity.objects.to_check(),
            "Eintrag erschien",
            "Einträge erschienen",
            "ohne Prüfung",
        ),
        (
            "activity",
            "faellig",
            Activity.objects.in_stage(Stage.OVERDUE),
            "Eintrag ist",
            "Einträge sind",
            "nicht bestätigt",
        ),
        (
            "actor",
            "ohne-redaktion",
            Actor.objects.without_editor(),
            "Akteur hat",
            "Akteure haben",
            "niemanden mehr, der Einträge pflegt",
        ),
        (
            "actor",
            "ohne-verantwortung",
            Actor.objects.without_owner(),
            "Akteur hat",
            "Akteure haben",
            "niemanden mehr, der Personen einlädt und verwaltet",
        ),
        (
            "actor",
            "profil",
            Actor.objects.profile_neglected(),
            "Akteur hat",
            "Akteure haben",
            "ein Profil, das lange niemand bestätigt hat",
        ),
    ]
    return [
        Todo(
            rows.count(),
            f"{one} {rest}".strip(),
            f"{many} {rest}".strip(),
            reverse(f"admin:actors_{model}_changelist", query={"was": word} if word else None),
        )
        for model, word, rows, one, many, rest in queues
        if user.has_perm(f"actors.view_{model}")
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
    # The list of those that can still be sent: the others are only counts.
    query = {"state__exact": OutgoingMail.State.FAILED, "address_key__gt": ""}
    url = reverse("admin:outbox_outgoingmail_changelist", query=query)
    failed = OutgoingMail.objects.failed().count()
    waiting = OutgoingMail.objects.waiting_since(timezone.now() - MAIL_DELAY)
    since = waiting.values_list("created_at", flat=True).first()
    age = f", die älteste seit {timesince(since, depth=1)}" if since else ""
    waiting_url = reverse("admin:outbox_outgoingmail_changelist", query={"state__exact": OutgoingMail.State.WAITING})
    drafts_url = reverse("admin:outbox_bulkmail_changelist", query={"released_at__isempty": "1"})
    drafts = BulkMail.objects.drafts().count()
    return [
        Todo(failed, "E-Mail ist nicht zustellbar", "E-Mails sind nicht zustellbar", url),
        Todo(waiting.count(), f"E-Mail wartet noch{age}", f"E-Mails warten noch{age}", waiting_url),
        Todo(drafts, "Rundmail ist noch nicht abgeschickt", "Rundmails sind noch nicht abgeschickt", drafts_url),
    ]


def _practices() -> list[Todo]:
    now = timezone.now()
    old = timezone.localdate() - TOO_OLD
    counts = Practice.objects.aggregate(
        review=_having(Q(state=State.REVIEW)),
        draft=_having(Q(state=State.DRAFT)),
        undated=_having(Q(state=State.PUBLISHED, as_of=None)),
        scheduled=_having(Q(state=State.PUBLISHED, published_at__gt=now)),
        expiring=_having(Q(state=State.PUBLISHED, expires_at__gt=now, expires_at__lte=now + EXPIRES_SOON)),
        old=_having(Q(state=State.PUBLISHED, as_of__lt=old)),
        unreleased=_having(RELEASE_MISSING),
        unreleased_draft=_having(RELEASE_MISSING & Q(state=State.DRAFT)),
    )
    published = {"state__exact": State.PUBLISHED}
    return [
        Todo(
            counts["review"],
            "Beispiel wartet auf Prüfung",
            "Beispiele warten auf Prüfung",
            _list(state__exact="review"),
        ),
        Todo(
            counts["draft"] - counts["unreleased_draft"],
            "Entwurf wartet auf die Redaktion",
            "Entwürfe warten auf die Redaktion",
            _list(state__exact="draft", freigabe="nicht-offen"),
        ),
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


def _having(condition: Q) -> Count:
    """The number of examples that meet the condition, each once, however many releases it has."""
    return Count("pk", filter=condition, distinct=True)
