"""Who may open what: one table over every address the portal has, and what holds beyond the table.

A new address needs a row here before anything else: say for each person what they get. 200 they see it, 302 they are led
elsewhere, 403 they may know that it exists, 404 they may not, 405 it is no page to open.
"""

import re
from http.cookies import SimpleCookie
from itertools import product
from pathlib import Path

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import reverse

from platform_mark.accounts.models import User
from platform_mark.mail.models import OutgoingMail
from platform_mark.media.models import Image
from platform_mark.pages.models import LegalText
from platform_mark.search.models import Synonym
from platform_mark.taxonomy.models import District, Municipality, Topic
from practices.models import Practice, Suggestion
from tests.addresses import Route, form_pages, public_pages, routes, secret_pages
from tests.cast import PASSWORD, PEOPLE, Cast, log_in, make_cast, make_person
from tests.conftest import PortalClient
from tests.make import Site, fill_site, make_document

pytestmark = pytest.mark.django_db

# fmt: off
TABLE = """
                                                    visitor       stranger       newcomer         editor      moderator      organiser      protector  administrator      superuser
home                                                    200            200            200            200            200            200            200            200            200
branches:list                                           200            200            200            200            200            200            200            200            200
branches:detail                                         200            200            200            200            200            200            200            200            200
components                                              404            404            404            404            404            404            404            404            404
legal-impressum                                         200            200            200            200            200            200            200            200            200
legal-datenschutz                                       200            200            200            200            200            200            200            200            200
legal-barrierefreiheit                                  200            200            200            200            200            200            200            200            200
sitemap                                                 200            200            200            200            200            200            200            200            200
robots                                                  200            200            200            200            200            200            200            200            200
security                                                200            200            200            200            200            200            200            200            200
healthz                                                 200            200            200            200            200            200            200            200            200
readyz                                                  503            503            503            503            503            503            503            503            503
practices:list                                          200            200            200            200            200            200            200            200            200
practices:suggest                                       200            200            200            200            200            200            200            200            200
practices:suggest-sent                                  200            200            200            200            200            200            200            200            200
practices:suggestion                                    200            200            200            200            200            200            200            200            200
practices:compare                                       200            200            200            200            200            200            200            200            200
practices:preview                                       200            200            200            200            200            200            200            200            200
practices:detail                                        200            200            200            200            200            200            200            200            200
account_login                                           200            302            302            302            302            302            302            302            302
account_logout                                          302            200            200            200            200            200            200            200            200
account_change_password                                 302            200            200            200            200            200            200            200            200
account_reauthenticate                                  302            200            200            200            200            200            200            200            200
mfa_authenticate                                        302            302            302            302            302            302            302            302            302
mfa_reauthenticate                                      302            302            200            200            200            200            200            200            200
mfa_index                                               302            200            200            200            200            200            200            200            200
mfa_activate_totp                                       302            200            302            302            302            302            302            302            302
mfa_deactivate_totp                                     302            404            200            200            200            200            200            200            200
mfa_view_recovery_codes                                 302            404            200            200            200            200            200            200            200
mfa_generate_recovery_codes                             302            200            200            200            200            200            200            200            200
mfa_download_recovery_codes                             302            404            200            200            200            200            200            200            200
media:image                                             200            200            200            200            200            200            200            200            200
media:document                                          200            200            200            200            200            200            200            200            200
admin:index                                             302            403            200            200            200            200            200            200            200
admin:login                                             302            403            302            302            302            302            302            302            302
admin:logout                                            302            403            302            302            302            302            302            302            302
admin:password_change                                   302            403            302            302            302            302            302            302            302
admin:password_change_done                              302            403            302            302            302            302            302            302            302
admin:autocomplete                                      302            403            403            403            403            403            403            403            403
admin:jsi18n                                            302            403            200            200            200            200            200            200            200
admin:view_on_site                                      302            403            302            302            302            302            302            302            302
admin:auth_user_password_change                         302            403            403            403            403            403            403            200            200
admin:accounts_user_changelist                          302            403            403            403            403            403            200            200            200
admin:accounts_user_add                                 302            403            403            403            403            403            403            200            200
admin:accounts_user_history                             302            403            403            403            403            403            200            200            200
admin:accounts_user_delete                              302            403            403            403            403            403            403            403            403
admin:accounts_user_change                              302            403            403            403            403            403            200            200            200
admin/accounts/user/<path:object_id>/                   302            403            302            302            302            302            302            302            302
admin:taxonomy_branch_changelist                        302            403            403            200            200            200            403            403            200
admin:taxonomy_branch_add                               302            403            403            200            403            403            403            403            200
admin:taxonomy_branch_history                           302            403            403            200            200            200            403            403            200
admin:taxonomy_branch_delete                            302            403            403            403            403            403            403            403            302
admin:taxonomy_branch_change                            302            403            403            200            200            200            403            403            200
admin/taxonomy/branch/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:taxonomy_topic_changelist                         302            403            403            200            200            200            403            403            200
admin:taxonomy_topic_add                                302            403            403            200            403            403            403            403            200
admin:taxonomy_topic_history                            302            403            403            200            200            200            403            403            200
admin:taxonomy_topic_delete                             302            403            403            403            403            403            403            403            302
admin:taxonomy_topic_change                             302            403            403            200            200            200            403            403            200
admin/taxonomy/topic/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:taxonomy_district_changelist                      302            403            403            403            403            403            403            403            200
admin:taxonomy_district_add                             302            403            403            403            403            403            403            403            403
admin:taxonomy_district_history                         302            403            403            403            403            403            403            403            200
admin:taxonomy_district_delete                          302            403            403            403            403            403            403            403            403
admin:taxonomy_district_change                          302            403            403            403            403            403            403            403            200
admin/taxonomy/district/<path:object_id>/               302            403            302            302            302            302            302            302            302
admin:taxonomy_municipality_changelist                  302            403            403            200            403            403            403            403            200
admin:taxonomy_municipality_add                         302            403            403            403            403            403            403            403            403
admin:taxonomy_municipality_history                     302            403            403            200            403            403            403            403            200
admin:taxonomy_municipality_delete                      302            403            403            403            403            403            403            403            403
admin:taxonomy_municipality_change                      302            403            403            200            403            403            403            403            200
admin/taxonomy/municipality/<path:object_id>/           302            403            302            302            302            302            302            302            302
admin:search_synonym_changelist                         302            403            403            200            403            403            403            403            200
admin:search_synonym_add                                302            403            403            200            403            403            403            403            200
admin:search_synonym_history                            302            403            403            200            403            403            403            403            200
admin:search_synonym_delete                             302            403            403            200            403            403            403            403            200
admin:search_synonym_change                             302            403            403            200            403            403            403            403            200
admin:search_synonym_effect                             302            403            403            200            403            403            403            403            200
admin/search/synonym/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:admin_logentry_changelist                         302            403            403            403            403            403            200            200            200
admin:admin_logentry_add                                302            403            403            403            403            403            403            403            403
admin:admin_logentry_history                            302            403            403            403            403            403            200            200            200
admin:admin_logentry_delete                             302            403            403            403            403            403            403            403            403
admin:admin_logentry_change                             302            403            403            403            403            403            200            200            200
admin/admin/logentry/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:outbox_outgoingmail_changelist                    302            403            403            403            403            403            200            200            200
admin:outbox_outgoingmail_add                           302            403            403            403            403            403            403            403            403
admin:outbox_outgoingmail_history                       302            403            403            403            403            403            200            200            200
admin:outbox_outgoingmail_delete                        302            403            403            403            403            403            403            403            200
admin:outbox_outgoingmail_change                        302            403            403            403            403            403            200            200            200
admin/outbox/outgoingmail/<path:object_id>/             302            403            302            302            302            302            302            302            302
admin:media_image_changelist                            302            403            403            200            403            403            403            403            200
admin:media_image_add                                   302            403            403            200            403            403            403            403            200
admin:media_image_history                               302            403            403            200            403            403            403            403            200
admin:media_image_delete                                302            403            403            200            403            403            403            403            200
admin:media_image_change                                302            403            403            200            403            403            403            403            200
admin/media/image/<path:object_id>/                     302            403            302            302            302            302            302            302            302
admin:media_document_changelist                         302            403            403            200            403            403            403            403            200
admin:media_document_add                                302            403            403            200            403            403            403            403            200
admin:media_document_history                            302            403            403            200            403            403            403            403            200
admin:media_document_delete                             302            403            403            200            403            403            403            403            200
admin:media_document_change                             302            403            403            200            403            403            403            403            200
admin/media/document/<path:object_id>/                  302            403            302            302            302            302            302            302            302
admin:pages_legaltext_changelist                        302            403            403            403            403            403            200            200            200
admin:pages_legaltext_add                               302            403            403            403            403            403            200            200            200
admin:pages_legaltext_history                           302            403            403            403            403            403            200            200            200
admin:pages_legaltext_delete                            302            403            403            403            403            403            403            403            403
admin:pages_legaltext_change                            302            403            403            403            403            403            200            200            200
admin/pages/legaltext/<path:object_id>/                 302            403            302            302            302            302            302            302            302
admin:practices_practice_template                       302            403            403            200            403            403            403            403            200
admin:practices_practice_check                          302            403            403            302            403            403            403            403            302
admin:practices_practice_import                         302            403            403            200            403            403            403            403            200
admin:practices_practice_export                         302            403            403            200            200            200            403            403            200
admin:practices_practice_release                        302            403            403            200            403            403            403            403            200
admin:practices_practice_revise                         302            403            405            405            405            405            405            405            405
admin:practices_practice_versions                       302            403            403            200            200            200            403            403            200
admin:practices_practice_move                           302            403            405            405            405            405            405            405            405
admin:practices_practice_preview                        302            403            405            405            405            405            405            405            405
admin:practices_practice_changelist                     302            403            403            200            200            200            403            403            200
admin:practices_practice_add                            302            403            403            200            403            403            403            403            200
admin:practices_practice_history                        302            403            403            200            200            200            403            403            200
admin:practices_practice_delete                         302            403            403            200            403            403            403            403            200
admin:practices_practice_change                         302            403            403            200            200            200            403            403            200
admin/practices/practice/<path:object_id>/              302            403            302            302            302            302            302            302            302
admin:practices_suggestion_answer                       302            403            403            200            403            403            403            403            200
admin:practices_suggestion_changelist                   302            403            403            200            403            403            200            403            200
admin:practices_suggestion_add                          302            403            403            403            403            403            403            403            403
admin:practices_suggestion_history                      302            403            403            200            403            403            200            403            200
admin:practices_suggestion_delete                       302            403            403            403            403            403            403            403            403
admin:practices_suggestion_change                       302            403            403            200            403            403            200            403            200
admin/practices/suggestion/<path:object_id>/            302            403            302            302            302            302            302            302            302
admin:app_list                                          302            403            404            200            200            200            200            404            200
admin/(?P<url>.*)$                                      302            403            404            404            404            404            404            404            404
"""
# fmt: on


