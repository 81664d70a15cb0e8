"""Merging branches and topics: what moves, what stays behind as a signpost, what is refused."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, connections, models
from django.http import HttpResponse
from django.test import Client

from platform_mark.taxonomy.merging import MergeRefused, merge, uses
from platform_mark.taxonomy.models import Branch, BranchCode, Topic
from practices.models import Practice
from tests.cast import make_cast
from tests.make import make_branch, make_practice, make_topic
from tests.markup import Page

pytestmark = pytest.mark.django_db


# ---------------------------------------------------------------- the journey


def test_everything_that_pointed_at_the_old_term_points_at_the_new_one() -> None:
    wire, metal = make_branch("Drahtzieherei"), make_branch("Metall und Draht")
    BranchCode.objects.create(branch=wire, code="24")
    first, second = make_practice(branches=(wire,)), make_practice(branches=(wire,))
    merge(wire, into=metal)
    assert set(metal.practices.all()) == {first, second}
    assert not wire.practices.exists()
    assert [code.code for code in metal.codes.all()] == ["24"]


def test_what_had_both_terms_has_the_new_one_once() -> None:
    wire, metal = make_branch(), make_branch()
    practice = make_practice(branches=(wire, metal))
    merge(wire, into=metal)
    assert list(practice.branches.all()) == [metal]
    assert Practice.branches.through.objects.count() == 1


def test_topics_merge_by_the_same_function() -> None:
    old, new = make_topic("KI"), make_topic("Daten und künstliche Intelligenz")
    practice = make_practice(topics=(old,))
    merge(old, into=new)
    assert list(practice.topics.all()) == [new]


def test_the_old_words_become_synonyms_each_once() -> None:
    old = make_branch("Drahtzieherei", synonyms=["Ziehwerk", "metall und draht", "Federn"])
    new = make_branch("Metall und Draht", synonyms=["federn", "Stanzerei"])
    merge(old, into=new)
    new.refresh_from_db()
    assert new.synonyms == ["federn", "Stanzerei", "Drahtzieherei", "Ziehwerk"]


def test_the_old_term_stays_as_a_signpost_and_leaves_the_current_ones() -> None:
    old, new = make_branch(), make_branch()
    merge(old, into=new)
    old.refresh_from_db()
    assert old.merged_into == new
    assert list(Branch.objects.current()) == [new]


def test_signposts_never_form_a_chain() -> None:
    first, second, third = make_branch(), make_branch(), make_branch()
    merge(first, into=second)
    merge(second, into=third)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.merged_into == second.merged_into == third


def test_a_term_is_not_merged_with_itself_nor_twice_nor_into_a_signpost() -> None:
    first, second, third = make_branch("Eins"), make_branch("Zwei"), make_branch("Drei")
    with pytest.raises(MergeRefused, match="mit sich selbst"):
        merge(first, into=first)
    merge(first, into=second)
    with pytest.raises(MergeRefused, match="„Eins“ wurde schon zusammengeführt"):
        merge(first, into=third)
    with pytest.raises(MergeRefused, match="„Eins“ wurde selbst schon zusammengeführt"):
        merge(third, into=first)


def test_what_an_object_in_hand_says_does_not_decide() -> None:
    first, second, third = make_branch(), make_branch(), make_branch()
    stale = Branch.objects.get(pk=first.pk)
    merge(first, into=second)
    with pytest.raises(MergeRefused):
        merge(stale, into=third)


def test_a_branch_is_not_merged_into_a_topic() -> None:
    with pytest.raises(MergeRefused):
        merge(make_branch(), into=make_topic())  # type: ignore[type-var]


def test_a_refused_merge_changes_nothing() -> None:
    first, second, third = make_branch(), make_branch(), make_branch()
    merge(first, into=second)
    practice = make_practice(branches=(third,))
    with pytest.raises(MergeRefused):
        merge(third, into=first)
    assert list(practice.branches.all()) == [third]


def test_relations_of_subjects_that_do_not_exist_yet_move_as_well() -> None:
    """What a later app adds is found without a word in the merging: a column of its own, and one that must be unique."""

    class Offer(models.Model):  # noqa: DJ008
        branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")

        class Meta:
            app_label = "taxonomy"

    class Interest(models.Model):  # noqa: DJ008
        branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="interests")
        who = models.CharField(max_length=10)

        class Meta:
            app_label = "taxonomy"
            constraints = [models.UniqueConstraint(fields=["branch", "who"], name="one_interest")]

    try:
        with connection.schema_editor() as editor:
            editor.create_model(Offer)
            editor.create_model(Interest)
        old, new = make_branch(), make_branch()
        offer = Offer.objects.create(branch=old)
        Interest.objects.bulk_create(
            [Interest(branch=old, who="A"), Interest(branch=new, who="A"), Interest(branch=old, who="B")]
        )
        merge(old, into=new)
        offer.refresh_from_db()
        assert offer.branch == new
        assert sorted(Interest.objects.values_list("who", "branch")) == [("A", new.pk), ("B", new.pk)]
    finally:
        for model in (Offer, Interest):
            del model._meta.apps.all_models["taxonomy"][model.__name__.lower()]
        Branch._meta.apps.clear_cache()


def test_uses_are_counted_by_kind() -> None:
    metal = make_branch()
    assert uses(metal) == []
    make_practice(branches=(metal,))
    make_practice(branches=(metal, make_branch()))
    BranchCode.objects.create(branch=metal, code="24")
    merge(make_branch(), into=metal)
    found = {(use.count, use.label): use.is_part for use in uses(metal)}
    assert found == {
        (2, "Gute Beispiele"): False,
        (1, "Schlüssel der Wirtschaftszweige"): True,
        (1, "Branche"): False,
    }


@pytest.mark.django_db(transaction=True)
def test_two_people_who_merge_crosswise_at_once_do_not_lose_both_terms() -> None:
    first, second = make_branch("Eins"), make_branch("Zwei")
    start = Barrier(2)
    outcomes: list[str] = []

    def run(old: Branch, new: Branch) -> None:
        start.wait()
        try:
            merge(old, into=new)
            outcomes.append("merged")
        except MergeRefused:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["merged", "refused"]
    assert Branch.objects.current().count() == 1


# ---------------------------------------------------------------- through the front door


@pytest.fixture
def editor() -> Client:
    return make_cast().client("editor")


Merge = Callable[..., HttpResponse]


@pytest.fixture
def merge_by_hand(editor: Client) -> Merge:
    def run(*terms: Branch, into: Branch | None = None) -> HttpResponse:
        data: dict[str, Any] = {"action": "merge_terms", "_selected_action": [term.pk for term in terms]}
        if into:
            data |= {"confirmed": "1", "into": into.pk}
        return editor.post("/admin/taxonomy/branch/", data, follow=True)

    return run


def test_staff_are_told_what_moves_before_it_does(merge_by_hand: Merge) -> None:
    wire, metal = make_branch("Drahtzieherei"), make_branch("Metall und Draht")
    signpost = make_branch("Alt", merged_into=metal)
    for _ in range(3):
        make_practice(branches=(wire,))
    page = Page.of(merge_by_hand(wire))
    assert page.one("h1").text == "Begriffe zusammenführen"
    assert "Drahtzieherei: 3 Gute Beispiele" in page.main.text
    choices = {option["value"] for option in page.main.one("select", name="into").all("option")}
    assert choices == {"", str(metal.pk)}, (choices, wire.pk, signpost.pk)
    assert Branch.objects.get(pk=wire.pk).merged_into is None


def test_staff_merge_several_at_once_and_the_history_says_so(merge_by_hand: Merge) -> None:
    first, second, metal = make_branch("Drahtzieherei"), make_branch("Federn"), make_branch("Metall und Draht")
    practice = make_practice(branches=(first, second))
    page = Page.of(merge_by_hand(first, second, into=metal))
    assert "„Drahtzieherei“ ist jetzt Teil von „Metall und Draht“." in page.main.text
    assert list(practice.branches.all()) == [metal]
    said = [(entry.object_repr, entry.get_change_message()) for entry in LogEntry.objects.order_by("pk")]
    assert ("Drahtzieherei", "Zusammengeführt mit „Metall und Draht“.") in said
    assert ("Metall und Draht", "„Federn“ ist darin aufgegangen.") in said


def test_without_a_choice_nothing_happens(editor: Client) -> None:
    wire = make_branch("Drahtzieherei")
    make_branch()
    data = {"action": "merge_terms", "_selected_action": [wire.pk], "confirmed": "1", "into": ""}
    response = editor.post("/admin/taxonomy/branch/", data)
    assert "Bitte wählen Sie den Begriff, der bleiben soll." in response.content.decode()
    data["into"] = str(wire.pk)
    assert "Diese Auswahl gibt es nicht mehr." in editor.post("/admin/taxonomy/branch/", data).content.decode()


def test_who_may_only_read_may_not_merge() -> None:
    wire, metal = make_branch(), make_branch()
    client = make_cast().client("moderator")
    data = {"action": "merge_terms", "_selected_action": [wire.pk], "confirmed": "1", "into": metal.pk}
    client.post("/admin/taxonomy/branch/", data)
    wire.refresh_from_db()
    assert wire.merged_into is None


def test_old_addresses_lead_visitors_to_the_new_term(client: Client, merge_by_hand: Merge) -> None:
    wire, metal = make_branch("Drahtzieherei"), make_branch("Metall und Draht")
    practice = make_practice("Einrichtekarte", branches=(wire,))
    merge_by_hand(wire, into=metal)
    response = client.get("/branchen/drahtzieherei/")
    assert (response.status_code, response["Location"]) == (301, "/branchen/metall-und-draht/")
    response = client.get("/beispiele/?branche=drahtzieherei&groesse=klein")
    assert (response.status_code, response["Location"]) == (301, "/beispiele/?branche=metall-und-draht&groesse=klein")
    assert practice.title in client.get("/branchen/metall-und-draht/").content.decode()


def test_a_signpost_is_read_only_and_offered_nowhere(editor: Client) -> None:
    metal = make_branch("Metall und Draht")
    old = make_branch("Drahtzieherei", merged_into=metal)
    page = Page.of(editor.get(f"/admin/taxonomy/branch/{old.pk}/change/"))
    assert not page.main.all("input", name="name")
    assert editor.post(f"/admin/taxonomy/branch/{old.pk}/change/", {"name": "x"}).status_code == 403
    assert "Drahtzieherei" not in Page.of(editor.get("/admin/taxonomy/branch/")).main.text
    assert "Drahtzieherei" in Page.of(editor.get("/admin/taxonomy/branch/?zustand=zusammengefuehrt")).main.text
    form = Page.of(editor.get("/admin/practices/practice/add/"))
    assert {box["value"] for box in form.main.all("input", name="branches")} == {str(metal.pk)}


def test_shipped_terms_and_terms_in_use_are_not_deleted_and_the_reason_is_said() -> None:
    superuser = make_cast().client("superuser")
    shipped, used, free = make_branch("Alpha", reference_key="alpha"), make_branch("Beta"), make_branch("Gamma")
    BranchCode.objects.create(branch=free, code="99")
    make_practice(branches=(used,))
    for term, reason in ((shipped, "gehört zum Grundbestand"), (used, "wird noch gebraucht: 1 Gutes Beispiel")):
        for send in (superuser.get, superuser.post):
            response = send(f"/admin/taxonomy/branch/{term.pk}/delete/", {"post": "yes"}, follow=True)
            assert response.status_code == 200
            assert reason in Page.of(response).main.text
    assert superuser.post(f"/admin/taxonomy/branch/{free.pk}/delete/", {"post": "yes"}).status_code == 302
    assert set(Branch.objects.all()) == {shipped, used}
    assert "delete_selected" not in superuser.get("/admin/taxonomy/branch/").content.decode()


# ---------------------------------------------------------------- editing terms


def test_a_new_term_gets_its_address_in_german_spelling(editor: Client) -> None:
    data = {"name": "Größere Öfen & Straßenbau", "slug": "", "order": "5", "synonyms": "Öfen,  Ofen ,\nöfen, "}
    assert editor.post("/admin/taxonomy/topic/add/", data).status_code == 302
    topic = Topic.objects.get()
    assert topic.slug == "groessere-oefen-strassenbau"
    assert topic.synonyms == ["Öfen", "Ofen"]
    assert editor.post("/admin/taxonomy/topic/add/", data | {"name": "Größere Öfen: Straßenbau"}).status_code == 302
    assert Topic.objects.latest("pk").slug == "groessere-oefen-strassenbau-2"


def test_the_order_is_changed_in_the_list(editor: Client) -> None:
    first, second = make_branch("Eins", order=1), make_branch("Zwei", order=2)
    page = Page.of(editor.get("/admin/taxonomy/branch/"))
    assert page.main.one("input", name="form-0-order")["aria-label"] == "Reihenfolge von Eins"
    data = {
        **{f"form-{field}": "2" for field in ("TOTAL_FORMS", "INITIAL_FORMS")},
        "form-0-id": first.pk,
        "form-0-order": "9",
        "form-1-id": second.pk,
        "form-1-order": "2",
        "_save": "1",
    }
    assert editor.post("/admin/taxonomy/branch/", data).status_code == 302
    assert list(Branch.objects.all()) == [second, first]


def test_an_address_others_have_linked_to_is_not_changed(editor: Client) -> None:
    topic = make_topic("Lager")
    editor.post(f"/admin/taxonomy/topic/{topic.pk}/change/", {"name": "Lager und Einkauf", "slug": "neu", "order": "1"})
    topic.refresh_from_db()
    assert (topic.name, topic.slug) == ("Lager und Einkauf", "lager")


def test_the_codes_of_a_branch_are_edited_with_it(editor: Client) -> None:
    metal, other = make_branch("Metall"), make_branch("Kunststoff")
    BranchCode.objects.create(branch=other, code="22")
    address = f"/admin/taxonomy/branch/{metal.pk}/change/"
    data = {
        "name": "Metall",
        "order": "1",
        "synonyms": "",
        **{f"{part}-{count}_FORMS": "0" for part in ("evidence", "specialisations") for count in ("TOTAL", "INITIAL")},
        "codes-TOTAL_FORMS": "1",
        "codes-INITIAL_FORMS": "0",
        "codes-0-edition": "WZ 2008",
        "codes-0-code": "22",
    }
    response = editor.post(address, data)
    assert "Diese Abteilung gehört schon zu einer anderen Branche." in response.content.decode()
    assert editor.post(address, data | {"codes-0-code": "25"}).status_code == 302
    assert [code.code for code in metal.codes.all()] == ["25"]


def test_official_lists_are_for_reading(editor: Client) -> None:
    superuser = make_cast().client("superuser")
    for path in ("municipality", "district"):
        assert superuser.get(f"/admin/taxonomy/{path}/").status_code == 200
        assert superuser.get(f"/admin/taxonomy/{path}/add/").status_code == 403
    assert editor.get("/admin/taxonomy/municipality/").status_code == 200
