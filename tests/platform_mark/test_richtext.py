from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.core import serializers
from django.db.models import F, Value
from django.forms import modelform_factory
from hypothesis import given
from hypothesis import strategies as st

from platform_mark.pages.models import LegalText
from platform_mark.publishing.fields import clean_html
from practices.models import Practice
from tests.make import make_practice

ALLOWED = {"p", "br", "strong", "em", "ul", "ol", "li", "a"}


class Reader(HTMLParser):
    """Reads as a browser does and remembers every tag, attribute and word; complains about everything else."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


@pytest.mark.parametrize("address", ["", " ", "javascript:alert(1)"])
def test_a_link_without_an_address_stays_as_its_words(address: str) -> None:
    assert clean_html(f'<p>Der <a href="{address}" title="x">Bericht</a>.</p>') == "<p>Der Bericht.</p>"


def assert_harmless(html: str, *, tags: set[str] = ALLOWED) -> None:
    reader = Reader(html)
    assert set(reader.tags) <= tags
    for tag, name, value in reader.attributes:
        assert (tag, name) in {("a", "href"), ("a", "rel"), ("a", "title")}
        if name == "rel":
            assert value == "noopener noreferrer"
        if name == "href":
            address = (value or "").strip()
            assert urlsplit(address).scheme in ("", "http", "https", "mailto")
            assert not address.replace("\\", "/").startswith("//")
    assert reader.tags.count("a") == sum(name == "href" for _, name, _ in reader.attributes), (
        "every link leads somewhere"
    )
    assert reader.tags.count("a") == sum(name == "rel" for _, name, _ in reader.attributes)


PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//boese.example/x.js></SCRIPT>",
    "<script\x0c>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<script>alert(1)",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src='x' onerror='alert(1)' alt='",
    '<img """><script>alert(1)</script>">',
    "<image href=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math href='javascript:alert(1)'>x</math>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<form action='javascript:alert(1)'><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<isindex action='javascript:alert(1)' type=submit>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<base href='https://boese.example/'>",
    "<link rel=stylesheet href='https://boese.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>@import 'https://boese.example/x.css';</style>",
    "<style><img src='</style><img src=x onerror=alert(1)>'></style>",
    "<p style='background:url(javascript:alert(1))' class=btn id=x data-x=1 onclick=alert(1)>x</p>",
    "<strong onmouseover=alert(1) style='position:fixed'>x</strong>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='java&#x0A;script:alert(1)'>x</a>",
    "<a href='&#106;avascript&colon;alert(1)'>x</a>",
    "<a href='javascript&#0000058alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='blob:https://portal.test/1'>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href='ftp://boese.example/'>x</a>",
    "<a href='view-source:javascript:alert(1)'>x</a>",
    "<a href='//boese.example/'>x</a>",
    "<a href=' //boese.example/'>x</a>",
    "<a href='/\\boese.example/'>x</a>",
    "<a href='\\\\boese.example/'>x</a>",
    "<a href='/\t/boese.example/'>x</a>",
    "<a href='https://boese.example' target=_blank rel=opener ping='//boese.example' download>x</a>",
    "<a name=x onclick=alert(1)>x</a>",
    "<a href='https://a.example' title='\"><script>alert(1)</script>'>x</a>",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php system('id') ?><?xml-stylesheet href='javascript:alert(1)'?>",
    "<xmp><script>alert(1)</script></xmp>",
    "<textarea><script>alert(1)</script></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<template><img src=x onerror=alert(1)></template>",
    "<plaintext><script>alert(1)</script>",
    "<table background='javascript:alert(1)'><tr><td>x</td></tr></table>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<custom-element onclick=alert(1)>x</custom-element>",
    "<p\x00onclick=alert(1)>x</p>",
    "<h1>x</h1><h2 onclick=alert(1)>x</h2><h4>x</h4>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "{{ 7|add:7 }} {% load x %} ${alert(1)}",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_dangerous_is_stored(db, payload):
    html = f"<p>Vorher</p>{payload}<p>Nachher</p>"
    practice = make_practice(goal=html)
    assert_harmless(practice.goal)
    practice.refresh_from_db()
    assert_harmless(practice.goal)
    assert practice.goal.startswith("<p>Vorher</p>")


@given(st.lists(st.sampled_from([*PAYLOADS, "<p>", "</p>", "<a href='/x'>", "</a>", "'", '"', "<", "Ö"]), max_size=6))
def test_no_mixture_is_dangerous_and_cleaning_again_changes_nothing(parts):
    for headings in (False, True):
        cleaned = clean_html("".join(parts), headings=headings)
        assert_harmless(cleaned, tags=ALLOWED | ({"h2", "h3"} if headings else set()))
        assert clean_html(cleaned, headings=headings) == cleaned


def created(html: str) -> Practice:
    return make_practice(goal=html)


def saved(html: str) -> Practice:
    practice = make_practice()
    practice.goal = html
    practice.save()
    return practice


def saved_alone(html: str) -> Practice:
    practice = make_practice()
    practice.goal = html
    practice.save(update_fields=["goal"])
    return practice


def updated(html: str) -> Practice:
    practice = make_practice()
    Practice.objects.filter(pk=practice.pk).update(goal=html)
    return practice