@pytest.fixture
def site(settings: object, tmp_path: Path) -> Site:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return fill_site()


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def table() -> dict[str, dict[str, int]]:
    """Every row: the statuses by person."""
    head, *rows = TABLE.strip().splitlines()
    assert head.split() == list(PEOPLE)
    parsed: dict[str, dict[str, int]] = {}
    for row in rows:
        name, *statuses = row.split()
        assert name not in parsed, f"twice in the table: {name}"
        parsed[name] = dict(zip(PEOPLE, map(int, statuses), strict=True))
    return parsed


def key(route: Route) -> str:
    """What a row of the table is called: the name of its route, or the path where it has none."""
    return route.name or route.path


def filled_in(site: Site, cast: Cast) -> dict[str, str]:
    """Every address with something real for each of its parameters."""
    secret = secret_pages(site)
    image, document = Image.objects.first(), make_document()
    rows: dict[str, Model] = {
        "accounts/user": cast.person("stranger").user,
        "admin/logentry": LogEntry.objects.create(
            user=cast.person("editor").user, action_flag=CHANGE, object_repr="Karte", change_message="Exportiert."
        ),
        "taxonomy/branch": site.metal,
        "taxonomy/topic": Topic.objects.earliest("pk"),
        "taxonomy/district": District.objects.earliest("pk"),
        "taxonomy/municipality": Municipality.objects.earliest("pk"),
        "search/synonym": Synonym.objects.create(terms=["KI", "künstliche Intelligenz"]),
        "outbox/outgoingmail": OutgoingMail.objects.earliest("pk"),
        "media/image": image,
        "media/document": document,
        "pages/legaltext": LegalText.objects.earliest("pk"),
        "practices/practice": site.hidden[0],
        "practices/suggestion": Suggestion.objects.earliest("pk"),
    }
    special = {
        "media:image": f"/medien/bilder/{image.token}/{image.widths[0]}.webp",
        "media:document": document.url,
        "admin:view_on_site": f"/admin/r/{ContentType.objects.get_for_model(Practice).pk}/{site.rich.pk}/",
        "admin:app_list": "/admin/practices/",
        "admin:practices_practice_check": "/admin/practices/practice/import/gibtesnicht/",
        "admin/(?P<url>.*)$": "/admin/gibt-es-nicht/",
    }
    special |= {name: found[0] for name, found in {**public_pages(site), **form_pages(), **secret}.items()}
    addresses = {}
    for route in routes():
        path = special.get(key(route), f"/{route.path}")
        for model, row in rows.items():
            path = re.sub(rf"^/admin/{model}/<[a-z_:]+>", f"/admin/{model}/{row.pk}", path)
        assert "<" not in path, f"say in filled_in() what to put into {path}"
        addresses[key(route)] = path
    return addresses


