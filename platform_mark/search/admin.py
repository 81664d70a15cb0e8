from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from platform_mark.admin_pages import OwnPages
from platform_mark.taxonomy.forms import WordsField

from .models import Synonym
from .question import LONGEST_QUESTION
from .synonyms import effects


class SynonymForm(forms.ModelForm):
    terms = WordsField(label="Gleichbedeutende Wörter", help_text=Synonym._meta.get_field("terms").help_text)

    class Meta:
        model = Synonym
        fields = ["terms", "note"]


class EffectForm(forms.Form):
    """Words to try, before they are kept."""

    terms = WordsField(label="Gleichbedeutende Wörter", help_text=Synonym._meta.get_field("terms").help_text)
    question = forms.CharField(
        label="Frage zum Ausprobieren",
        required=False,
        max_length=LONGEST_QUESTION,
        help_text="Freiwillig. Zum Beispiel „KI in der Bäckerei“.",
    )
    instead_of = forms.ModelChoiceField(queryset=Synonym.objects.all(), required=False, widget=forms.HiddenInput)


@admin.register(Synonym)
class SynonymAdmin(OwnPages):
    form = SynonymForm
    list_display = ["words", "note"]
    search_fields = ["terms", "note"]
    change_form_template = "admin/search/change_form.html"
    change_list_template = "admin/search/change_list.html"

    @admin.display(description="Gleichbedeutende Wörter", ordering="terms")
    def words(self, synonym: Synonym) -> str:
        return str(synonym)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take over what was tried."""
        return {"terms": request.GET.get("terms", "")}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Show what the kept entry does."""
        if synonym := kwargs.get("obj"):
            context |= {"effects": effects(synonym.terms, instead_of=synonym.pk), "synonym": synonym}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[Any]:
        """Add the page that tries words without keeping them."""
        return [self.own_path("wirkung/", self.effect_view, "effect"), *super().get_urls()]

    def effect_view(self, request: HttpRequest) -> HttpResponse:
        """Try words: what each of them finds now, and what it would find."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = EffectForm(request.GET if "terms" in request.GET else None)
        found = None
        if form.is_valid():
            asked = form.cleaned_data
            instead_of = asked["instead_of"].pk if asked["instead_of"] else None
            found = effects(asked["terms"], instead_of=instead_of, question=asked["question"])
        return self.page(
            request,
            "admin/search/effect.html",
            title="Wirkung ausprobieren",
            form=form,
            effects=found,
            add_url=reverse("admin:search_synonym_add") if self.has_add_permission(request) else "",
        )
