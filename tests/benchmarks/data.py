"""A seeded generator of realistic German examples, as many as asked for.

Words are drawn as in real texts: a few often, very many seldom, most of them compounds.
"""

import random
from datetime import timedelta
from itertools import accumulate

from django.db import connection
from django.utils import timezone

from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.taxonomy.models import Branch, Municipality, TargetGroup, Topic
from practices.models import Effect, Practice, Step

TOOLS = ["Tablet", "Plantafel", "Sensor", "App", "QR-Code", "Messpunkt", "Zähler", "Bildschirm", "Scanner", "Formular"]
FIRST = ["Lenne", "Volme", "Ennepe", "Ruhr", "Hönne", "Verse", "Rahmede", "Bigge", "Hasper", "Nahmer"]
KINDS = ["Federnwerk", "Schlosserei", "Drahtzug", "Tischlerei", "Pflegedienst", "Bäckerei", "Spedition", "Gießerei"]
_FRONTS = """
Auftrags Angebots Arbeits Ausbildungs Backwaren Baustellen Bestands Betriebs Daten Dienst Draht Dreh Einkaufs Energie
Ersatzteil Fahrer Federn Fertigungs Filial Form Fräs Funk Galvanik Gieß Holz Kabel Kran Kunden Kühl Küchen Lager Lack Lern
Liefer Maschinen Material Mess Montage Möbel Netz Oberflächen Ofen Patienten Personal Pflege Press Produktions Prüf
Qualitäts Rechnungs Reinigungs Roboter Rüst Schicht Schleif Schmiede Schrauben Schulungs Schweiß Sensor Server Spritzguss
Stanz Stapler Strom Touren Verkaufs Versand Verpackungs Wärme Waren Wartungs Werkzeug Zeit Zeichnungs Zuschnitt
"""
_BACKS = """
ablauf abteilung anlage annahme anzeige archiv ausgabe auswertung bank bedarf bestand bestellung blatt buch dauer
datei erfassung fehler fläche formular gerät gruppe halle karte kasten kontrolle kosten kurve leitung liste
meldung menge messung nachweis nummer ordner planung platz plan problem programm prozess prüfung raum regal schein schrank
software steuerung störung tafel teil übergabe übersicht verbrauch verwaltung vorgang vorlage wechsel zähler zeit
"""
FRONTS, BACKS = _FRONTS.split(), _BACKS.split()
SENTENCES = [
    "Für die {a} brauchte der Betrieb im Schnitt {n} Minuten, und niemand wusste, welche {b} zuletzt gepasst hat.",
    "Zwei Beschäftigte und eine Auszubildende haben {a} und {b} gemeinsam festgelegt.",
    "Nach {n} Wochen lief die erste {a}, nach einem halben Jahr die ganze {b}.",
    "Der Betriebsrat war bei der {a} von Anfang an dabei, deshalb machten alle mit.",
    "Die gewonnene Zeit reicht für {n} zusätzliche Aufträge im Monat und eine ruhigere {a}.",
    "Am Anfang fehlte das WLAN in der hinteren Halle, das hat bei der {a} drei Wochen gekostet.",
    "Wer eine {a} meldet, sieht jetzt sofort, wer sich um die {b} kümmert.",
    "Die Angebote gehen am selben Tag hinaus, weil jede {a} leicht zu finden ist.",
    "Früher stand die {a} auf einem Zettel, heute zeigt sie ein Bildschirm neben der {b}.",
    "Gemessen wurde {n} Tage lang, zuerst an der {a}, danach an der {b}.",
    "Die Leitung streicht nur, über die {a} entscheidet die Schicht.",
    "Statt {n} Rückfragen gibt es noch drei, meist wegen der {a}.",
    "Ohne saubere {a} nützt die schönste {b} nichts.",
    "Der erste Versuch mit der {a} ging schief, weil die {b} zu viele Felder hatte.",
    "Ein Auszubildender hat die {a} fotografiert und die {b} daraus gebaut.",
    "Im Lager liegt jetzt {n} Prozent weniger, denn die {a} meldet den Bedarf.",
]
_ENDS = ["Wechsel", "Ablauf", "Liste", "Halle", "Maschine", "Werkstatt", "Planung", "Daten"]


