"""What the index knows of the register: all that is public, and never what is for actors only."""

import pytest
from django.test import Client
from django.utils import timezone

from actors import review
from actors.models import Activity, Actor
from platform_mark.publishing.models import State
from platform_mark.search import index
from platform_mark.search.models import FacetSet, SearchEntry
from platform_mark.taxonomy.merging import merge
from platform_mark.taxonomy.models import District
from tests.actors.make import make_activity, make_actor, make_revision
from tests.make import DAY, make_branch, make_municipality, make_topic, make_user

pytestmark = pytest.mark.django_db


def facets(activity: Activity) -> set[str]:
    """Every code that an entry can be filtered by."""
    entry = SearchEntry.objects.get(kind="actors.activity", object_id=activity.pk)
    numbers = [getattr(entry, column) for column in activity.search_shape.sets]
    return {code for found in FacetSet.objects.filter(pk__in=numbers) for code in found.codes}


def found() -> set[str]:
    return set(SearchEntry.objects.filter(kind="actors.activity").values_list("title", flat=True))


def test_only_what_everybody_may_see_is_found() -> None:
    make_activity("Öffentlich")
    make_activity("Nur für Akteure", visibility="actors")
    make_activity("Entwurf", state=State.DRAFT, published_at=None)
    make_activity("Beendet", state=State.ARCHIVED)
    make_activity("Wartet", actor=make_actor(state=Actor.State.WAITING, approved_at=None))
    make_activity("Ausgetreten", actor=make_actor(state=Actor.State.FORMER, left_at=timezone.now()))
    assert found() == {"Öffentlich"}
    assert index.differences() == 0


def test_what_becomes_for_actors_only_is_forgotten() -> None:
    activity = make_activity("Plan")
    review.approve(make_revision(activity, data={"visibility": "actors"}), by=make_user(is_staff=True))
    assert found() == set()


def test_nothing_chosen_means_for_all(client: Client) -> None:
    metal, other, town = make_branch(), make_branch(), make_municipality()
    make_activity("Für alle da")
    make_activity("Nur für andere", branches=(other,))
    for query in (f"branche={metal.slug}", f"branche={metal.slug}&ort={town.slug}&groesse=klein"):
        html = client.get(f"/aktivitaeten/?{query}").content.decode()
        assert "Für alle da" in html, query
        assert "Nur für andere" not in html, query


def test_a_district_means_all_its_towns_and_nothing_else() -> None:
    town = make_municipality("Altena")
    hagen = District.objects.create(key="05914", name="Hagen", slug="hagen")
    other = make_municipality("Hagen", district=hagen)
    codes = facets(make_activity(districts=(town.district,)))
    assert f"ort:{town.pk}" in codes
    assert f"ort:{other.pk}" not in codes
    assert f"kreis:{hagen.pk}" not in codes


def test_merged_terms_are_found_under_the_one_that_stays() -> None:
    old, new = make_topic("Alt"), make_topic("Neu")
    activity = make_activity(topics=(old,))
    merge(old, into=new)
    assert f"thema:{new.pk}" in facets(activity)
    assert index.differences() == 0


def test_an_entry_is_found_until_its_last_day() -> None:
    today = timezone.localdate()
    activity = make_activity(valid_until=today + 3 * DAY)
    entry = SearchEntry.objects.get(kind="actors.activity", object_id=activity.pk)
    assert timezone.localdate(entry.visible_until) == today + 4 * DAY
