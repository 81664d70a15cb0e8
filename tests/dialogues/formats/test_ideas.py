"""The idea box: anybody sends, staff answer each, the sender is told, and an idea may become a format."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dialogues.formats import ideas, tasks
from dialogues.formats.models import Format, Idea
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import full_text
from tests.cast import make_cast
from tests.dialogues.formats.test_formats import link_of, send
from tests.mails import went_out
from tests.markup import Page

pytestmark = pytest.mark.django_db

IDEA = {
    "target_group": "trainees",
    "problem": "Die Älteren trauen sich nicht an das Tablet.",
    "suggestion": "Azubi & Meister bilden ein Paar.",
    "email": "azubi@federnwerk.test",
}


def sent(client: Client, **fields: str) -> Idea:
    assert send(client, reverse("ideas:send"), IDEA | fields).headers["Location"] == reverse("ideas:sent")
    return Idea.objects.latest("pk")


def confirmed(client: Client) -> tuple[Idea, str]:
    idea = sent(client)
    own = f"/{link_of(OutgoingMail.objects.latest('pk'))}"
    client.post(own)
    idea.refresh_from_db()
    return idea, own


def test_an_idea_without_a_name_reaches_staff_and_no_mail_goes_out(client: Client) -> None:
    idea = sent(client, email="")
    assert (idea.state, idea.email) == ("new", "")
    assert not OutgoingMail.objects.exists()
    editor = make_cast().client("editor")
    assert "Azubi & Meister" in Page.of(editor.get("/admin/dialogues/idea/")).main.text
    read = Page.of(editor.get(reverse("admin:dialogues_idea_change", args=[idea.pk]))).main.text
    assert "Welches Problem soll sie lösen? Die Älteren" in read


def test_looking_at_the_link_confirms_nothing_the_button_does(client: Client) -> None:
    idea = sent(client)
    message = OutgoingMail.objects.get()
    assert "Meister" not in full_text(message)
    own = f"/{link_of(message)}"
    client.get(own)
    idea.refresh_from_db()
    assert idea.confirmed_at is None
    assert client.post(own).status_code == 302
    idea.refresh_from_db()
    assert idea.confirmed_at is not None
    assert client.get(f"{own[:-3]}xx/").status_code == 404


def test_the_sender_is_told_of_each_step_with_the_reason(client: Client) -> None:
    idea, own = confirmed(client)
    editor = make_cast().client("editor")
    answer = reverse("admin:dialogues_idea_answer", args=[idea.pk])
    assert editor.post(answer, {"answer": "1", "state": "trial", "reason": ""}).status_code == 302
    assert OutgoingMail.objects.latest("pk").subject == "Ihre Idee: in Erprobung"

    refused = editor.post(answer, {"answer": "1", "state": "dropped", "reason": ""})
    assert "Bitte begründen Sie" in refused.content.decode()
    editor.post(answer, {"answer": "1", "state": "dropped", "reason": "Zu teuer & zu laut."})
    message = OutgoingMail.objects.latest("pk")
    assert message.subject == "Ihre Idee: nicht weiterverfolgt"
    assert "Zu teuer & zu laut." in full_text(message)
    assert "Zu teuer & zu laut." in Page.of(client.get(own)).main.text


def test_who_never_confirmed_gets_no_further_word(client: Client) -> None:
    idea = sent(client)
    ideas.answer(idea, state="checked")
    assert OutgoingMail.objects.count() == 1


def test_an_idea_becomes_a_format_by_one_action_and_only_once(client: Client) -> None:
    idea, _ = confirmed(client)
    editor = make_cast().client("editor")
    answer = reverse("admin:dialogues_idea_answer", args=[idea.pk])
    response = editor.post(answer, {"format": "1"})
    made = Format.objects.get()
    assert response.headers["Location"] == reverse("admin:dialogues_format_change", args=[made.pk])
    assert (made.state, made.target_groups) == ("draft", ["trainees"])
    again = editor.post(answer, {"format": "1"}, follow=True)
    assert "Aus dieser Idee gibt es schon ein Format." in Page.of(again).root.text
    assert Format.objects.count() == 1


def test_the_sender_is_told_with_the_card_when_the_format_is_public_not_when_it_is_a_draft(client: Client) -> None:
    idea, own = confirmed(client)
    editor = make_cast().client("editor")
    ideas.answer(idea, state="trial")
    mails = OutgoingMail.objects.count()
    editor.post(reverse("admin:dialogues_idea_answer", args=[idea.pk]), {"format": "1"})
    made = Format.objects.get()
    assert OutgoingMail.objects.count() == mails
    assert Page.of(client.get(own)).one("h1").text == "Ihre Idee: in Erprobung"
    with time_machine.travel(timezone.now() + timedelta(days=60)):
        assert ideas.forget_old() == (0, 0)

    rows = {"action": "publish_rows", "_selected_action": str(made.pk)}
    editor.post(reverse("admin:dialogues_format_changelist"), rows)
    message = OutgoingMail.objects.latest("pk")
    assert message.subject == "Ihre Idee: Format geworden"
    assert made.get_absolute_url() in full_text(message)
    assert made.get_absolute_url() in Page.of(client.get(own)).links
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert ideas.forget_old() == (0, 1)


def test_a_format_planned_for_later_ends_its_idea_on_that_day(client: Client) -> None:
    idea, _ = confirmed(client)
    made = ideas.make_format(idea)
    made.published_at = timezone.now() + timedelta(days=2)
    made.publish()
    tasks.end_published_ideas(0)
    assert Idea.objects.get().state == "new"
    with time_machine.travel(timezone.now() + timedelta(days=2, minutes=1)):
        tasks.end_published_ideas(0)
        tasks.end_published_ideas(0)
    assert Idea.objects.get().state == "format"
    assert OutgoingMail.objects.filter(subject="Ihre Idee: Format geworden").count() == 1


def test_only_ideas_that_staff_let_be_shown_are_in_the_list_and_never_an_address(client: Client) -> None:
    idea = sent(client)
    assert "Meister" not in client.get(reverse("ideas:list")).content.decode()
    Idea.objects.filter(pk=idea.pk).update(title="Zwei am Tablet", is_public=True)
    assert "Meister" not in client.get(reverse("ideas:list")).content.decode(), "nobody has answered it yet"
    ideas.answer(idea, state="checked")
    html = client.get(reverse("ideas:list")).content.decode()
    assert "Zwei am Tablet" in html and "geprüft" in html
    assert "azubi@federnwerk.test" not in html
    with pytest.raises(IntegrityError), transaction.atomic():
        Idea.objects.filter(pk=idea.pk).update(title="")


def test_a_robot_is_asked_once_more_and_nothing_is_lost(client: Client) -> None:
    path = reverse("ideas:send")
    opened = Page.of(client.get(path)).main.one("input", name="opened")["value"]
    response = client.post(path, {**IDEA, "opened": opened})
    assert response.status_code == 422
    page = Page.of(response)
    assert "noch einmal ab" in page.main.text
    assert page.main.one("textarea", name="problem").text == IDEA["problem"]
    assert not Idea.objects.exists()


def test_addresses_end_the_idea_stays(client: Client) -> None:
    first = sent(client)
    second, _ = confirmed(client)
    ideas.answer(second, state="dropped", reason="Gibt es schon.")
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert ideas.forget_old() == (0, 0), "its mail still waits"
    went_out()
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert ideas.forget_old() == (1, 0)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert ideas.forget_old() == (0, 1)
    assert list(Idea.objects.order_by("pk").values_list("pk", "email")) == [(first.pk, ""), (second.pk, "")]
