"""Bad input and attacks on the register, through the front door: what the tests of the single pages do not try."""

import io
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from actors import cooperating, joining
from actors.models import Activity, Actor, Claim, Cooperation, Invitation, Membership, Proposal
from platform_mark.accounts.models import User
from platform_mark.mail.models import OutgoingMail
from platform_mark.mail.outbox import message_of
from tests.actors.make import make_activity, make_actor, make_member, make_revision
from tests.cast import make_cast
from tests.conftest import PortalClient
from tests.mails import html_of
from tests.make import make_user
from tests.markup import Page

pytestmark = pytest.mark.django_db

ATTACK = "</textarea></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
WEB = f"https://kammer.example/?q={ATTACK}"
WITH_NULL = "Null\x00zeichen"
FOUNDED = {
    "name": "Verein Drahtwerk",
    "kind": "association",
    "contact_email": "post@verein.example",
    "second_email": "leitung@verein.example",
    "reason": "Wir beraten.",
}
PROFILE = {"contact_email": "post@kammer.example", "second_email": "leitung@kammer.example"}


def browser(user: User | None = None) -> PortalClient:
    client = PortalClient(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def actor() -> Actor:
    return make_actor("Kammer")


@pytest.fixture
def owner(actor: Actor) -> User:
    return make_member(actor)


@pytest.fixture
def konto(owner: User) -> PortalClient:
    return browser(owner)


def runs_nothing(page: Page, where: str) -> None:
    """No script, picture or handler of ours was slipped in, and no link runs anything."""
    assert all("src" in script or script["type"] == "application/ld+json" for script in page.all("script")), where
    assert not [image for image in page.all("img") if image["src"] == "x"], where
    assert not [link for link in page.links if link.strip().lower().startswith(("javascript:", "data:"))], where
    assert not [element for element in page.root.walk() if "onerror" in element], where


# ---------------------------------------------------------------- bad input in every form


@pytest.mark.parametrize("value", ["x" * 10_000, WITH_NULL, ""], ids=["long", "null", "empty"])
@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("/konto/akteure/neu/", FOUNDED, "name"),
        ("/konto/akteure/neu/", FOUNDED, "reason"),
        ("/konto/akteure/neu/", FOUNDED, "kind"),
        ("/konto/akteure/neu/", FOUNDED, "contact_email"),
        ("/konto/akteure/kammer/profil/", PROFILE, "second_email"),
        ("/konto/akteure/kammer/personen/", {"email": "neu@kammer.example", "role": "editor"}, "email"),
        ("/konto/akteure/kammer/personen/", {"email": "neu@kammer.example", "role": "editor"}, "role"),
        ("/konto/akteure/kammer/austritt/", {"way": "note", "sure": "on"}, "way"),
        ("/konto/akteure/andere/vertreten/", {"reason": "Ich arbeite da."}, "reason"),
        ("/konto/kooperation/angebot/", {"text": "Wollen wir?"}, "text"),
        ("/konto/kooperationen/{request}/", {"text": "Gern."}, "text"),
    ],
)
def test_what_a_form_cannot_take_is_explained_and_nothing_is_kept(
    konto: PortalClient, actor: Actor, owner: User, path: str, fields: dict[str, str], field: str, value: str
) -> None:
    other = make_actor("Andere")
    theirs = make_member(other)
    make_activity("Angebot", actor=other)
    request = cooperating.ask(other, activity=make_activity("Eigenes", actor=actor), text="Zusammen?", by=theirs)
    before = state()
    response = konto.post(path.format(request=request.pk), fields | {field: value})
    assert (response.status_code, Page.of(response).title.startswith("Fehler:")) == (422, True)
    assert state() == before


@pytest.mark.parametrize("field", ["summary", "description", "place", "contact_phone", "website", "municipality"])
@pytest.mark.parametrize("value", ["x" * 10_000, WITH_NULL], ids=["long", "null"])
def test_a_profile_takes_no_text_without_end_and_no_null(konto: PortalClient, field: str, value: str) -> None:
    before = state()
    assert konto.post("/konto/akteure/kammer/profil/", PROFILE | {field: value}).status_code == 422
    assert state() == before


