"""The detail pages of subjects, with what other subjects have to do with them. `platform_mark.urls` routes here."""

from typing import Any

from django.urls import URLPattern, path

from dialogues.urls import urlpatterns as dialogue_urls
from dialogues.views import DialogueDetail
from practices.urls import urlpatterns as practice_urls
from practices.views import PracticeDetail

from . import dialogues


class PracticePage(PracticeDetail):
    template_name = "pages/practice_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"dialogues": dialogues.of_practice(self.object, context["branches"])}


class DialoguePage(DialogueDetail):
    template_name = "pages/dialogue_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(of_series=dialogues.of_series(self.object), **kwargs)


def _with(patterns: list[URLPattern], name: str, view: Any) -> list[URLPattern]:
    """The addresses of a subject, with this view behind the one of that name."""
    return [path(str(each.pattern), view, name=name) if each.name == name else each for each in patterns]


practice_patterns = _with(practice_urls, "detail", PracticePage.as_view()), "practices"
dialogue_patterns = _with(dialogue_urls, "detail", DialoguePage.as_view()), "dialogues"
