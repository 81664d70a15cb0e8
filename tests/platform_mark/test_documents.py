"""PDFs to take along: taken by content, given out as files to save, gone when nobody may have them."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from platform_mark.media.documents import (
    DocumentRefused,
    change_address,
    check_document,
    clean_name,
    place,
    store_document,
)
from platform_mark.media.images import change_address as change_image_address
from platform_mark.media.models import Document
from tests.make import make_image, make_user

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def make_document(**words: str) -> Document:
    return store_document(PDF, **{"title": "Vorlage Einrichtekarte", "name": "Einrichtekarte.pdf", **words})


def test_a_document_is_given_out_as_a_file_that_may_do_nothing(client: Any) -> None:
    document = make_document(name="Karte für Müller & Söhne.pdf")
    response = client.get(document.url)
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"].startswith("attachment;")
    assert "Karte%20f%C3%BCr%20M%C3%BCller" in response["Content-Disposition"]
    assert response["Content-Type"] == "application/pdf"
    policy = {part.strip() for part in response["Content-Security-Policy"].split(";")}
    assert policy == {"default-src 'none'", "sandbox"}
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script></html>",
        b"<!doctype html>" + PDF,
        b"PK\x03\x04 a renamed docx",
        PDF[:-8],
        PDF.replace(b"/Catalog", b"/Catalog /OpenAction <</S /JavaScript /JS (app.alert(1))>>"),
        PDF.replace(b"/Catalog", b"/Catalog /OpenAction <</S /Launch /F (cmd.exe)>>"),
    ],
)
def test_what_is_no_plain_pdf_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(DocumentRefused, match=r"PDF"):
        check_document(ContentFile(content))


def test_a_large_file_is_refused_without_being_read_whole() -> None:
    with pytest.raises(DocumentRefused, match="20 MB"):
        check_document(ContentFile(PDF + b" " * (21 * 1024 * 1024)))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\temp\\Karte.PDF", "Karte.pdf"),
        ("a\x00b\u202efdp.exe", "a_b_fdp.exe.pdf"),
        ("Prüfplan (neu).pdf", "Prüfplan (neu).pdf"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
        ("...", "dokument.pdf"),
    ],
)
def test_the_shown_name_is_one_that_every_system_can_save(given: str, shown: str) -> None:
    assert clean_name(given) == shown


def test_a_new_address_ends_the_old_one(client: Any, django_capture_on_commit_callbacks: Any) -> None:
    document, image = make_document(), make_image()
    old = [document.url, image.src]
    with django_capture_on_commit_callbacks(execute=True):
        change_address(document)
        change_image_address(image)
    assert [client.get(url).status_code for url in old] == [404, 404]
    assert [client.get(url).status_code for url in (document.url, image.src)] == [200, 200]


def test_a_deleted_document_leaves_no_file(django_capture_on_commit_callbacks: Any) -> None:
    document = make_document()
    path = place(document.token)
    assert path.is_file()
    with django_capture_on_commit_callbacks(execute=True):
        document.delete()
    assert not path.exists()


def test_staff_upload_a_document_and_are_told_what_is_wrong_beside_the_field(client: Any, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(make_user("redaktion@agentur.test", is_staff=True, is_superuser=True))
    add = reverse("admin:media_document_add")
    bad = client.post(add, {"title": "Vorlage", "file": ContentFile(b"<html>", name="x.pdf")})
    assert "kein vollständiges PDF" in str(bad.context["adminform"].form.errors["file"])
    assert bad.context["adminform"].form["title"].value() == "Vorlage"
    assert client.post(add, {"title": "", "file": ContentFile(PDF, name="x.pdf")}).status_code == 200
    assert not list(place("x").parent.glob("*")), "a refused form leaves no file"
    assert client.post(add, {"title": "Vorlage", "file": ContentFile(PDF, name="Karte.pdf")}).status_code == 302
    document = Document.objects.get()
    assert (document.title, document.name, document.size) == ("Vorlage", "Karte.pdf", len(PDF))


def test_a_full_disk_is_an_error_of_the_form(client: Any, settings: Any, tmp_path: Path) -> None:
    settings.STAFF_SECOND_FACTOR = False
    # A file where the folder should be: nothing can be written, as on a full or broken disk.
    (tmp_path / "media").write_text("")
    client.force_login(make_user("redaktion@agentur.test", is_staff=True, is_superuser=True))
    response = client.post(
        reverse("admin:media_document_add"), {"title": "Vorlage", "file": ContentFile(PDF, name="Karte.pdf")}
    )
    assert "konnte nicht gespeichert werden" in str(response.context["adminform"].form.errors["file"])
    assert not Document.objects.exists()
