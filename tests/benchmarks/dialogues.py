"""Dialogues to measure the list with: half to come, half past, a third of the past documented, some booked."""

import random
from datetime import timedelta

from django.utils import timezone

from dialogues.models import Attendee, Dialogue, Outcome, Registration, Report, SeatKind
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.taxonomy.models import Branch, Municipality, TargetGroup

DIALOGUES = 5_000


def load_dialogues(rows: int = DIALOGUES) -> None:
    """Fill up to so many dialogues, the same ones every time."""
    chance, present = random.Random(5), Dialogue.objects.count()
    branches, towns = list(Branch.objects.current()), list(Municipality.objects.all())
    today = timezone.localtime().replace(hour=16, minute=0, second=0, microsecond=0)
    starts = [today + timedelta(days=chance.randint(-1_500, 1_500)) for _ in range(present, rows)]
    dialogues = Dialogue.objects.bulk_create(
        Dialogue(
            title=f"Dialog {number}",
            slug=f"dialog-{number}",
            teaser="Drei Betriebe zeigen, wie ihre Einstelldaten an die Maschine kommen.",
            form=chance.choice(Dialogue.Form.values),
            venue="Technikum am Volmeufer",
            municipality=chance.choice(towns),
            target_groups=chance.sample(TargetGroup.values, chance.randint(1, 3)),
            starts_at=start,
            ends_at=start + timedelta(hours=3),
            shows_exact_numbers=number % 2 == 0,
            is_fictitious=True,
            state=State.PUBLISHED,
            published_at=min(start, today) - timedelta(days=60, minutes=number),
        )
        for number, start in enumerate(starts, present)
    )
    through = Dialogue.branches.through
    through.objects.bulk_create(
        through(dialogue=dialogue, branch=branch)
        for dialogue in dialogues
        for branch in chance.sample(branches, chance.choice([1, 1, 2]))
    )
    kinds = SeatKind.objects.bulk_create(SeatKind(dialogue=dialogue, capacity=20) for dialogue in dialogues)
    booked = Registration.objects.bulk_create(
        Registration(
            dialogue=kind.dialogue,
            state=Registration.State.CONFIRMED,
            company="Drehteile Probetal",
            email_key=f"{kind.pk}-{number}@betrieb.example",
            notice_version="1",
            confirmed_at=today,
        )
        for kind in kinds
        for number in range(4)
    )
    by_dialogue = {kind.dialogue_id: kind for kind in kinds}
    Attendee.objects.bulk_create(
        Attendee(registration=registration, seat_kind=by_dialogue[registration.dialogue_id]) for registration in booked
    )
    told = [dialogue for dialogue in dialogues if dialogue.is_over() and dialogue.pk % 3 == 0]
    Report.objects.bulk_create(
        Report(dialogue=dialogue, summary="<p>Es war gut besucht.</p>", participants=20, published_at=dialogue.ends_at)
        for dialogue in told
    )
    Outcome.objects.bulk_create(Outcome(dialogue=dialogue, kind="need", text="Ein Muster.") for dialogue in told)
    index.rebuild()


def dialogue_pages() -> dict[str, str]:
    """What is measured of them, by its name in the tables."""
    coming = Dialogue.objects.published().upcoming().first()
    return {
        "Dialoge": "/dialoge/",
        "Dialoge, 2 Filter": "/dialoge/?branche=metall-und-draht&form=vor-ort&form=hybrid",
        "Dialoge, vergangene": "/dialoge/?zeitraum=vergangen",
        "Dialoge, tiefe Seite": "/dialoge/?seite=60",
        "Dialoge, Monat": "/dialoge/?ansicht=monat",
        "Dialoge, Kalender": "/dialoge/termine.ics",
        "Dialog": coming.get_absolute_url() if coming else "/dialoge/",
    }
