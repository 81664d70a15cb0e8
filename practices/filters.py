"""Which examples a visitor asked for."""

from collections.abc import Sequence

from platform_mark.search import finding
from platform_mark.search.asking import RELEVANCE, AnyOf, IndexedFilter

from .models import Practice

PAGE_SIZE = 12


class PracticeFilter(IndexedFilter):
    branche = AnyOf(label="Branche")
    groesse = AnyOf(label="Größe")
    thema = AnyOf(label="Thema")
    zielgruppe = AnyOf(label="Für wen")
    aufwand = AnyOf(label="Aufwand")
    kreis = AnyOf(label="Kreis")
    ort = AnyOf(label="Stadt oder Gemeinde")
    jahr = AnyOf(label="Jahr")

    orders = {
        RELEVANCE: ("Relevanz", finding.RELEVANCE),
        "neueste": ("Neueste", finding.NEWEST),
        "kosten": ("Kosten", "kosten"),
        "dauer": ("Dauer", "dauer"),
    }
    first_order = "neueste"
    page_size = PAGE_SIZE

    class Meta:
        model = Practice
        fields: Sequence[str] = []
