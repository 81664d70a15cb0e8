"""A seeded generator of organisations and their entries, as many as asked for: one organisation for each dozen entries."""

import random
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from actors.models import Activity, Actor
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.taxonomy.models import Branch, CompanySize, District, Municipality, TargetGroup, Topic

from .data import FIRST, Words

ACTORS_PER_ENTRY = 12.5
NAMES = [
    "Kammer",
    "Verband",
    "Hochschule",
    "Wirtschaftsförderung",
    "Innung",
    "Bildungswerk",
    "Gewerkschaft",
    "Netzwerk",
]
KINDS = ["Beratung", "Kurs", "Sprechtag", "Runder Tisch", "Werkstatt", "Zuschuss"]


def load(rows: int, *, seed: int = 11) -> None:
    """Fill up to `rows` public entries, ready to be found; the same seed gives the same entries."""
    present = Activity.objects.count()
    chance = random.Random(seed + present)
    words, now = Words(chance), timezone.now()
    branches, topics = list(Branch.objects.current()), list(Topic.objects.current())
    towns, districts = list(Municipality.objects.all()), list(District.objects.all())
    first, last = Actor.objects.count(), int(rows / ACTORS_PER_ENTRY)
    Actor.objects.bulk_create(
        Actor(
            name=f"{chance.choice(NAMES)} {chance.choice(FIRST)}tal {number}",
            slug=f"akteur-{number}",
            kind=chance.choice(Actor.Kind.values),
            summary=words.sentence(),
            municipality=chance.choice(towns),
            contact_email=f"digital@akteur-{number}.example",
            is_fictitious=True,
            state=Actor.State.APPROVED,
            approved_at=now,
        )
        for number in range(first, last)
    )
    actors = list(Actor.objects.all())
    made = Activity.objects.bulk_create(
        (
            Activity(
                actor=chance.choice(actors),
                title=f"{chance.choice(KINDS)}: {words.noun()} und {words.noun()} {number}",
                slug=f"aktivitaet-{number}",
                summary=words.sentence(),
                description="\n\n".join(words.sentence() for _ in range(6)),
                kind=chance.choice(Activity.Kind.values),
                target_groups=chance.sample(TargetGroup.values, chance.randint(0, 3)),
                sizes=chance.choice([[], [], chance.sample(CompanySize.values, 2)]),
                phases=chance.sample(Activity.Phase.values, chance.randint(0, 2)),
                cost=chance.choice(Activity.Cost.values),
                access="Ein Anruf genügt.",
                state=State.PUBLISHED,
                published_at=now - timedelta(hours=number % 4_000 + 1),
                confirmed_at=chance.choice([None, *(now - timedelta(days=chance.randint(0, 240)) for _ in range(9))]),
                changed_at=now,
            )
            for number in range(present, rows)
        ),
        batch_size=1000,
    )
    for name, choices, numbers in (
        ("branches", branches, [0, 1, 1, 2]),
        ("topics", topics, [0, 1, 2]),
        ("municipalities", towns, [0, 0, 1, 3]),
        ("districts", districts, [0, 0, 0, 1]),
    ):
        through = getattr(Activity, name).through
        column = f"{choices[0]._meta.model_name}_id"
        through.objects.bulk_create(
            (
                through(**{"activity_id": activity.pk, column: choice.pk})
                for activity in made
                for choice in chance.sample(choices, chance.choice(numbers))
            ),
            batch_size=5000,
        )
    index.rebuild()
    with connection.cursor() as cursor:
        # What autovacuum does on a running server.
        cursor.execute("VACUUM ANALYZE")


def pages(rows: int) -> dict[str, str]:
    """What is measured, by its name in the tables."""
    from .data import word_in

    narrow = "branche=metall-und-draht&art=beratung&groesse=klein"
    frequent, medium = word_in(0.25), word_in(0.015)
    print(f"häufig: {frequent}, mittel: {medium}\n")
    busiest = Activity.objects.order_by("pk").first()
    assert busiest is not None
    return {
        "Liste": "/aktivitaeten/",
        "Liste, 3 Filter": f"/aktivitaeten/?{narrow}",
        "Liste, nur eigens": f"/aktivitaeten/?{narrow}&eigens=ja",
        "Liste, Stand": "/aktivitaeten/?stand=faellig",
        "Liste, tiefe Seite": f"/aktivitaeten/?seite={max(2, rows // 40)}",
        "Text, häufig": f"/aktivitaeten/?q={frequent}",
        "Text, mittel": f"/aktivitaeten/?q={medium}",
        "Text, 3 Filter": f"/aktivitaeten/?q={frequent}&{narrow}",
        "Frühere": "/aktivitaeten/?stand=frueher",
        "Matrix": "/aktivitaeten/matrix/",
        "Matrix, Kreis x Phase": "/aktivitaeten/matrix/?zeilen=kreis&spalten=phase",
        "Eintrag": "/aktivitaeten/aktivitaet-3/",
        "Akteure A-Z": "/akteure/",
        "Akteur": busiest.actor.get_absolute_url(),
        "Start": "/",
        "Branche": "/branchen/metall-und-draht/",
    }
