"""The administration as a whole: every page of every model, every role, what its pages load and say."""

import base64
import gettext
import hashlib
import re
import runpy
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import django_prose_editor
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from actors.models import Activity, Actor, Claim, Proposal, Revision
from dialogues.formats.models import Format, Idea, TryReport
from dialogues.models import Agreement, Dialogue, Feedback, Registration, Series
from platform_mark.accounts.models import User
from platform_mark.accounts.roles import ROLES, load_roles
from platform_mark.alerts.models import Alert, Subscriber
from platform_mark.demand import wishing
from platform_mark.demand.models import Demand
from platform_mark.desk.mail_texts import KINDS as MAIL_KINDS
from platform_mark.desk.site import EDITOR_STYLE
from platform_mark.mail.models import BulkMail, MailText, OutgoingMail
from platform_mark.media.models import Document, Image
from platform_mark.pages.models import BarrierReport, CheckQuestion, LegalText, Operator
from platform_mark.publishing.models import State
from platform_mark.search.models import Synonym
from platform_mark.taxonomy.models import Branch, BranchCode, District, Municipality, Pressure, Selection, Topic
from practices.models import Practice, Release, Suggestion
from tests.actors.make import make_activity, make_actor, make_revision
from tests.alerts.make import make_alert
from tests.cast import PEOPLE, Cast, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.dialogues.formats.make import make_format
from tests.dialogues.make import make_dialogue, make_registration
from tests.mails import make_bulk, make_mail_text
from tests.make import make_branch, make_image, make_municipality, make_practice, make_selection, make_topic, make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = list(admin.site._registry)
_numbers = count(1)


def make_document(number: int) -> Document:
    return Document.objects.create(
        token=f"{number:022}", title=f"Vorlage {number}", name="vorlage.pdf", size=99, digest=f"{number:064}"
    )


def make_log_entry(number: int) -> LogEntry:
    return LogEntry.objects.create(
        user=make_user(),
        action_flag=CHANGE,
        content_type=ContentType.objects.get_for_model(Practice),
        object_repr=f"Karte {number}",
        change_message="Freigabe des Betriebs eingetragen.",
    )


def make_mail(number: int) -> OutgoingMail:
    return OutgoingMail.objects.create(
        kind="probe", to="wer@firma.test", subject=f"Betreff {number}", text="Guten Tag", message_id=f"<{number}@x>"
    )


def make_legal_text(number: int) -> LegalText:
    day = timezone.localdate() - timedelta(days=number)
    return LegalText.objects.create(page=LegalText.Page.IMPRESSUM, valid_from=day, body="<p>Text</p>")


def make_account(number: int) -> User:
    user = make_user(f"konto{number}@portal.test", is_staff=True)
    user.groups.set(Group.objects.all()[: number % 4])
    return user


def make_coded_branch(number: int) -> Branch:
    branch = make_branch(f"Fach {number}")
    BranchCode.objects.create(branch=branch, code=str(number))
    BranchCode.objects.create(branch=branch, code=f"9{number}")
    if number % 2:
        make_branch(f"Früheres Fach {number}", merged_into=branch)
    return branch


def make_example(number: int) -> Practice:
    return make_practice(
        f"Beispiel {number}",
        branches=(make_branch(), make_branch()),
        topics=(make_topic(),),
        municipality=make_municipality(f"Ort {number}"),
        is_fictitious=True,
        as_of=timezone.localdate(),
    )


def make_district(number: int) -> District:
    return District.objects.create(key=f"{number:05}", name=f"Kreis {number}", slug=f"kreis-{number}")


def make_meeting(number: int) -> Dialogue:
    dialogue = make_dialogue(
        f"Dialog {number}", branches=(make_branch(),), municipality=make_municipality(f"Ort {number}")
    )
    make_registration(dialogue, state="waiting")
    return dialogue


def make_feedback(number: int) -> Feedback:
    dialogue = make_dialogue(f"Dialog {number}")
    marks = {"was_useful": 5, "was_fitting": 4, "will_act": 3}
    # Fewer than five are not shown.
    for _ in range(4):
        Feedback.objects.create(dialogue=dialogue, **marks)
    return Feedback.objects.create(dialogue=dialogue, **marks)


def make_demand(number: int) -> Demand:
    return wishing.leave(f"Quantenlaser{number}", email="chefin@firma.test").demand


