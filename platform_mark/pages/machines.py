"""What is written for machines: sitemap, robots.txt, security.txt. All links come from the configured base address."""

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from actors.models import Activity, Actor
from dialogues.formats.models import Format
from dialogues.models import Dialogue
from platform_mark.contact import operator
from platform_mark.taxonomy.models import Branch
from practices.models import Practice

from .models import LegalText


class _OwnAddress(Sitemap):
    protocol = urlsplit(settings.BASE_URL).scheme

    def get_domain(self, site: object = None) -> str:
        return urlsplit(settings.BASE_URL).netloc


class FixedPages(_OwnAddress):
    def items(self) -> list[str]:
        return [
            "home",
            "first-steps",
            "self-check",
            "branches:selection",
            "formats:list",
            "ideas:list",
            "ideas:send",
            "barrier-report",
            "search",
            "practices:list",
            "practices:suggest",
            "branches:list",
            "dialogues:list",
            "actors:activities",
            "actors:matrix",
            "actors:list",
            "opendata:index",
            *(f"legal-{page.value}" for page in LegalText.Page),
        ]

    def location(self, item: str) -> str:
        return reverse(item)


class BranchPages(_OwnAddress):
    def items(self) -> Iterable[Model]:
        return Branch.objects.current()


class FormatPages(_OwnAddress):
    def items(self) -> Iterable[Model]:
        return Format.objects.published().only("slug", "updated_at")

    def lastmod(self, item: Format) -> object:
        return item.updated_at


class PracticePages(_OwnAddress):
    def items(self) -> Iterable[Model]:
        return Practice.objects.published().newest_first().only("slug", "updated_at")

    def lastmod(self, item: Practice) -> object:
        return item.updated_at


class DialoguePages(_OwnAddress):
    def items(self) -> Iterable[Model]:
        return Dialogue.objects.published().only("slug", "updated_at")

    def lastmod(self, item: Dialogue) -> object:
        return item.updated_at


class ActivityPages(_OwnAddress):
    def items(self) -> Iterable[Model]:
        return Activity.objects.public().order_by("pk").only("slug", "changed_at")

    def lastmod(self, item: Activity) -> object:
        return item.changed_at


class ActorPages(_OwnAddress):
    def items(self) -> Iterable[Model]:
        return Actor.objects.running().order_by("pk").only("slug", "updated_at")

    def lastmod(self, item: Actor) -> object:
        return item.updated_at


SITEMAPS = {
    "seiten": FixedPages,
    "branchen": BranchPages,
    "beispiele": PracticePages,
    "dialoge": DialoguePages,
    "formate": FormatPages,
    "aktivitaeten": ActivityPages,
    "akteure": ActorPages,
}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Keep crawlers out of the staff's pages, and out of everything in the quick start."""
    if settings.QUICK_START:
        lines = ["User-agent: *", "Disallow: /"]
    else:
        lines = [
            *("User-agent: *", f"Disallow: {reverse('admin:index')}", "Disallow: /konto/"),
            f"Sitemap: {settings.BASE_URL}{reverse('sitemap')}",
        ]
    return _text(lines)


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Say where a weakness can be reported (RFC 9116)."""
    address = operator()["email"]
    expires = timezone.now() + timedelta(days=180)
    return _text(
        [
            f"Contact: mailto:{address}" if address else f"Contact: {settings.BASE_URL}{reverse('legal-impressum')}",
            f"Expires: {expires:%Y-%m-%dT00:00:00Z}",
            "Preferred-Languages: de, en",
            f"Canonical: {settings.BASE_URL}{reverse('security')}",
        ]
    )


@require_safe
def opensearch(request: HttpRequest) -> HttpResponse:
    """Let a browser offer our search in its own search field (OpenSearch 1.1)."""
    context = {"search_url": f"{settings.BASE_URL}{reverse('search')}", "base_url": settings.BASE_URL}
    return render(request, "pages/opensearch.xml", context, content_type="application/opensearchdescription+xml")


def _text(lines: list[str]) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