class Words:
    """Nouns by Zipf's law, as they occur in texts."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        simple = [*_ENDS, *(back.capitalize() for back in BACKS)]
        double = [front + back for front in FRONTS for back in BACKS]
        triple = [word + "s" + back for word in chance.sample(double, 800) for back in chance.sample(BACKS, 60)]
        chance.shuffle(double)
        chance.shuffle(triple)
        self.nouns = [*simple, *double, *triple]
        self.weights = list(accumulate(1 / (rank + 10) ** 0.9 for rank, _ in enumerate(self.nouns)))

    def noun(self) -> str:
        [word] = self.chance.choices(self.nouns, cum_weights=self.weights)
        return word

    def sentence(self) -> str:
        sentence = self.chance.choice(SENTENCES)
        return sentence.format(a=self.noun(), b=self.noun(), n=self.chance.randint(2, 60))


def load(rows: int, *, seed: int = 7) -> None:
    """Fill up to `rows` published examples, ready to be found; the same seed gives the same examples."""
    present = Practice.objects.count()
    chance = random.Random(seed + present)
    words = Words(chance)
    branches, topics = list(Branch.objects.current()), list(Topic.objects.current())
    towns, now = list(Municipality.objects.all()), timezone.now()

    def text(count: int) -> str:
        return "".join(f"<p>{words.sentence()}</p>" for _ in range(count))

    practices = Practice.objects.bulk_create(
        (
            Practice(
                title=f"{chance.choice(TOOLS)} statt Zettel: {words.noun()} und {words.noun()} {number}",
                slug=f"beispiel-{number}",
                teaser=words.sentence(),
                figure_value=f"−{chance.randint(5, 70)}\N{NO-BREAK SPACE}%",
                figure_label="Rüstzeit",
                company=f"{chance.choice(KINDS)} {chance.choice(FIRST)}tal",
                is_fictitious=True,
                employees=chance.choice([4, 8, 14, 22, 38, 84, 150, 410]),
                municipality=chance.choice(towns),
                year=chance.randint(2018, 2026),
                target_groups=chance.sample(TargetGroup.values, chance.randint(1, 3)),
                technologies=chance.sample(TOOLS, 3),
                **{name: text(3) for name in ("starting_point", "goal", "solution", "result", "failures", "lessons")},
                investment_from=chance.randint(5, 40) * 100,
                investment_to=chance.randint(40, 400) * 100,
                person_days=chance.randint(2, 80),
                duration_weeks=chance.randint(2, 60),
                as_of=now.date(),
                state=State.PUBLISHED,
                published_at=now - timedelta(minutes=number * 7),
            )
            for number in range(present, rows)
        ),
        batch_size=1000,
    )
    through, topic_through = Practice.branches.through, Practice.topics.through
    through.objects.bulk_create(
        (
            through(practice=practice, branch=branch)
            for practice in practices
            for branch in chance.sample(branches, chance.choice([1, 1, 1, 2]))
        ),
        batch_size=5000,
    )
    topic_through.objects.bulk_create(
        (
            topic_through(practice=practice, topic=topic)
            for practice in practices
            for topic in chance.sample(topics, chance.choice([1, 2, 3]))
        ),
        batch_size=5000,
    )
    Effect.objects.bulk_create(
        (
            Effect(practice=practice, order=n, label="Rüstzeit", unit="min", before=52, after=32, method="measured")
            for practice in practices
            for n in range(3)
        ),
        batch_size=5000,
    )
    Step.objects.bulk_create(
        (
            Step(
                practice=practice,
                order=n,
                action="Eine Maschine wählen.",
                detail="Die, an der am meisten gesucht wird.",
            )
            for practice in practices
            for n in range(4)
        ),
        batch_size=5000,
    )
    index.rebuild()
    with connection.cursor() as cursor:
        # What autovacuum does on a running server.
        cursor.execute("VACUUM ANALYZE")


def word_in(share: float) -> str:
    """A word that occurs in about that share of all examples."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM search_searchentry")
        [count] = cursor.fetchone()
        # A sample is enough, and takes no minute of 100,000 rows.
        every = max(1, count // 2000)
        sample = f"SELECT vector FROM search_searchentry WHERE mod(id, {every}) = 0"
        cursor.execute(
            "SELECT word FROM ts_stat(%s) WHERE word ~ '^[a-z]{5,}$' ORDER BY abs(ndoc - %s), word LIMIT 1",
            [sample, share * count / every],
        )
        [word] = cursor.fetchone()
        return word
