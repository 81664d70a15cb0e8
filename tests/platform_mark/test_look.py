"""What the look promises whatever page uses it: drawings that exist, fields that name themselves, data that cannot break out."""

import json
import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client

from platform_mark.pages.portal_tags import WIRES, tel
from practices.wording import after_months, person_days
from tests.make import make_practice
from tests.markup import Page

ROOT = Path(settings.ROOT)
SPRITE = (ROOT / "static/icons/sprite.svg").read_text()
CSS = (ROOT / "static/css/portal.css").read_text()
SOURCES = {path: path.read_text() for path in (ROOT / "templates").rglob("*.html")}


def drawn() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', SPRITE))


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = {name for source in SOURCES.values() for name in re.findall(r'{% icon "([^"]+)"', source)}

    assert len(named) > 15
    assert named <= drawn()


def test_every_wire_form_is_in_the_sprite() -> None:
    named = {name for source in SOURCES.values() for name in re.findall(r'{% wire "([^"]+)"', source)}

    assert named <= set(WIRES)
    assert {f"form-{name}" for name in WIRES} | {f"groesse-{number}" for number in range(1, 5)} <= drawn()


def test_the_style_sheet_is_one_light_file_that_loads_fonts_only() -> None:
    assert len(CSS.encode()) <= 45_000
    assert CSS.count("{") == CSS.count("}")
    assert {path.rpartition(".")[2] for path in re.findall(r"url\(([^)]+)\)", CSS)} == {"woff2"}
    assert "@layer tokens, base, layout, components, print;" in CSS
    assert "@import" not in CSS


def test_every_colour_has_a_dark_twin() -> None:
    tokens = CSS[CSS.index("@layer tokens {") : CSS.index("@layer base {")]

    colours = re.findall(r"--[\w-]+: ([^;]*#[^;]+);", tokens)

    assert len(colours) >= 18
    assert [colour for colour in colours if not re.fullmatch(r"light-dark\(#\w{6}, #\w{6}\)", colour)] == []


def test_templates_hold_no_inline_style_script_or_handler() -> None:
    found = [
        (path.name, match)
        for path, source in SOURCES.items()
        # Mail programs load no style sheet, so a mail carries its own.
        if path.parent.name != "email"
        for match in re.findall(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", source)
    ]

    assert len(SOURCES) > 30
    assert found == []


@pytest.mark.django_db
def test_a_title_cannot_end_the_data_for_search_engines(client: Client) -> None:
    title = "Draht & Feder </script><script>alert(1)</script>"
    practice = make_practice(title, slug="draht")

    html = client.get(practice.get_absolute_url()).content.decode()

    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    data = {block["@type"]: block for block in map(json.loads, blocks)}
    assert data["Article"]["headline"] == title
    assert data["Article"]["url"] == f"{settings.BASE_URL}/beispiele/draht/"
    assert [item["name"] for item in data["BreadcrumbList"]["itemListElement"]] == ["Start", "Beispiele", title]
    assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("number", "address"),
    [
        ("02331 4887814", "+4923314887814"),
        ("02331/48 878-14", "+4923314887814"),
        ("+49 2331 48878", "+49233148878"),
        ("0049 2331 48878", "0049233148878"),
    ],
)
def test_a_telephone_number_becomes_an_address(number: str, address: str) -> None:
    assert tel(number) == address


def test_the_base_page_renders_with_nothing_at_hand() -> None:
    """No request, no context processor, no database: this test has none."""
    page = Page(render_to_string("base.html"))

    assert page.one("main")["id"] == "inhalt"
    assert page.one("a", class_="skip")["href"] == "#inhalt"
    assert {"/impressum/", "/datenschutz/", "/barrierefreiheit/"} <= set(page.links)


class SampleForm(forms.Form):
    name = forms.CharField(label="Ihr Name", error_messages={"required": "Schreiben Sie Ihren Namen in dieses Feld."})
    mail = forms.EmailField(label="E-Mail-Adresse", help_text="Dorthin schicken wir den Link.")
    size = forms.ChoiceField(label="Größe", choices=[("a", "bis 9")], widget=forms.RadioSelect, required=False)
    consent = forms.BooleanField(label="Sie dürfen das speichern.")
    note = forms.CharField(label="Hinweis", help_text="<b>kein</b> HTML", required=False)


def fields(form: forms.Form) -> Page:
    source = "{% for field in form %}{{ field.as_field_group }}{% endfor %}"
    return Page(Template(source).render(Context({"form": form})))


def test_every_control_has_a_visible_label_and_optional_ones_say_so() -> None:
    page = fields(SampleForm())

    labels = {label["for"]: label.text for label in page.all("label") if label["for"]}
    for control in page.all("input", "select", "textarea"):
        assert labels[control["id"]]
    assert labels["id_note"] == "Hinweis (freiwillig)"
    assert page.one("legend").text == "Größe (freiwillig)"
    assert not [text for text in (labels["id_name"], labels["id_mail"], labels["id_consent"]) if "freiwillig" in text]


def test_hint_and_error_are_tied_to_their_control() -> None:
    page = fields(SampleForm({"name": "", "mail": "info.muster.de"}))

    mail = page.one("input", name="mail")
    assert mail["aria-invalid"] == "true"
    told = [page.one("div", id=name).text for name in mail["aria-describedby"].split()]
    assert told[0] == "Dorthin schicken wir den Link."
    assert "E-Mail" in told[1]
    assert page.one("div", id="id_name_error").text == "Schreiben Sie Ihren Namen in dieses Feld."
    assert "aria-invalid" not in page.one("input", name="note")
    assert page.one("div", id="id_note_helptext").text == "<b>kein</b> HTML"


def test_the_summary_of_errors_leads_to_each_field() -> None:
    form = SampleForm({"name": "", "mail": "info.muster.de", "size": "z"})

    page = Page(render_to_string("components/error_summary.html", {"form": form}) + fields(form).html)

    summary = page.one("div", id="fehler")
    assert summary["role"] == "alert"
    targets = [link["href"].removeprefix("#") for link in summary.all("a")]
    assert targets == ["id_name", "id_mail", "id_size", "id_consent"]
    assert set(targets) <= set(page.ids)


def test_efforts_are_put_into_words() -> None:
    assert [person_days(None), person_days(1), person_days(18)] == ["", "1 Personentag", "18 Personentage"]
    assert [after_months(None), after_months(0), after_months(1), after_months(2)] == [
        *("", "sofort"),
        *("nach 1 Monat", "nach 2 Monaten"),
    ]