def test_the_table_names_every_address_and_no_other() -> None:
    found = [key(route) for route in routes()]

    assert len(found) == len(set(found)) >= 100
    assert set(found) - set(table()) == set(), "new addresses: say who may open them"
    assert set(table()) - set(found) == set(), "these addresses are gone"


def test_everybody_gets_what_the_table_says(site: Site, cast: Cast) -> None:
    addresses, wrong, asked = filled_in(site, cast), [], 0
    visitor = PortalClient(raise_request_exception=False)
    for name, expected in table().items():
        for person, status in expected.items():
            # A visit must not change the next one, whatever it does to the cookies.
            visitor.cookies = SimpleCookie(cast.client(person).cookies.output(header="", sep=";"))
            got = visitor.get(addresses[name]).status_code
            asked += 1
            if got != status:
                wrong.append(f"{name} for {person}: {got} instead of {status}")
    assert wrong == []
    assert asked >= 900


def test_without_a_second_factor_even_all_rights_open_nothing(site: Site, cast: Cast) -> None:
    addresses = filled_in(site, cast)
    inside = {name: address for name, address in addresses.items() if address.startswith("/admin/")}
    owner = make_person("allein@portal.test", is_superuser=True, second_factor=False)
    client = log_in(PortalClient(raise_request_exception=False), owner)
    halfway = PortalClient(raise_request_exception=False)
    halfway.post(reverse("account_login"), {"login": cast.person("superuser").user.email, "password": PASSWORD})

    for name, address in inside.items():
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, reverse("mfa_activate_totp")), name
        response = halfway.get(address)
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("account_login")), name
    assert len(inside) >= 80


