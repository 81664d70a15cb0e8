from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField

from .words import distinct


class WordsField(SimpleArrayField):
    """A list of words, typed with commas between them; gaps and words that come twice are dropped."""

    widget = forms.Textarea(attrs={"rows": 2, "cols": 60})

    def __init__(self, base_field: forms.Field | None = None, **kwargs: Any) -> None:
        super().__init__(base_field or forms.CharField(), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show the words as people write lists."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Read the words back; a line break parts them, too."""
        words = (
            value if isinstance(value, list) else str(value or "").replace("\n", self.delimiter).split(self.delimiter)
        )
        tidy = [" ".join(word.split()) for word in words]
        return list(super().to_python(self.delimiter.join(distinct(word for word in tidy if word))))
