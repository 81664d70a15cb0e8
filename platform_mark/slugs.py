"""Slugs and comparable keys from German words: ä becomes ae, ß becomes ss."""

from collections.abc import Callable
from typing import Any, ClassVar
from unicodedata import normalize

from django import forms
from django.utils.text import slugify

_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"})
SLUG_LENGTH = 80
# Words of the portal's own addresses that stand where a slug could: what had one of them as its slug would be hidden.
RESERVED = frozenset(
    ("matrix", "vorschlagen", "vorschlag", "vergleich", "vorschau", "karten", "ausprobiert", "auswahl")
)


def german_slug(text: str, *, length: int = SLUG_LENGTH) -> str:
    """Return a slug of at most `length` characters, cut at a word, never empty."""
    # Some programs write ä as a with two dots behind it.
    slug = slugify(normalize("NFC", text).translate(_FOLD))
    if len(slug) > length:
        slug = slug[: length + 1].rpartition("-")[0] or slug[:length]
    return slug.rstrip("-_") or "eintrag"


def free_slug(text: str, is_taken: Callable[[str], bool]) -> str:
    """Return the slug of `text`, numbered from 2 on when `is_taken` says so or the portal needs the word itself."""
    base = german_slug(text, length=SLUG_LENGTH - 5)
    slug, number = base, 1
    while slug in RESERVED or is_taken(slug):
        number += 1
        slug = f"{base}-{number}"
    return slug


class SlugForm(forms.ModelForm):
    """A form in which the slug may stay empty: then it is made from another field."""

    slug_from: ClassVar[str] = "name"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False
            self.fields["slug"].help_text += " Leer lassen: Sie entsteht von selbst."

    def clean_slug(self) -> str:
        """Refuse a word that the portal needs for a page of its own."""
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED and slug != self.initial.get("slug"):
            raise forms.ValidationError(
                f"„{slug}“ braucht das Portal für eine eigene Seite. Bitte wählen Sie ein anderes Wort."
            )
        return slug

    def clean(self) -> dict[str, Any]:
        """Fill an empty slug with a free one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "slug" in cleaned and not cleaned["slug"] and cleaned.get(self.slug_from):
            others = type(self.instance)._default_manager.exclude(pk=self.instance.pk)
            cleaned["slug"] = free_slug(cleaned[self.slug_from], lambda slug: others.filter(slug=slug).exists())
        return cleaned
