"""Which formats a visitor asked for."""

from collections.abc import Sequence

from platform_mark.search import finding
from platform_mark.search.asking import RELEVANCE, AnyOf, IndexedFilter

from .models import Format

PAGE_SIZE = 24


class FormatFilter(IndexedFilter):
    zielgruppe = AnyOf(label="Für wen")
    ziel = AnyOf(label="Ziel")
    dauer = AnyOf(label="Dauer")
    gruppe = AnyOf(label="Gruppe")
    vorbereitung = AnyOf(label="Vorbereitung")
    kosten = AnyOf(label="Kosten")
    ort = AnyOf(label="Ort")
    branche = AnyOf(label="Branche")

    orders = {
        RELEVANCE: ("Relevanz", finding.RELEVANCE),
        "neueste": ("Neueste", finding.NEWEST),
        "dauer": ("Dauer", "dauer"),
        "kosten": ("Kosten", "kosten"),
    }
    first_order = "neueste"
    page_size = PAGE_SIZE

    class Meta:
        model = Format
        fields: Sequence[str] = []