# A row of each model of the administration; a new model must find its place here.
MAKERS: dict[type[Model], Callable[[int], Any]] = {
    Actor: lambda number: make_actor(f"Wartende {next(_numbers)}", state="waiting", approved_at=None),
    Activity: lambda number: make_activity(confirmed_at=timezone.now() - timedelta(days=200)),
    Revision: lambda number: make_revision(),
    Claim: lambda number: Claim.objects.create(actor=make_actor(), user=make_user(), reason="Ich arbeite da."),
    Proposal: lambda number: Proposal.objects.create(activity=make_activity(), text="Der Link ist tot."),
    User: make_account,
    Branch: make_coded_branch,
    Topic: lambda number: make_topic(f"Thema {number}", synonyms=["Wort"]),
    District: make_district,
    Municipality: lambda number: make_municipality(f"Stadt {number}", district=make_district(number)),
    OutgoingMail: make_mail,
    BulkMail: lambda number: make_bulk(subject=f"Rundmail {number}"),
    MailText: lambda number: make_mail_text(list(MAIL_KINDS)[number % len(MAIL_KINDS)]),
    LogEntry: make_log_entry,
    Image: lambda number: make_image(),
    Document: make_document,
    LegalText: make_legal_text,
    Practice: make_example,
    Suggestion: lambda number: Suggestion.objects.create(
        company=f"Betrieb {number}", place="Altena", what="Etwas.", benefit="Viel.", email="a@firma.test"
    ),
    Operator: lambda number: Operator.objects.get_or_create(defaults=dict(settings.OPERATOR))[0],
    BarrierReport: lambda number: BarrierReport.objects.create(where=f"/seite-{number}/", what="Kein Fokus."),
    Format: lambda number: make_format(f"Karte {number}"),
    Idea: lambda number: Idea.objects.create(
        target_group="trainees", problem="Zettel.", suggestion=f"Suchen {number}.", email="azubi@firma.test"
    ),
    TryReport: lambda number: TryReport.objects.create(
        format=make_format(), where=f"Werk {number}", with_whom="drei", worked="Viel.", email="azubi@firma.test"
    ),
    Dialogue: make_meeting,
    Registration: lambda number: make_registration(make_dialogue(f"Dialog {number}"), people=number % 3 + 1),
    Series: lambda number: Series.objects.create(name=f"Reihe {number}"),
    Agreement: lambda number: Agreement.objects.create(
        dialogue=make_dialogue(f"Dialog {number}"), text=f"Etwas {number}"
    ),
    Feedback: make_feedback,
    Selection: lambda number: make_selection(make_branch(), make_branch()),
    Pressure: lambda number: Pressure.objects.create(name=f"Druck {number}", slug=f"druck-{number}"),
    CheckQuestion: lambda number: CheckQuestion.objects.create(text=f"Druckt es {number}?", slug=f"frage-{number}"),
    Demand: make_demand,
    Subscriber: lambda number: make_alert(f"wer{number}@firma.test").subscriber,
    Alert: lambda number: make_alert(f"neugierig{number}@firma.test"),
    Synonym: lambda number: Synonym.objects.create(terms=[f"Wort {number}", f"Anderes {number}"]),
}


