"""Rich text that cleans itself: the same list of tags configures the editor and the sanitiser."""

import re
from functools import partial
from html import unescape
from typing import Any

import nh3
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.html import strip_tags
from django_prose_editor.fields import ProseEditorField

EXTENSIONS: dict[str, Any] = {
    "Bold": True,
    "Italic": True,
    "BulletList": True,
    # The way of numbering is no question for staff, and the sanitiser would drop the answer.
    "OrderedList": {"enableListAttributes": False},
    "ListItem": True,
    "Link": {"enableTarget": False, "protocols": ["http", "https", "mailto"]},
}
TAGS = frozenset({"p", "br", "strong", "em", "ul", "ol", "li", "a"})
HEADINGS = frozenset({"h2", "h3"})


# What nh3 leaves of a link to somewhere it may not lead.
_LINK_TO_NOWHERE = re.compile(r'<a(?: (?:title|rel)="[^"]*")*>(.*?)</a>', re.DOTALL)
# Another host with the scheme left out; browsers take backslashes for slashes.
_OTHER_HOST = re.compile(r"\s*[/\\]\s*[/\\]")


_LINK = re.compile(r"<a\b[^>]*>(.*?)</a>", re.DOTALL)
_HEADING = re.compile(r"<h([23])\b")
# Read out alone, as screen readers list links, these tell nobody where they lead.
EMPTY_WORDS = frozenset(
    {"hier", "hier klicken", "klicken sie hier", "klick hier", "link", "mehr", "weiter", "weiterlesen"}
)


def clean_html(html: str, *, headings: bool = False) -> str:
    """Return `html` with nothing but paragraphs, lists, emphasis and links; scripts lose their content, too."""
    cleaned = nh3.clean(
        html,
        tags=set(TAGS | HEADINGS if headings else TAGS),
        attributes={"*": set(), "a": {"href", "title"}},
        attribute_filter=_keep_address,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        clean_content_tags={"script", "style"},
    )
    cleaned = _LINK_TO_NOWHERE.sub(r"\1", cleaned).strip()
    # An empty editor sends an empty paragraph; people leave blank ones behind.
    return cleaned if unescape(strip_tags(cleaned)).strip() else ""


def _keep_address(tag: str, attribute: str, value: str) -> str | None:
    return None if attribute == "href" and (not value.strip() or _OTHER_HOST.match(value)) else value


class RichTextField(ProseEditorField):
    """A text of paragraphs, lists, emphasis and links. Only such a field may be printed with `|safe`.

    `headings=True` also allows h2 and h3: for texts that are a page of their own.
    """

    def __init__(self, *args: Any, headings: bool = False, **kwargs: Any) -> None:
        self.headings = headings
        kwargs["extensions"] = EXTENSIONS | ({"Heading": {"levels": [2, 3]}} if headings else {})
        kwargs["sanitize"] = partial(clean_html, headings=headings)
        super().__init__(*args, **kwargs)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Refuse what readers with a screen reader would stumble over, and say what to write instead."""
        super().validate(value, model_instance)
        html = value or ""
        for words in (unescape(strip_tags(link)).strip(" .…»›>\N{NO-BREAK SPACE}") for link in _LINK.findall(html)):
            if words.lower() in EMPTY_WORDS:
                raise ValidationError(
                    f"Der Link „{words}“ sagt nicht, wohin er führt. Schreiben Sie es in den Link, zum Beispiel "
                    "„Bericht der Kammer“.",
                    code="link_words",
                )
        if self.headings and next(iter(_HEADING.findall(html)), "2") == "3":
            raise ValidationError(
                "Die erste Überschrift ist eine Unterüberschrift. Setzen Sie eine der oberen Stufe davor.",
                code="heading_order",
            )

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Clean what the saved object holds, too: a page may print it before it is read again."""
        html = super().pre_save(model_instance, add)
        if html is None or isinstance(html, str):
            html = clean_html(html or "", headings=self.headings)
            setattr(model_instance, self.attname, html)
        return html

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Clean on every way into the database, updates in bulk included; the parent field does so only in forms."""
        if isinstance(value, str):
            value = clean_html(value, headings=self.headings)
        return super().get_db_prep_save(value, connection)
