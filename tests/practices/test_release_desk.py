"""The staff's way with releases, working copies, versions and previews, through the admin."""

import re
from typing import Any

import pytest
from django.forms import MultiWidget
from django.urls import reverse
from django.utils import timezone

from platform_mark.publishing.models import State, Version
from practices import suggesting
from practices.models import Practice, Suggestion
from tests.make import make_practice, make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Any, settings: Any) -> Any:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(make_user("chefin@agentur.test", is_staff=True, is_superuser=True))
    return client


def url(name: str, practice: Practice) -> str:
    return reverse(f"admin:practices_practice_{name}", args=[practice.pk])


def form_data(client: Any, practice: Practice, **changes: Any) -> dict[str, Any]:
    """What a browser would send back from the change page, with some fields typed anew."""
    context = client.get(url("change", practice)).context
    data: dict[str, Any] = {}
    forms = [context["adminform"].form, *(f for s in context["inline_admin_formsets"] for f in s.formset.initial_forms)]
    for form in forms:
        for name, field in form.fields.items():
            value = form[name].value()
            if value is None:
                continue
            if isinstance(field.widget, MultiWidget):
                parts = field.widget.decompress(value)
                data |= {f"{form[name].html_name}_{number}": part for number, part in enumerate(parts)}
            else:
                data[form[name].html_name] = field.prepare_value(value)
    for inline in context["inline_admin_formsets"]:
        management = inline.formset.management_form
        data |= {management[name].html_name: management[name].value() for name in management.fields}
        data[f"{inline.formset.prefix}-TOTAL_FORMS"] = len(inline.formset.initial_forms)
    return {name: value for name, value in (data | changes).items() if value is not None}