def updated_or_created(html: str) -> Practice:
    practice = make_practice()
    return Practice.objects.update_or_create(pk=practice.pk, defaults={"goal": html})[0]


def created_in_bulk(html: str) -> Practice:
    return Practice.objects.bulk_create([Practice(title="Viele", slug="viele", goal=html)])[0]


def updated_in_bulk(html: str) -> Practice:
    practice = make_practice()
    practice.goal = html
    Practice.objects.bulk_update([practice], ["goal"])
    return practice


def loaded_from_a_file(html: str) -> Practice:
    practice = make_practice()
    practice.goal = html
    [loaded] = serializers.deserialize("json", serializers.serialize("json", [practice]))
    loaded.save()
    return practice


def posted(html: str) -> Practice:
    form = modelform_factory(Practice, fields=["goal"])({"goal": html}, instance=make_practice())
    assert form.is_valid()
    return form.save()


WAYS: list[Callable[[str], Practice]] = [
    *(created, saved, saved_alone, updated, updated_or_created),
    *(created_in_bulk, updated_in_bulk, loaded_from_a_file, posted),
]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_into_the_database_cleans(db, way):
    practice = way('<p onclick="x()">Gut <b>und</b> <script>alert(1)</script><a href="javascript:x()">böse</a></p>')
    practice = Practice.objects.get(pk=practice.pk)
    assert practice.goal == "<p>Gut und böse</p>"


def test_an_expression_of_the_database_is_left_to_it(db):
    practice = make_practice(goal="<p>Ziel</p>", lessons="<p>Lehre</p>")
    Practice.objects.filter(pk=practice.pk).update(goal=F("lessons"), lessons=Value("<p>Neu</p>"))
    practice.refresh_from_db()
    assert (practice.goal, practice.lessons) == ("<p>Lehre</p>", "<p>Neu</p>")


def test_what_is_allowed_stays_as_it_is(db):
    html = (
        "<p>Erst <strong>messen</strong>, dann <em>ändern</em>.<br>Neue Zeile</p>"
        "<ul><li>eins</li><li>zwei &amp; &lt;drei&gt;</li></ul><ol><li>vier</li></ol>"
        '<p><a href="https://firma.example/a?b=1&amp;c=2" rel="noopener noreferrer">Quelle</a>'
        '<a href="mailto:info@firma.example" rel="noopener noreferrer">Mail</a>'
        '<a href="/beispiele/" title="Alle" rel="noopener noreferrer">Beispiele</a></p>'
    )
    practice = make_practice(goal=html)
    practice.refresh_from_db()
    assert practice.goal == html


def test_a_link_to_nowhere_leaves_its_words(db):
    assert (
        make_practice(goal='<p>Siehe <a href="javascript:x()" title="a>b">dort</a>.</p>').goal == "<p>Siehe dort.</p>"
    )


@pytest.mark.parametrize(
    "html",
    [
        "",
        "  \n",
        "<p></p>",
        "<p> </p>",
        "<p><br></p>",
        "<p>&nbsp;</p><p></p>",
        "<ul><li></li></ul>",
        "<script>x</script>",
    ],
)
def test_a_text_without_words_is_empty(db, html):
    practice = make_practice(goal=html)
    practice.refresh_from_db()
    assert practice.goal == ""


def test_headings_stand_only_in_texts_that_are_a_page(db):
    html = '<h1>A</h1><h2 id="b">B</h2><h3>C</h3><h4>D</h4><p>E</p>'
    assert make_practice(goal=html).goal == "ABCD<p>E</p>"
    text = LegalText.objects.create(page=LegalText.Page.IMPRESSUM, valid_from=date(2026, 11, 23), body=html)
    text.refresh_from_db()
    assert text.body == "A<h2>B</h2><h3>C</h3>D<p>E</p>"


def test_a_page_prints_the_cleaned_text_and_nothing_of_the_rest(db, client):
    practice = make_practice(goal="<p>Ziel <em>klar</em><img src=x onerror=alert(1)><script>alert(1)</script></p>")
    page = client.get(practice.get_absolute_url()).content.decode()
    assert "<p>Ziel <em>klar</em></p>" in page
    assert "alert(1)" not in page


# ---------------------------------------------------------------- what authors are told


def field_error(name: str, html: str) -> str:
    form = modelform_factory(Practice, fields=[name])({name: html})
    return " ".join(form.errors.get(name, []))


@pytest.mark.parametrize("words", ["hier", "Hier klicken", "<strong>mehr</strong> …", "Link.", "&nbsp;hier&nbsp;»"])
def test_a_link_must_say_where_it_leads(words: str) -> None:
    refused = field_error("goal", f'<p>Mehr dazu <a href="https://www.example.org/">{words}</a></p>')
    assert "sagt nicht, wohin er führt" in refused


def test_a_link_with_words_is_taken() -> None:
    assert (
        field_error("goal", '<p>Siehe <a href="https://www.example.org/">Bericht der Kammer, hier im Heft</a></p>')
        == ""
    )


def test_headings_of_a_page_begin_with_the_upper_level() -> None:
    form = modelform_factory(LegalText, fields=["body"])
    assert "Unterüberschrift" in " ".join(form({"body": "<h3>Wer</h3><p>Wir</p>"}).errors["body"])
    assert "body" not in form({"body": "<h2>Wer</h2><h3>Genau</h3><p>Wir</p>"}).errors
