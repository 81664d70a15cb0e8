"""The register in the words of other programs: schema.org."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from .models import Activity, Actor
from .reading import Terms, area_text


def activity_json_ld(activity: Activity, terms: Terms) -> dict[str, Any]:
    """An entry as schema.org knows it: a service, its provider, where and for whom. No person is named."""
    service: dict[str, Any] = {
        "@type": "Service",
        "name": activity.title,
        "description": activity.summary,
        "serviceType": activity.get_kind_display(),
        "url": f"{settings.BASE_URL}{activity.get_absolute_url()}",
        "provider": {
            "@type": "Organization",
            "name": activity.actor.name,
            "url": f"{settings.BASE_URL}{activity.actor.get_absolute_url()}",
        },
        "areaServed": area_text(activity, terms),
    }
    if activity.target_groups:
        service["audience"] = [
            {"@type": "Audience", "audienceType": str(label)} for label in activity.target_group_labels
        ]
    if activity.cost == Activity.Cost.FREE:
        service["offers"] = {"@type": "Offer", "price": "0", "priceCurrency": "EUR"}
    if activity.changed_at:
        service["subjectOf"] = {
            "@type": "WebPage",
            "dateModified": timezone.localtime(activity.changed_at).isoformat(),
        }
    return service


def actor_json_ld(actor: Actor) -> dict[str, Any]:
    """An organisation as schema.org knows it, by its role mailbox."""
    values = {
        "description": actor.summary,
        "sameAs": actor.website,
        "email": actor.contact_email,
        "address": actor.municipality.name if actor.municipality else actor.place,
    }
    return {
        "@type": "Organization",
        "name": actor.name,
        "url": f"{settings.BASE_URL}{actor.get_absolute_url()}",
        **{name: value for name, value in values.items() if value},
    }