@pytest.mark.parametrize(
    "value", ["javascript:alert(1)", " JaVaScRiPt://%0aalert(1)", "data:text/html,<script>", "vbscript:x", "file:///x"]
)
def test_no_link_of_an_organisation_runs_anything(konto: PortalClient, value: str) -> None:
    for path, fields in (("/konto/akteure/neu/", FOUNDED), ("/konto/akteure/kammer/profil/", PROFILE)):
        response = konto.post(path, fields | {"website": value})
        assert response.status_code == 422, path
        assert "die mit https:// oder http:// beginnt" in response.content.decode()
    assert not Actor.objects.exclude(website="").exists()


def state() -> list[Any]:
    """All rows of the register and the number of mails."""
    models = (Actor, Activity, Membership, Claim, Cooperation, Invitation, Proposal)
    return [*(list(model.objects.order_by("pk").values()) for model in models), OutgoingMail.objects.count()]


# ---------------------------------------------------------------- fields that are none


def test_founding_claiming_inviting_and_asking_set_nothing_else(konto: PortalClient, actor: Actor, owner: User) -> None:
    foreign = make_actor("Fremde")
    make_member(foreign)
    activity = make_activity("Angebot", actor=foreign)
    now = timezone.now().isoformat()
    loot = {
        "state": "approved",
        "approved_at": now,
        "approved_by": str(owner.pk),
        "slug": "gekapert",
        "pk": "1",
        "is_trusted": "on",
        "confirmed_at": now,
        "confirmed_by_staff": "on",
        "source_url": "https://boese.example/",
        "actor": str(foreign.pk),
        "user": str(foreign.memberships.get().user_id),
        "answer": "Ja",
        "decided_at": now,
        "accepted_at": now,
        "expires_at": "2099-01-01",
        "invited_by": "1",
        "token_version": "7",
        "sender": str(foreign.pk),
        "receiver": str(actor.pk),
        "written_by": "1",
        "answered_at": now,
        "is_staff": "on",
        "is_superuser": "on",
        "gets_requests": "on",
    }
    assert konto.post("/konto/akteure/neu/", loot | FOUNDED).status_code == 302
    founded = Actor.objects.get(name="Verein Drahtwerk")
    assert (founded.state, founded.slug, founded.approved_at) == ("waiting", "verein-drahtwerk", None)
    assert (founded.is_trusted, founded.confirmed_at, founded.source_url) == (False, None, "")
    member = founded.memberships.get()
    assert (member.user, member.gets_requests) == (owner, False)

    assert konto.post("/konto/akteure/fremde/vertreten/", loot | {"reason": "Ich arbeite da."}).status_code == 302
    claim = Claim.objects.get()
    assert (claim.actor, claim.user, claim.state, claim.answer) == (foreign, owner, "open", "")

    invited = loot | {"email": "neu@kammer.example", "role": "editor"}
    assert konto.post("/konto/akteure/kammer/personen/", invited).status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.actor, invitation.invited_by, invitation.accepted_at) == (actor, owner, None)
    assert invitation.expires_at < timezone.now() + joining.INVITATION_LASTS
    assert invitation.token_version == 1

    asked = konto.post(f"/konto/kooperation/{activity.slug}/?akteur=kammer", loot | {"text": "Zusammen?"})
    assert asked.status_code == 302
    request = Cooperation.objects.get()
    assert (request.sender, request.receiver, request.written_by) == (actor, foreign, owner)
    assert (request.answer, request.answered_at) == ("", None)

    konto.post("/konto/benachrichtigungen/", loot | {"actors": "kammer"})
    konto.post("/konto/akteure/kammer/profil/bestaetigen/", loot | {"by_staff": "1"})
    actor.refresh_from_db()
    owner.refresh_from_db()
    assert (actor.confirmed_by_staff, actor.is_trusted, owner.is_staff, owner.is_superuser) == (False,) * 4