def test_nobody_sees_what_is_not_public_on_the_public_site(site: Site, cast: Cast) -> None:
    addresses = [practice.get_absolute_url() for practice in site.hidden]
    lists = ["/", "/beispiele/", site.metal.get_absolute_url(), "/sitemap.xml", site.rich.get_absolute_url()]
    lists.append("/beispiele/vergleich/?" + "&".join(f"b={practice.slug}" for practice in site.hidden))
    for person in PEOPLE:
        client = cast.client(person)
        for address in addresses:
            response = client.get(address)
            assert response.status_code == 404, (person, address)
        for address in lists:
            html = client.get(address).content.decode()
            for practice in site.hidden:
                assert practice.title not in html, (person, address)
    assert len(addresses) == 5


def test_looking_changes_nothing(site: Site, cast: Cast) -> None:
    """GET and HEAD leave the database as it was, whoever looks; sessions aside."""
    addresses = filled_in(site, cast)
    for person in PEOPLE:
        cast.client(person)
    before = checksums()
    for address in addresses.values():
        if "codes" not in address:
            cast.client("superuser").get(address)
            cast.client("superuser").head(address)
            cast.client("visitor").get(address)
    after = checksums()
    assert {table: (before[table], after[table]) for table in before if before[table] != after[table]} == {}
    assert len(before) >= 30


def checksums() -> dict[str, str]:
    """A checksum of the rows of every table, but for those that only remember visits."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name not in {"django_session", "cache", "rate_counter"}:
                cursor.execute(
                    f"SELECT coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM \"{name}\" t"
                )
                found[name] = cursor.fetchone()[0]
    return found


def test_a_post_without_the_right_changes_nothing(site: Site, cast: Cast) -> None:
    """Everything that the administration takes by POST, tried by those who may not."""
    addresses = filled_in(site, cast)
    inside = {name: address for name, address in addresses.items() if address.startswith("/admin/")}
    values = {"_save": "1", "_move": "publish", "post": "yes", "action": "delete_selected"}
    for person in ("visitor", "stranger", "newcomer", "moderator"):
        client = cast.client(person)
        before = checksums()
        for name, address in inside.items():
            status = client.post(address, values).status_code
            assert status in {200, 302, 403, 404, 405}, (person, name)
        assert checksums() == before, person
    assert len(inside) >= 80


def test_a_closed_account_is_out_at_once(site: Site, cast: Cast) -> None:
    client = cast.client("editor")
    assert client.get("/admin/").status_code == 200

    User.objects.filter(pk=cast.person("editor").user.pk).update(is_active=False)

    assert client.get("/admin/").status_code == 302
    fresh = PortalClient(raise_request_exception=False)
    response = fresh.post(reverse("account_login"), {"login": cast.person("editor").user.email, "password": PASSWORD})
    assert "_auth_user_id" not in fresh.session, response.status_code


def test_no_address_serves_other_methods_to_anybody(site: Site, cast: Cast) -> None:
    addresses = filled_in(site, cast)
    for person, method in product(("visitor", "superuser"), ("PUT", "PATCH", "DELETE", "TRACE")):
        client = cast.client(person)
        statuses = {name: client.generic(method, address).status_code for name, address in addresses.items()}
        assert {name: status for name, status in statuses.items() if status != 405} == {}, (person, method)