def messages(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_an_own_example_goes_from_draft_by_release_to_the_public_and_on(editor: Any) -> None:
    practice = make_practice("Einrichtekarte", state=State.DRAFT, published_at=None)
    data = form_data(editor, practice, teaser="Neu geschrieben.", _move="publish")
    response = editor.post(url("change", practice), data, follow=True)
    assert "Die Freigabe des Betriebs fehlt" in messages(response)
    assert Practice.objects.get().teaser == "Neu geschrieben.", "what was typed is kept"

    release = {"released_by": "Frau B., Leitung", "released_on": timezone.localdate().isoformat(), "channel": "phone"}
    response = editor.post(url("release", practice), release, follow=True)
    assert "eingetragen" in messages(response)
    editor.post(url("change", practice), form_data(editor, practice, _move="publish"))
    assert Practice.objects.get().is_published()

    page = editor.get(url("change", practice)).content.decode()
    assert "Überarbeiten" in page
    assert 'name="teaser"' not in page, "the released text is not edited in place"
    response = editor.post(url("revise", practice), follow=True)
    copy = Practice.objects.get(revision_of=practice)
    assert "Das ist eine Überarbeitung." in response.content.decode()

    editor.post(url("change", copy), form_data(editor, copy, teaser="Zweite Fassung."))
    assert "Neu geschrieben." in editor.get(practice.get_absolute_url()).content.decode()
    editor.post(url("release", copy), release)
    editor.post(url("change", copy), form_data(editor, copy, _move="publish"))
    assert "Zweite Fassung." in editor.get(practice.get_absolute_url()).content.decode()
    assert Practice.objects.count() == 1


def test_a_public_released_example_can_be_withdrawn_from_its_page(editor: Any) -> None:
    practice = make_practice()
    editor.post(url("move", practice), {"_move": "withdraw"})
    practice.refresh_from_db()
    assert practice.state == State.DRAFT


def test_each_saving_keeps_a_version_that_can_be_compared_and_brought_back(editor: Any) -> None:
    practice = make_practice("Erste Fassung", is_fictitious=True)
    editor.post(url("change", practice), form_data(editor, practice))
    editor.post(url("change", practice), form_data(editor, practice, title="Zweite Fassung"))
    page = editor.get(url("versions", practice))
    [difference] = page.context["differences"]
    assert (difference.label, difference.old, difference.new) == ("Titel", "Erste Fassung", "Zweite Fassung")

    assert "Gespeichert" in Page.of(page).main.text

    oldest = Version.objects.of(practice).last()
    assert oldest is not None
    response = editor.post(url("versions", practice), {"version": oldest.pk}, follow=True)
    assert "Die frühere Fassung ist zurück." in messages(response)
    practice.refresh_from_db()
    assert practice.title == "Erste Fassung"
    assert editor.post(url("versions", practice), {"version": "999999"}).status_code == 404


def test_a_preview_link_is_given_out_and_ended(editor: Any) -> None:
    practice = make_practice("Geheim", state=State.DRAFT, published_at=None)
    response = editor.post(url("preview", practice), follow=True)
    link = re.search(r">https://portal\.test(/beispiele/vorschau/[^<\s]+/)<", messages(response))
    assert link is not None and f"https://portal.test{link[1]}" in Page.of(response).links
    assert editor.get(link[1]).status_code == 200
    editor.post(url("preview", practice), {"end": "1"})
    assert editor.get(link[1]).status_code == 404


def test_a_changed_address_leads_on(editor: Any) -> None:
    practice = make_practice("Alt", is_fictitious=True)
    editor.post(url("move", practice), {"_move": "withdraw"})
    editor.post(url("change", practice), form_data(editor, practice, slug="neu", _move="publish"))
    response = editor.get("/beispiele/alt/")
    assert (response.status_code, response["Location"]) == (301, "/beispiele/neu/")


@pytest.mark.parametrize("name", ["release", "revise", "preview", "versions", "move"])
def test_who_may_only_look_changes_nothing(client: Any, settings: Any, name: str) -> None:
    from django.contrib.auth.models import Group

    from platform_mark.accounts.roles import load_roles

    settings.STAFF_SECOND_FACTOR = False
    load_roles()
    moderator = make_user("mod@agentur.test", is_staff=True)
    moderator.groups.add(Group.objects.get(name="Moderation"))
    client.force_login(moderator)
    practice = make_practice()
    assert client.post(url(name, practice), {"_move": "withdraw", "version": "1"}).status_code == 403
    practice.refresh_from_db()
    assert practice.is_published()


def test_a_suggestion_becomes_a_draft_or_is_declined_with_a_reason(editor: Any) -> None:
    def received(company: str) -> Suggestion:
        suggestion = suggesting.suggest(
            company=company, place="Altena", what="Etwas.", benefit="Viel.", email="chefin@firma.test"
        )
        suggesting.confirm(suggestion)
        return suggestion

    first, second = received("Härterei A"), received("Härterei B")
    answer = [reverse("admin:practices_suggestion_answer", args=[row.pk]) for row in (first, second)]
    todos = {(todo.count, todo.text): todo.url for todo in editor.get("/admin/").context["todos"]}
    waiting = editor.get(todos[2, "Vorschläge warten auf Antwort"]).content.decode()
    assert "Härterei A" in waiting

    response = editor.post(answer[0], {"accept": "1"}, follow=True)
    assert response.context["original"].company == "Härterei A"
    empty = editor.post(answer[1], {"decline": "1", "reason": ""})
    assert empty.context["form"].errors == {"reason": ["Diese Angabe fehlt noch."]}
    assert Suggestion.objects.get(pk=second.pk).state == "received"
    editor.post(answer[1], {"decline": "1", "reason": "Gibt es schon."})
    assert Suggestion.objects.get(pk=second.pk).reason == "Gibt es schon."
    again = editor.post(answer[1], {"accept": "1"}, follow=True)
    assert "Nicht aufgenommen" in messages(again)


def test_two_people_saving_the_same_example_lose_nothing(editor: Any) -> None:
    practice = make_practice("Erste Fassung", is_fictitious=True)
    first, second = form_data(editor, practice), form_data(editor, practice)
    editor.post(url("change", practice), first | {"title": "Von der Kollegin"})

    response = editor.post(url("change", practice), second | {"title": "Von mir"})
    form = response.context["adminform"].form
    assert "hat jemand anders gespeichert" in str(form.non_field_errors())
    assert form["title"].value() == "Von mir", "what was typed is kept"
    assert Practice.objects.get().title == "Von der Kollegin"

    again = second | {"title": "Von mir", "seen": form["seen"].value()}
    assert editor.post(url("change", practice), again).status_code == 302
    assert Practice.objects.get().title == "Von mir"


def test_a_near_twin_is_pointed_out_when_it_is_saved(editor: Any) -> None:
    make_practice("Einrichtekarte am Tablet statt Zettel", company="Federnwerk Lennetal", is_fictitious=True)
    make_practice("Ganz etwas anderes", company="Pflegedienst Ruhrhang", is_fictitious=True)
    practice = make_practice("Neu", is_fictitious=True)
    data = form_data(editor, practice, title="Einrichtekarten am Tablet statt Zettel", company="Federnwerk Lennethal")
    told = messages(editor.post(url("change", practice), data, follow=True))
    assert "Einrichtekarte am Tablet statt Zettel" in told.partition("Das sieht ähnlich aus")[2]
    assert "Ganz etwas anderes" not in told