def test_a_role_that_does_not_exist_is_given_to_nobody(konto: PortalClient, actor: Actor) -> None:
    editor = Membership.objects.get(user=make_member(actor, role="editor"))
    for word in ("admin", "staff", "OWNER", "", "owner\x00"):
        path = f"/konto/akteure/kammer/personen/{editor.pk}/"
        assert konto.post(path, {"tun": word, "role": "owner"}).status_code == 404, word
        invited = konto.post("/konto/akteure/kammer/personen/", {"email": "a@kammer.example", "role": word})
        assert invited.status_code == 422, word
    editor.refresh_from_db()
    assert editor.role == "editor"


# ---------------------------------------------------------------- script


def test_script_in_every_field_of_organisation_and_entry_runs_nowhere(konto: PortalClient, actor: Actor) -> None:
    """Written past the forms, as an import or an older version may have left it."""
    texts = ("name", "summary", "description", "place", "contact_phone", "founding_reason", "decline_reason")
    columns = {name: ATTACK[: Actor._meta.get_field(name).max_length] for name in texts}
    Actor.objects.filter(pk=actor.pk).update(**columns, website=WEB, source_url=WEB)
    actor.refresh_from_db()
    texts = ("title", "summary", "description", "area", "cost_note", "language", "access", "contact_phone")
    columns = {name: ATTACK[: Activity._meta.get_field(name).max_length] for name in texts}
    activity = make_activity("Angebot", actor=actor)
    Activity.objects.filter(pk=activity.pk).update(
        **columns, url=WEB, contact_person=ATTACK[:120], person_agreed_on=timezone.localdate()
    )
    other = make_actor("Andere")
    theirs = make_member(other)
    request = cooperating.ask(other, activity=Activity.objects.get(), text=ATTACK, by=theirs)
    joining.claim(theirs, actor, reason=ATTACK)
    Proposal.objects.create(activity=activity, text=ATTACK)
    make_revision(activity, data={"title": ATTACK, "access": ATTACK}, change_note=ATTACK)

    mine = ("/konto/", "/konto/akteure/kammer/profil/", "/konto/akteure/kammer/personen/", "/konto/benachrichtigungen/")
    own = (*mine, f"/konto/aktivitaeten/{activity.pk}/vorschau/", f"/konto/kooperationen/{request.pk}/")
    public = ("/", "/aktivitaeten/", "/aktivitaeten/matrix/", "/akteure/", "/akteure/kammer/", "/suche/?q=script")
    public += (activity.get_absolute_url(), f"{activity.get_absolute_url()}aenderung/")
    for path in (*own, *public):
        response = konto.get(path)
        assert response.status_code == 200, path
        runs_nothing(Page.of(response), path)

    desk = make_cast().client("moderator")
    rows = {"actor": actor.pk, "activity": activity.pk, "claim": Claim.objects.get().pk}
    rows |= {"revision": activity.revisions.get().pk, "proposal": Proposal.objects.get().pk}
    for model, pk in rows.items():
        for path in (f"/admin/actors/{model}/?was=alle", f"/admin/actors/{model}/{pk}/change/"):
            response = desk.get(path)
            assert response.status_code == 200, path
            page = Page.of(response)
            assert not [image for image in page.all("img") if image["src"] == "x"], path
            assert not [script for script in page.all("script") if script.text.strip() == "alert(1)"], path
            assert not [link for link in page.links if link.lower().startswith("javascript:alert")], path

    for mail in OutgoingMail.objects.all():
        html = html_of(message_of(mail).message())
        assert "<script" not in html.lower(), mail.kind
        assert "<img" not in html.lower(), mail.kind