@pytest.fixture
def cast(settings: Any, tmp_path: Path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    return make_cast()


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def id_of(model: type[Model]) -> str:
    return str(model._meta.label)


# ---------------------------------------------------------------- every page of every model

ENGLISH = frozenset(
    """
    Save Add Home History Log Logout Change Delete Search Select Action Actions Go Yes No View Close Password User Users
    None True False Today Now Clear Remove Choose Error Errors Please Site Website Currently Cancel Bold Italic Recent
    Dialogue Registration Report Welcome Toggle Breadcrumbs Sidebar typing hinzufügen Sichern Brotkrümel
    """.split()  # noqa: SIM905
)


def leftovers(page: Page) -> set[str]:
    """Words on the page that are not ours: in its text, and in what only a screen reader or a tip says."""
    said = [page.title, page.root.text]
    for element in page.root.walk():
        said += [element[name] for name in ("aria-label", "title", "alt", "placeholder")]
        said += [element["value"]] * (element.tag == "input" and element["type"] in {"submit", "button"})
    return {word for text in said for word in re.findall(r"[\w-]+", text)} & ENGLISH


def check_page(response: HttpResponse, *, where: str) -> None:
    assert response.status_code == 200, where
    page = Page.of(response)
    assert len(page.all("h1")) == 1, where
    assert page.all("h1")[0].text, where
    assert page.all("html")[0]["lang"] == "de"
    assert page.title.endswith("– Verwaltung"), (where, page.title)
    assert leftovers(page) == set(), where
    assert len(page.ids) == len(set(page.ids)), (where, [name for name in page.ids if page.ids.count(name) > 1])
    assert {"/", "/impressum/", "/datenschutz/", "/barrierefreiheit/"} <= set(page.links), where
    assert "no-store" in response["Cache-Control"], where
    check_policy(response, page, where=where)


def check_policy(response: HttpResponse, page: Page, *, where: str) -> None:
    """Nothing of the page needs more than its policy allows, and the policy allows the editor at most."""
    directives = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert directives["default-src"] == "'none'"
    nonces = set(re.findall(r"'nonce-([^']+)'", directives["script-src"]))
    assert re.sub(r" 'nonce-[^']+'", "", directives["script-src"]) == "'self'", where
    assert directives["style-src"] in {"'self'", f"'self' {EDITOR_STYLE}"}, where
    assert not page.all("style"), where
    for element in page.root.walk():
        assert "style" not in element, (where, element.attributes)
        assert not [name for name in element.attributes if name.startswith("on")], (where, element.attributes)
    for script in page.all("script"):
        if "src" not in script and script["type"] not in {"application/json", "application/ld+json"}:
            assert script["type"] == "importmap", where
            assert script["nonce"] in nonces, where


@pytest.mark.parametrize("model", MODELS, ids=id_of)
def test_every_page_of_every_model_is_whole_and_german(cast: Cast, model: type[Model]) -> None:
    client = cast.client("superuser")
    row = MAKERS[model](1)
    LogEntry.objects.create(
        user=cast.person("superuser").user,
        content_type=ContentType.objects.get_for_model(model),
        object_id=str(row.pk),
        object_repr=str(row),
        action_flag=CHANGE,
        change_message="Geändert.",
    )
    model_admin = admin.site._registry[model]
    request = client.get(address(model, "changelist")).wsgi_request
    check_page(client.get(address(model, "changelist")), where="list")
    check_page(client.get(address(model, "changelist"), {"q": "gibt-es-nicht"}), where="empty list")
    check_page(client.get(address(model, "change", row.pk)), where="change")
    check_page(client.get(address(model, "history", row.pk)), where="history")
    if model_admin.has_add_permission(request):
        check_page(client.get(address(model, "add")), where="add")
        check_page(
            client.post(address(model, "add"), management_forms(client, address(model, "add"))), where="add, empty"
        )
    else:
        assert client.get(address(model, "add")).status_code == 403
    if model_admin.has_delete_permission(request, row):
        response = client.get(address(model, "delete", row.pk))
        if response.status_code == 200:
            check_page(response, where="delete")
    app = reverse("admin:app_list", args=[model._meta.app_label])
    check_page(client.get(app), where="app")


def management_forms(client: Client, path: str) -> dict[str, str]:
    """What must be posted with any form that has parts."""
    page = Page.of(client.get(path))
    return {
        field["name"]: field["value"]
        for field in page.main.all("input", type="hidden")
        if field["name"].endswith(("_FORMS", "-MIN_NUM_FORMS"))
    }


def test_every_model_of_the_administration_is_walked() -> None:
    assert set(MODELS) == set(MAKERS)
    assert len(MODELS) >= 11


@pytest.mark.parametrize("model", MODELS, ids=id_of)
def test_a_list_asks_the_database_as_often_for_one_row_as_for_many(cast: Cast, model: type[Model]) -> None:
    client = cast.client("superuser")
    counts = []
    for numbers in (range(1, 3), range(3, 8)):
        for number in numbers:
            MAKERS[model](number)
        # Content types and the like are asked for once per process.
        client.get(address(model, "changelist"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address(model, "changelist")).status_code == 200
        counts.append([query["sql"][:120] for query in captured])
    assert len(counts[0]) == len(counts[1]), sorted(set(counts[1]) - set(counts[0]))


def test_the_start_page_is_whole_for_everybody_who_may_see_it(cast: Cast) -> None:
    for name, roles in PEOPLE.items():
        response = cast.client(name).get("/admin/")
        if roles is None:
            assert response.status_code in {302, 403}, name
        else:
            check_page(response, where=name)


# ---------------------------------------------------------------- roles


@pytest.mark.parametrize("role", [*ROLES, None])
def test_a_role_opens_exactly_what_it_says(cast: Cast, role: str | None) -> None:
    """The pages answer as ROLES says, where the administration does it at all (as for somebody with all rights)."""
    name = next(name for name, roles in PEOPLE.items() if roles == ((role,) if role else ()))
    client, superuser = cast.client(name), cast.client("superuser")
    start = Page.of(client.get("/admin/"))
    for model in MODELS:
        rights = set(ROLES[role].get(label(model), ()) if role else ())
        may_view = bool(rights & {"view", "change"})
        assert (address(model, "changelist") in start.links) == may_view, model
        check_rights(client, superuser, model, rights)


def check_rights(client: Client, superuser: Client, model: type[Model], rights: set[str]) -> None:
    row = MAKERS[model](next(_numbers))
    expected = 200 if rights & {"view", "change"} else 403
    for page, args in (("changelist", []), ("change", [row.pk]), ("history", [row.pk])):
        assert client.get(address(model, page, *args)).status_code == expected, (model, page)

    for page, args, right in (("add", [], "add"), ("delete", [row.pk], "delete")):
        expected = superuser.get(address(model, page, *args)).status_code if right in rights else 403
        assert client.get(address(model, page, *args)).status_code == expected, (model, page)
        if right not in rights:
            assert client.post(address(model, page, *args), {"post": "yes"}).status_code == 403, (model, page)

    offered = save_buttons(superuser, model, row) if "change" in rights else set()
    assert save_buttons(client, model, row) == offered, model
    if "change" not in rights:
        assert client.post(address(model, "change", row.pk), {}).status_code == 403, model
    offered = {name for name in actions(superuser, model) if rights & set(asked_for(model, name))}
    assert actions(client, model) == offered, model


def save_buttons(client: Client, model: type[Model], row: Any) -> set[str]:
    return {"_save", "_continue"} & {field["name"] for field in buttons(client, address(model, "change", row.pk))}


def label(model: type[Model]) -> str:
    return f"{model._meta.app_label}.{model._meta.model_name}"


def buttons(client: Client, path: str) -> list[Any]:
    response = client.get(path)
    return Page.of(response).main.all("input", "button", type="submit") if response.status_code == 200 else []


def actions(client: Client, model: type[Model]) -> set[str]:
    response = client.get(address(model, "changelist"))
    choices = Page.of(response).main.all("select", name="action") if response.status_code == 200 else []
    return {option["value"] for choice in choices for option in choice.all("option") if option["value"]}


def asked_for(model: type[Model], action: str) -> tuple[str, ...]:
    """The rights one of which an action asks for."""
    model_admin = admin.site._registry[model]
    run = getattr(model_admin, action, None) or dict(admin.site.actions)[action]
    # What cannot be edited can be sent again by who may change it (OutgoingMailAdmin.has_retry_permission).
    return tuple("change" if right == "retry" else right for right in run.allowed_permissions)


def test_every_right_of_a_role_is_one_of_a_model_that_exists_and_no_more_is_granted() -> None:
    load_roles()
    for role, models in ROLES.items():
        granted = {
            f"{right.content_type.app_label}.{right.codename}"
            for right in Group.objects.get(name=role).permissions.all()
        }
        wanted = set()
        for name, allowed in models.items():
            model = apps.get_model(name)
            wanted |= {f"{model._meta.app_label}.{action}_{model._meta.model_name}" for action in allowed}
        assert granted == wanted


def test_loading_roles_again_takes_back_what_was_added_by_hand() -> None:
    load_roles()
    group = Group.objects.get(name="Moderation")
    group.permissions.set(Group.objects.get(name="Verwaltung").permissions.all())
    load_roles()
    names = {right.codename for right in group.permissions.all()}
    assert {"view_practice", "view_branch", "view_topic", "change_revision"} <= names
    assert not names & {"view_user", "change_user", "view_legaltext", "view_outgoingmail"}


def test_autocompletion_tells_nothing_to_who_may_not_see_the_rows(cast: Cast) -> None:
    make_image(alt="Geheime Presse")
    query = {"app_label": "practices", "model_name": "practicepicture", "field_name": "image", "term": "Presse"}
    assert cast.client("editor").get("/admin/autocomplete/", query).json()["results"][0]["text"] == "Geheime Presse"
    assert cast.client("moderator").get("/admin/autocomplete/", query).status_code == 403


# ---------------------------------------------------------------- the start page


def test_each_number_on_the_start_page_leads_to_as_many_rows(cast: Cast) -> None:
    now = timezone.now()
    today = timezone.localdate()
    for number in range(2):
        make_practice(f"Entwurf {number}", state=State.DRAFT, published_at=None, is_fictitious=True)
    waiting = make_practice("Wartet auf den Betrieb", state=State.DRAFT, published_at=None)
    make_practice("In Prüfung", state=State.REVIEW, published_at=None, is_fictitious=True)
    make_practice("Ohne Stand", is_fictitious=True)
    make_practice("Mit Stand", as_of=today, is_fictitious=True)
    make_practice("Morgen", published_at=now + timedelta(days=1), as_of=today, is_fictitious=True)
    client = cast.client("superuser")
    todos = client.get("/admin/").context["todos"]
    shown = {todo.text: todo.count for todo in todos}
    assert shown["Entwürfe warten auf die Redaktion"] == 2
    assert shown["Entwurf wartet auf die Freigabe des Betriebs"] == 1
    assert shown["Beispiel wartet auf Prüfung"] == 1
    assert shown["veröffentlichtes Beispiel ohne Stand"] == 1
    assert shown["Beispiel ist eingeplant"] == 1
    walked = 0
    for todo in todos:
        if "rechtliche" in todo.text:
            continue
        changelist = client.get(todo.url).context["cl"]
        assert changelist.result_count == todo.count, todo
        walked += 1
    assert walked >= 4
    links = Page.of(client.get("/admin/")).links
    assert {todo.url for todo in todos} <= set(links)

    for day in (1, 2):
        Release.objects.create(
            practice=waiting, released_on=today - timedelta(days=day), released_by="Frau Ley", fingerprint=str(day)
        )
    shown = {todo.text: todo.count for todo in client.get("/admin/").context["todos"]}
    assert shown["Entwürfe warten auf die Redaktion"] == 3, "each once, however often it was released"


def test_a_missing_legal_text_is_named_until_there_is_one(cast: Cast) -> None:
    LegalText.objects.all().delete()
    others = set(LegalText.Page) - {
        LegalText.Page.IMPRESSUM,
        LegalText.Page.DATENSCHUTZ,
        LegalText.Page.BARRIEREFREIHEIT,
    }
    for page in others:
        LegalText.objects.create(page=page, valid_from=timezone.localdate(), body="<p>x</p>")
    client = cast.client("administrator")
    text = Page.of(client.get("/admin/")).main.text
    assert "3 rechtliche Texte fehlen: Impressum, Datenschutz und Barrierefreiheit" in text
    for page in (LegalText.Page.DATENSCHUTZ, LegalText.Page.BARRIEREFREIHEIT):
        LegalText.objects.create(page=page, valid_from=timezone.localdate(), body="<p>x</p>")
    LegalText.objects.create(
        page=LegalText.Page.IMPRESSUM, valid_from=timezone.localdate() + timedelta(days=1), body="<p>x</p>"
    )
    text = Page.of(client.get("/admin/")).main.text
    assert "1 rechtlicher Text fehlt: Impressum" in text


def test_the_start_page_counts_only_what_its_reader_may_see(cast: Cast) -> None:
    make_practice("Entwurf", state=State.DRAFT, published_at=None)
    assert "Entwurf" in Page.of(cast.client("editor").get("/admin/")).main.text
    assert "Entwurf" not in Page.of(cast.client("administrator").get("/admin/")).main.text
    assert cast.client("newcomer").get("/admin/").context["todos"] == []
    assert "Ihr Konto hat noch keine Rolle." in Page.of(cast.client("newcomer").get("/admin/")).main.text


def test_only_who_may_add_an_example_is_offered_to(cast: Cast) -> None:
    assert "/admin/practices/practice/add/" in Page.of(cast.client("editor").get("/admin/")).links
    assert "/admin/practices/practice/add/" not in Page.of(cast.client("moderator").get("/admin/")).links


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize("path", ["login/", "password_change/", "password_change/done/", "logout/"])
def test_the_doors_of_the_package_lead_to_ours(cast: Cast, path: str) -> None:
    wanted = {
        "login/": "/admin/",
        "password_change/": "/konto/passwort/",
        "password_change/done/": "/konto/zweiter-faktor/",
        "logout/": "/konto/abmelden/",
    }[path]
    for send in (cast.client("editor").get, cast.client("editor").post):
        response = send(f"/admin/{path}")
        assert (response.status_code, response["Location"]) == (302, wanted)


def test_visitors_are_led_to_the_login_from_every_address_of_the_administration(client: Client) -> None:
    walked = 0
    for path in ("", "jsi18n/", "autocomplete/", "r/1/1/", "gibt-es-nicht/", "practices/", "login/"):
        response = client.get(f"/admin/{path}")
        assert response.status_code == 302, path
        assert response["Location"].startswith("/konto/anmelden/?next=%2Fadmin%2F"), path
        walked += 1
    for model in MODELS:
        for page, args in (("changelist", []), ("add", []), ("change", [1]), ("delete", [1]), ("history", [1])):
            for send in (client.get, client.post):
                response = send(address(model, page, *args))
                assert response["Location"].startswith("/konto/anmelden/?next=%2Fadmin%2F"), (model, page)
                walked += 1
    assert walked > 100


def test_who_has_an_account_but_no_business_here_is_refused_everywhere(cast: Cast) -> None:
    for path in ("", "jsi18n/", "autocomplete/", "login/", "practices/practice/"):
        response = cast.client("stranger").get(f"/admin/{path}")
        assert response.status_code == 403, path
        assert "Diese Seite ist nicht für alle offen" in response.content.decode()


def test_an_unknown_address_is_not_found_for_staff(cast: Cast) -> None:
    assert cast.client("editor").get("/admin/gibt-es-nicht/").status_code == 404


def test_a_form_without_its_key_changes_nothing(cast: Cast) -> None:
    strict = PortalClient(enforce_csrf_checks=True, raise_request_exception=False)
    strict.cookies = cast.client("editor").cookies
    response = strict.post("/admin/taxonomy/topic/add/", {"name": "Neu", "order": "1"}, HTTP_REFERER=settings.BASE_URL)
    assert response.status_code == 403
    assert "Das Formular lag zu lange" in response.content.decode()
    assert not Topic.objects.exists()
    assert cast.client("editor").get("/admin/taxonomy/topic/add/").status_code == 200


# ---------------------------------------------------------------- legal texts


def test_a_new_version_is_saved_beside_the_old_one_which_stays_as_it_was(cast: Cast, client: Client) -> None:
    today = timezone.localdate()
    old = LegalText.objects.create(
        page=LegalText.Page.IMPRESSUM, valid_from=today - timedelta(days=9), lead="Alt.", body="<p>Alter Text</p>"
    )
    administrator = cast.client("administrator")
    assert "_saveasnew" in {button["name"] for button in buttons(administrator, address(LegalText, "change", old.pk))}
    data = {
        "page": "impressum",
        "lead": "Neu.",
        "body": "<p>Neuer <b>Text</b><script>x()</script></p>",
        "valid_from": f"{today:%d.%m.%Y}",
        "_saveasnew": "1",
    }
    assert administrator.post(address(LegalText, "change", old.pk), data).status_code == 302
    old.refresh_from_db()
    assert (old.lead, old.body) == ("Alt.", "<p>Alter Text</p>")
    assert "Neuer" in client.get("/impressum/").content.decode()
    assert "script>x" not in client.get("/impressum/").content.decode()

    closed = administrator.get(address(LegalText, "change", old.pk))
    assert not Page.of(closed).main.all("textarea")
    del data["_saveasnew"]
    assert administrator.post(address(LegalText, "change", old.pk), data).status_code == 403
    old.refresh_from_db()
    assert old.lead == "Alt."


def test_two_versions_for_one_day_are_refused_beside_the_day(cast: Cast) -> None:
    today = timezone.localdate()
    text = LegalText.objects.create(page=LegalText.Page.IMPRESSUM, valid_from=today, body="<p>x</p>")
    data = {"page": "impressum", "valid_from": f"{today:%d.%m.%Y}", "body": "<p>y</p>", "_saveasnew": "1"}
    response = cast.client("administrator").post(address(LegalText, "change", text.pk), data)
    assert response.context["adminform"].form.errors == {"valid_from": ["Für diesen Tag gibt es schon eine Fassung."]}


def test_only_a_version_that_was_never_in_force_may_go(cast: Cast) -> None:
    today = timezone.localdate()
    superuser = cast.client("superuser")
    for days, status in ((-1, 403), (0, 403), (1, 302)):
        text = LegalText.objects.create(
            page=LegalText.Page.IMPRESSUM, valid_from=today + timedelta(days=days), body="<p>x</p>"
        )
        assert superuser.post(address(LegalText, "delete", text.pk), {"post": "yes"}).status_code == status, days


# ---------------------------------------------------------------- words and scripts of packages


def test_the_editor_may_write_the_one_style_sheet_that_the_installed_package_writes() -> None:
    script = Path(django_prose_editor.__file__).parent / "static" / "django_prose_editor" / "editor.js"
    [style] = re.findall(r"let \w+=`(\.ProseMirror \{.*?)`;", script.read_text(encoding="utf-8"), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" == EDITOR_STYLE


def test_only_pages_with_the_editor_may_load_it(cast: Cast) -> None:
    editor = cast.client("editor")
    assert "nonce" not in editor.get("/admin/")["Content-Security-Policy"]
    assert "nonce" not in editor.get("/admin/practices/practice/")["Content-Security-Policy"]
    first, second = (editor.get("/admin/practices/practice/add/")["Content-Security-Policy"] for _ in range(2))
    assert "'nonce-" in first
    assert first != second, "each page has a nonce of its own"
    assert "nonce" not in editor.get("/")["Content-Security-Policy"]


def test_scripts_speak_german(cast: Cast) -> None:
    catalogue = cast.client("editor").get("/admin/jsi18n/").content.decode()
    for word in ("Link bearbeiten", "Abbrechen", "\\u00dcbernehmen", "gegen\\u00fcber dem Portal"):
        assert word in catalogue, word


@pytest.mark.parametrize("po", sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")), ids=lambda path: path.name)
def test_the_corrections_are_compiled_and_correct_something_that_exists(po: Path) -> None:
    tool = runpy.run_path(str(ROOT / "locale" / "compile.py"))
    messages = tool["read"](po)
    assert po.with_suffix(".mo").read_bytes() == tool["compiled"](messages)
    with po.with_suffix(".mo").open("rb") as file:
        assert len(gettext.GNUTranslations(file)._catalog) >= len(messages)  # type: ignore[attr-defined]

    known = set()
    for config in apps.get_app_configs():
        folder = Path(config.path)
        for file in [*folder.rglob("locale/de/LC_MESSAGES/*.po"), *(folder.parent.parent / "conf").rglob("de/**/*.po")]:
            known |= set(_ids(file.read_text(encoding="utf-8")))
    unknown = [key.split("\0")[0] for key in messages if key and key.split("\0")[0] not in known]
    assert unknown == []


def _ids(po: str) -> list[str]:
    blocks = re.findall(r'^msgid((?: ".*"\n)(?:".*"\n)*)', po, re.MULTILINE)
    joined = ("".join(re.findall(r'"(.*)"', block)) for block in blocks)
    return [text.replace('\\"', '"').replace("\\n", "\n") for text in joined]


def test_uploads_of_staff_are_limited_by_csrf_and_rights_like_any_form(cast: Cast) -> None:
    file = SimpleUploadedFile("bild.png", b"x", content_type="image/png")
    response = cast.client("moderator").post("/admin/media/image/add/", {"file": file, "credit": "x", "alt": "x"})
    assert response.status_code == 403
    assert not Image.objects.exists()


def test_a_role_that_is_taken_away_closes_at_once() -> None:
    load_roles()
    person = make_person("redaktion@portal.test", "Redaktion")
    client = log_in(make_cast().client("visitor"), person)
    assert client.get("/admin/practices/practice/").status_code == 200
    person.user.groups.clear()
    assert client.get("/admin/practices/practice/").status_code == 403
    User.objects.filter(pk=person.user.pk).update(is_staff=False)
    assert client.get("/admin/").status_code == 403