@pytest.mark.parametrize(
    "word", [ATTACK, "../../etc/passwd", "a\r\nSet-Cookie: x=1", "x" * 5000, "%00", "\u202egnp.exe"]
)
def test_words_in_an_address_are_text_and_make_no_header_or_file_name(konto: PortalClient, word: str) -> None:
    make_activity("Angebot")
    paths = ("/aktivitaeten/", "/aktivitaeten/matrix/", "/akteure/", "/konto/akteure/", "/konto/akteure/neu/")
    names = ("q", "branche", "art", "zeilen", "name", "akteur", "seite")
    for path in paths:
        response = konto.get(path, dict.fromkeys(names, word))
        assert response.status_code in {200, 400, 404, 414}, path
        assert not response.has_header("Set-Cookie")
        if response.status_code == 200:
            runs_nothing(Page.of(response), path)
    for name in ("download-csv", "download-xlsx", "download-json", "matrix-xlsx"):
        response = konto.get(reverse(f"actors:{name}"), dict.fromkeys(names, word))
        assert response.status_code in {200, 400, 404, 414}, name
        kept = response.get("Content-Disposition", "")
        assert not set(kept) & set("<>\r\n/\\\u202e"), name
        assert "passwd" not in kept


def test_a_file_name_is_shown_as_text_and_never_stored() -> None:
    desk = make_cast().client("moderator")
    upload = io.BytesIO(b"Akteur;Titel\nKammer;Sprechtag\n")
    upload.name = f"../{ATTACK}.csv"
    answer = desk.post(reverse("admin:actors_activity_import"), {"file": upload}, follow=True)
    assert answer.status_code in {200, 422}
    runs_nothing_in_admin(answer)
    assert "passwd" not in answer.content.decode()


def runs_nothing_in_admin(response: HttpResponse) -> None:
    page = Page.of(response)
    assert not [image for image in page.all("img") if image["src"] == "x"]
    assert not [script for script in page.all("script") if "alert(1)" in script.text]


# ---------------------------------------------------------------- foreign rows


@pytest.mark.parametrize("who", ["visitor", "actor", "editor", "organiser"])
def test_lists_to_choose_from_versions_and_files_of_the_desk_are_for_moderation(who: str, owner: User) -> None:
    hidden = make_activity("Geheimer Entwurf", state="draft", published_at=None)
    cast = make_cast()
    client = browser(owner) if who == "actor" else cast.client(who)
    query = {"app_label": "actors", "model_name": "activity", "field_name": "actor", "term": "Geheim"}
    paths = [
        reverse("admin:autocomplete", query=query),
        *(reverse(f"admin:actors_activity_{page}", args=[hidden.pk]) for page in ("change", "history")),
        reverse("admin:actors_activity_changelist", query={"was": "alle"}),
        reverse("admin:actors_activity_import"),
        reverse("admin:actors_activity_template"),
    ]
    for path in paths:
        response = client.get(path)
        # Who enters dialogues and formats chooses organisations there: their names are no secret, entries are.
        may_choose = who in {"editor", "organiser"} and "autocomplete" in path
        assert response.status_code in ({200, 403} if may_choose else {302, 403, 404}), path
        assert b"Geheimer Entwurf" not in response.content, path


def test_choosing_a_foreign_or_merged_organisation_in_an_address_finds_nothing(konto: PortalClient) -> None:
    merged = make_actor("Alte", merged_into=make_actor("Neue"))
    waiting, declined = make_actor("Wartet", state="waiting"), make_actor("Nein", state="declined", decline_reason="x")
    activity = make_activity("Angebot")
    make_member(activity.actor)
    for slug in (merged.slug, waiting.slug, declined.slug, activity.actor.slug, "gibt-es-nicht", "1 OR 1=1"):
        for path in ("/konto/aktivitaeten/neu/", f"/konto/kooperation/{activity.slug}/"):
            assert konto.get(path, {"akteur": slug}).status_code == 404, (path, slug)
            assert konto.post(f"{path}?akteur={slug}", {"title": "Gekapert", "text": "Hallo"}).status_code == 404
    assert not Activity.objects.filter(title="Gekapert").exists()


# ---------------------------------------------------------------- what an answer tells


def test_claiming_tells_nothing_of_organisations_that_are_not_listed(konto: PortalClient) -> None:
    """Waiting, declined and merged ones answer like one that never was; so does looking for them."""
    make_actor("Geheim Wartend", state="waiting", approved_at=None)
    make_actor("Geheim Abgelehnt", state="declined", approved_at=None, decline_reason="Nein.")
    make_actor("Geheim Ehemals", state="former", left_at=timezone.now())
    make_actor("Geheim Zusammengelegt", merged_into=make_actor("Neue"))
    answers = set()
    slugs = [actor.slug for actor in Actor.objects.filter(name__startswith="Geheim")]
    for slug in (*slugs, "geheim-nirgends"):
        path = f"/konto/akteure/{slug}/vertreten/"
        for response in (konto.get(path), konto.post(path, {"reason": "Ich."})):
            answers.add((response.status_code, Page.of(response).main.text))
    assert (len(slugs), len(answers)) == (4, 1)
    assert {status for status, _ in answers} == {404}
    assert "Geheim " not in Page.of(konto.get("/konto/akteure/?q=geheim")).main.text
    similar = konto.post("/konto/akteure/neu/", FOUNDED | {"name": "Geheim Wartend"})
    assert similar.status_code == 302, "and no similar one is named"


def test_inviting_tells_nothing_of_whether_an_address_has_an_account(konto: PortalClient) -> None:
    make_user("da@kammer.example")
    make_user("weg@kammer.example", is_active=False)
    said = set()
    for email in ("da@kammer.example", "weg@kammer.example", "nirgends@kammer.example"):
        response = konto.post("/konto/akteure/kammer/personen/", {"email": email, "role": "editor"})
        page = Page.of(konto.get(response["Location"]))
        said.add((response.status_code, page.main.text.count("eingeladen")))
        assert OutgoingMail.objects.filter(kind="einladung", to=email).count() == 1
        Invitation.objects.all().delete()
    assert len(said) == 1


# ---------------------------------------------------------------- a disabled account


def test_nothing_that_a_disabled_account_had_open_works_any_more(
    konto: PortalClient, actor: Actor, owner: User
) -> None:
    activity = make_activity("Angebot", actor=actor)
    other = make_activity("Anderes")
    make_member(other.actor)
    invitation = joining.invite(actor, email="gast@kammer.example", role="owner", by=owner)
    asked = cooperating.ask(other.actor, activity=activity, text="Zusammen?", by=make_member(other.actor))
    reset = browser()
    code_page = reset.post("/konto/passwort/vergessen/", {"email": owner.email})["Location"]
    User.objects.filter(pk=owner.pk).update(is_active=False)
    before = state()

    posts = {
        "/konto/akteure/neu/": FOUNDED,
        "/konto/akteure/kammer/profil/": PROFILE,
        "/konto/akteure/kammer/profil/bestaetigen/": {},
        "/konto/akteure/kammer/bestaetigen/": {},
        "/konto/akteure/kammer/personen/": {"email": "x@kammer.example", "role": "owner"},
        f"/konto/akteure/kammer/einladungen/{invitation.pk}/": {},
        "/konto/akteure/kammer/austritt/": {"way": "erase", "sure": "on"},
        f"/konto/akteure/{other.actor.slug}/vertreten/": {"reason": "Ich."},
        f"/konto/aktivitaeten/{activity.pk}/": {"title": "Gekapert", "abgeben": "1"},
        f"/konto/aktivitaeten/{activity.pk}/beenden/": {},
        f"/konto/kooperation/{other.slug}/": {"text": "Zusammen?"},
        f"/konto/kooperationen/{asked.pk}/": {"text": "Gern."},
        "/konto/benachrichtigungen/": {"actors": actor.slug},
        "/konto/daten/konto-loeschen/": {"password": "x"},
    }
    for path, fields in posts.items():
        assert konto.post(path, fields)["Location"].startswith("/konto/anmelden/"), path
    assert state() == before
    assert User.objects.filter(pk=owner.pk).exists()

    refused = reset.post(code_page, {"code": "1234-5678"})
    assert "passwort/vergessen/neu" not in refused.get("Location", "")
    assert browser().get("/konto/")["Location"].startswith("/konto/anmelden/")
