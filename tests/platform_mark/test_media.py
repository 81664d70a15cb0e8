import os
import re
import resource
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, PngImagePlugin

from platform_mark.accounts.roles import load_roles
from platform_mark.media.images import ImageRefused, Orphans, check_image, find_orphans, remove_files, store_image
from platform_mark.media.models import Image
from platform_mark.media.tasks import report_orphaned_pictures
from practices.models import PracticePicture
from tests.make import make_practice, make_user

CANARY = "Kanarienvogel-7b21"


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT / "bilder"


@pytest.fixture
def editor(db, client, settings):
    """The client of somebody with the role Redaktion."""
    settings.STAFF_SECOND_FACTOR = False
    load_roles()
    user = make_user(is_staff=True)
    user.groups.set([Group.objects.get(name="Redaktion")])
    client.force_login(user)
    return client


# ---------------------------------------------------------------- pictures to upload


def encoded(picture: Pillow.Image, format_: str = "PNG", **options) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


def plain(size: tuple[int, int] = (640, 320), mode: str = "RGB") -> Pillow.Image:
    return Pillow.linear_gradient("L").resize(size).convert(mode)


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, data: bytes = b"", extra: bytes = b"") -> bytes:
    """A PNG made by hand, for what no honest program writes."""
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)),
            extra,
            chunk(b"IDAT", zlib.compress(data, 9)),
            chunk(b"IEND", b""),
        ]
    )


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def jpeg_of_size(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(encoded(plain((16, 16)), "JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_of_many_scans() -> bytes:
    """A progressive JPEG with so many passes that decoding it takes minutes."""
    data = encoded(Pillow.new("RGB", (6000, 4000), "gray"), "JPEG", progressive=True, subsampling=0)
    end = data.rindex(b"\xff\xd9")
    scan = data[data.rindex(b"\xff\xc4", 0, data.rindex(b"\xff\xda")) : end]
    return data[:end] + scan * 20_000 + b"\xff\xd9"


def webp_of_size(width: int, height: int) -> bytes:
    data = bytearray(encoded(plain((16, 16)), "WEBP", lossless=True))
    assert data[12:16] == b"VP8L"
    data[21:25] = (width - 1 | height - 1 << 14).to_bytes(4, "little")
    return bytes(data)


def zipped(name: str, content: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def animation(format_: str, frames: int = 3) -> bytes:
    first, *more = [Pillow.new("RGB", (40, 30), (40 * n % 256, 0, n % 256)) for n in range(frames)]
    return encoded(first, format_, save_all=True, append_images=more, duration=20)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"
NOT_A_PICTURE, TOO_MANY_PIXELS, BROKEN, MOVING = (
    "kein JPEG, PNG oder WebP",
    "40 Megapixel",
    "beschädigt",
    "Bewegte Bilder",
)

HOSTILE = {
    "svg": (lambda: SVG, NOT_A_PICTURE),
    "svg with an XML head": (lambda: b'<?xml version="1.0"?>' + SVG, NOT_A_PICTURE),
    "svg, compressed": (lambda: zlib.compress(SVG), NOT_A_PICTURE),
    "html": (lambda: HTML, NOT_A_PICTURE),
    "html behind a PNG signature": (lambda: b"\x89PNG\r\n\x1a\n" + HTML, NOT_A_PICTURE),
    "html behind a JPEG signature": (lambda: b"\xff\xd8\xff\xe0" + HTML, NOT_A_PICTURE),
    "html behind a WebP signature": (lambda: b"RIFF\x40\0\0\0WEBPVP8 " + HTML, NOT_A_PICTURE),
    "script": (lambda: b"#!/bin/sh\nid\n", NOT_A_PICTURE),
    "php": (lambda: b"GIF89a<?php system('id'); ?>", NOT_A_PICTURE),
    "postscript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run", NOT_A_PICTURE),
    "pdf": (lambda: encoded(plain(), "PDF"), NOT_A_PICTURE),
    "bmp": (lambda: encoded(plain(), "BMP"), NOT_A_PICTURE),
    "tiff": (lambda: encoded(plain(), "TIFF"), NOT_A_PICTURE),
    "ico": (lambda: encoded(plain((32, 32)), "ICO"), NOT_A_PICTURE),
    "ppm": (lambda: encoded(plain(), "PPM"), NOT_A_PICTURE),
    "gif": (lambda: encoded(plain(mode="P"), "GIF"), NOT_A_PICTURE),
    "gif with many frames": (lambda: animation("GIF", 500), NOT_A_PICTURE),
    "jpeg 2000": (lambda: encoded(plain(), "JPEG2000"), NOT_A_PICTURE),
    "avif": (lambda: b"\0\0\0\x20ftypavif" + bytes(300), NOT_A_PICTURE),
    "zip": (lambda: zipped("bild.png", encoded(plain())), NOT_A_PICTURE),
    "zip bomb": (lambda: zipped("word/media/bild.png", bytes(50_000_000)), NOT_A_PICTURE),
    "gzip": (lambda: b"\x1f\x8b\x08\0" + bytes(500), NOT_A_PICTURE),
    "program": (lambda: b"\x7fELF\x02\x01\x01" + bytes(500), NOT_A_PICTURE),
    "noise": (lambda: bytes(range(256)) * 40, NOT_A_PICTURE),
    "one byte": (lambda: b"\x89", NOT_A_PICTURE),
    "empty": (lambda: b"", NOT_A_PICTURE),
    "animated png": (lambda: animation("PNG"), MOVING),
    "animated webp": (lambda: animation("WEBP"), MOVING),
    "animated webp with many frames": (lambda: animation("WEBP", 800), MOVING),
    "png bomb, 60000 by 60000": (lambda: png(60_000, 60_000, data=bytes(8_000_000)), TOO_MANY_PIXELS),
    "png bomb of one bit a pixel": (lambda: png(60_000, 60_000, depth=1, colour=0), TOO_MANY_PIXELS),
    "png bomb of one row": (lambda: png(2**31 - 1, 1), TOO_MANY_PIXELS),
    "png of 100 megapixels": (lambda: png(10_000, 10_000), TOO_MANY_PIXELS),
    "png of 40 megapixels and one row": (lambda: png(8_000, 5_001), TOO_MANY_PIXELS),
    "jpeg bomb": (lambda: jpeg_of_size(65_500, 65_500), TOO_MANY_PIXELS),
    "webp bomb": (lambda: webp_of_size(16_383, 16_383), TOO_MANY_PIXELS),
    "webp of 100 megapixels": (lambda: webp_of_size(10_000, 10_000), TOO_MANY_PIXELS),
    "jpeg with 20000 scans": (jpeg_of_many_scans, BROKEN),
    "png of no size": (lambda: png(0, 0), NOT_A_PICTURE),
    "png without data": (lambda: png(100, 100), BROKEN),
    "png with a wrong checksum": (lambda: encoded(plain()).replace(b"IDAT", b"IDAT\xff", 1), BROKEN),
    "png with a text bomb": (
        lambda: png(4, 4, extra=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90_000_000), 9)), data=bytes(52)),
        NOT_A_PICTURE,
    ),
    "png, half of it": (lambda: encoded(plain())[:-800], BROKEN),
    "jpeg, half of it": (lambda: encoded(plain(), "JPEG")[:-800], BROKEN),
    "webp, half of it": (lambda: encoded(plain(), "WEBP")[:-200], None),
    "jpeg header alone": (lambda: encoded(plain(), "JPEG")[:200], None),
    "png header alone": (lambda: encoded(plain())[:33], None),
    "more than 10 MB": (lambda: encoded(plain()) + bytes(10 * 1024 * 1024), "größer als 10 MB"),
}


def peak_memory() -> int:
    """The largest size of this process in MiB since `forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


def forget_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()


# In production warnings of Pillow are lines in the log, not errors.
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once_and_leaves_nothing(name, media, db):
    make, reason = HOSTILE[name]
    content = make()
    before, start = forget_peak(), time.perf_counter()
    with pytest.raises(ImageRefused) as refused:
        store_image(BytesIO(content), alt="Feder", credit="Foto: Federnwerk")
    assert time.perf_counter() - start < 2
    assert peak_memory() - before < 300
    [message] = refused.value.messages
    assert reason is None or reason in message
    assert not Image.objects.exists()
    assert not media.exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP"]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    length=st.floats(0.2, 1),
)
def test_a_damaged_picture_is_taken_or_refused_and_never_a_crash(kind, changes, length):
    data = bytearray(encoded(plain((64, 48)), kind))
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        checked = check_image(BytesIO(data[: int(length * len(data)) + 1]))
    except ImageRefused as refused:
        assert refused.messages[0].endswith(".")
    else:
        assert_clean(next(iter(checked.files.values())))


# ---------------------------------------------------------------- what becomes of a picture


def opened(media: Path, image: Image, width: int | None = None) -> Pillow.Image:
    return Pillow.open(BytesIO((media / image.token / f"{width or image.width}.webp").read_bytes()))


def assert_clean(content: bytes) -> None:
    """Nothing but pixels: no chunk for EXIF, XMP, ICC, animation, or anything unknown; no byte behind the file."""
    assert content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    assert int.from_bytes(content[4:8], "little") + 8 == len(content)
    names, place = [], 12
    while place < len(content):
        names.append(content[place : place + 4])
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    assert names == [b"VP8 "]


@pytest.mark.parametrize(
    ("size", "widths", "height"),
    [
        ((2400, 1200), [480, 960, 1600], 800),
        ((1600, 800), [480, 960, 1600], 800),
        ((1250, 625), [480, 960, 1250], 625),
        ((1000, 500), [480, 1000], 500),
        ((960, 480), [480, 960], 480),
        ((500, 250), [500], 250),
        ((120, 60), [120], 60),
        ((1, 1), [1], 1),
        ((3000, 1), [480, 960, 1600], 1),
        ((1000, 4000), [480, 600], 2400),
        ((2400, 7200), [480, 800], 2400),
    ],
)
def test_sizes_come_from_a_fixed_list_and_never_exceed_the_picture(db, media, size, widths, height):
    image = store_image(BytesIO(encoded(plain(size))), alt="Feder", credit="Foto: Federnwerk")
    image.refresh_from_db()
    assert (image.widths, image.width, image.height) == (widths, widths[-1], height)
    assert sorted(path.name for path in (media / image.token).iterdir()) == sorted(f"{w}.webp" for w in widths)
    assert [opened(media, image, width).width for width in widths] == widths
    assert opened(media, image).size == (image.width, image.height)


def test_large_pictures_of_every_kind_keep_their_look(db, media):
    # Halves of two colours; large enough to be read with less detail and in strips.
    picture = Pillow.new("RGB", (6600, 5400), (200, 30, 30))
    picture.paste((30, 30, 200), (3300, 0, 6600, 5400))
    for kind, options in (("JPEG", {"progressive": True}), ("PNG", {"compress_level": 1})):
        image = store_image(BytesIO(encoded(picture, kind, **options)), alt="Feder", credit="Foto: Federnwerk")
        assert (image.width, image.height) == (1600, 1309)
        stored = opened(media, image).convert("RGB")
        for place, colour in (((10, 10), (200, 30, 30)), ((790, 1300), (200, 30, 30)), ((1590, 1300), (30, 30, 200))):
            assert stored.getpixel(place) == pytest.approx(colour, abs=6)


WHITE, RED, GREY = (255, 255, 255), (220, 20, 20), (128, 128, 128)
KINDS = {
    "jpeg": (lambda: encoded(Pillow.new("RGB", (64, 64), RED), "JPEG"), RED),
    "jpeg, grey": (lambda: encoded(Pillow.new("L", (64, 64), 128), "JPEG"), GREY),
    "jpeg for print": (lambda: encoded(Pillow.new("CMYK", (64, 64), (0, 0, 0, 127)), "JPEG"), GREY),
    "jpeg with a second picture": (
        lambda: encoded(
            Pillow.new("RGB", (64, 64), RED), "MPO", save_all=True, append_images=[Pillow.new("RGB", (64, 64))]
        ),
        RED,
    ),
    "png": (lambda: encoded(Pillow.new("RGB", (64, 64), RED)), RED),
    "png with a palette": (lambda: encoded(Pillow.new("RGB", (64, 64), RED).quantize(4)), RED),
    "png with a palette one sees through": (
        lambda: encoded(Pillow.new("RGB", (64, 64), RED).quantize(4), transparency=0),
        WHITE,
    ),
    "png one sees through": (lambda: encoded(Pillow.new("RGBA", (64, 64), (0, 0, 0, 0))), WHITE),
    "png one half sees through": (lambda: encoded(Pillow.new("LA", (64, 64), (0, 127))), GREY),
    "png with one colour one sees through": (
        lambda: encoded(Pillow.new("RGB", (64, 64), RED), transparency=RED),
        WHITE,
    ),
    "png, black and white": (lambda: encoded(Pillow.new("1", (64, 64), 1)), WHITE),
    "png, grey of 16 bits": (lambda: encoded(Pillow.new("I;16", (64, 64), 0x8080)), GREY),
    "png, grey of 16 bits one sees through": (
        lambda: png(64, 64, depth=16, colour=0, extra=chunk(b"tRNS", b"\1\1"), data=(b"\0" + b"\x80" * 128) * 64),
        GREY,
    ),
    "png, colour of 16 bits": (lambda: png(64, 64, depth=16, data=(b"\0" + b"\x80" * 384) * 64), GREY),
    "webp": (lambda: encoded(Pillow.new("RGB", (64, 64), RED), "WEBP"), RED),
    "webp without loss, one sees through": (
        lambda: encoded(Pillow.new("RGBA", (64, 64), (0, 0, 0, 0)), "WEBP", lossless=True),
        WHITE,
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_honest_kind_of_picture_is_taken_and_shown_in_its_colours(db, media, name):
    make, colour = KINDS[name]
    image = store_image(BytesIO(make()), alt="Feder", credit="Foto: Federnwerk")
    assert opened(media, image).convert("RGB").getpixel((30, 30)) == pytest.approx(colour, abs=6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_taken_sideways_is_stored_upright(db, media, kind, orientation):
    picture = Pillow.new("RGB", (1200, 600), WHITE)
    picture.paste(RED, (0, 0, 300, 300))
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    content = encoded(picture, kind, exif=exif)
    image = store_image(BytesIO(content), alt="Feder", credit="Foto: Federnwerk")
    # Pillow's own turning is the yardstick.
    expected = ImageOps.exif_transpose(Pillow.open(BytesIO(content))).convert("RGB")
    stored = opened(media, image).convert("RGB")
    assert stored.size == expected.size
    for x, y in ((50, 50), (550, 50), (50, 550), (550, 550), (stored.width - 50, stored.height - 50)):
        assert stored.getpixel((x, y)) == pytest.approx(expected.getpixel((x, y)), abs=12)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_metadata_is_no_reason_to_refuse_a_picture(db):
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x99\x99\xff\xff\xff\xff"
    assert store_image(BytesIO(encoded(plain(), "JPEG", exif=exif)), alt="Feder", credit="Foto: Federnwerk").pk


def with_metadata(kind: str) -> bytes:
    exif = Pillow.Exif()
    exif[0x010F] = exif[0x8298] = CANARY
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 21.0, 36.0), 3: "E", 4: (7.0, 28.0, 12.0), 29: CANARY})
    options = {"exif": exif, "xmp": f"<x:xmpmeta>{CANARY}</x:xmpmeta>".encode()}
    options["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY.encode()
    if kind == "JPEG":
        options["comment"] = CANARY
    if kind == "PNG":
        del options["xmp"]
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", CANARY)
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", CANARY)
    return encoded(plain(), kind, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_camera_and_comments_are_gone(db, media, kind):
    content = with_metadata(kind)
    assert content.count(CANARY.encode()) >= 3, "the upload must hold something that could leak"
    image = store_image(BytesIO(content), alt="Feder", credit="Foto: Federnwerk")
    for path in (media / image.token).iterdir():
        stored = path.read_bytes()
        assert CANARY.encode() not in stored
        assert_clean(stored)


@pytest.mark.parametrize(
    "content",
    [
        encoded(plain(), "JPEG") + HTML + CANARY.encode(),
        encoded(plain(), "JPEG") + zipped(CANARY, HTML),
        encoded(plain(), "JPEG", comment=HTML + CANARY.encode()),
        encoded(plain()) + HTML + CANARY.encode(),
        png(4, 4, extra=chunk(b"tEXt", b"a\0<?php " + CANARY.encode()), data=bytes(52)),
        png(4, 4, extra=chunk(b"scRi", HTML + CANARY.encode()), data=bytes(52)),
        encoded(plain(), "WEBP") + HTML + CANARY.encode(),
        encoded(plain(), "WEBP", exif=b"Exif\0\0" + HTML + CANARY.encode()),
    ],
)
def test_a_file_that_is_two_things_at_once_keeps_only_its_picture(db, media, content):
    assert CANARY.encode() in content
    image = store_image(BytesIO(content), alt="Feder", credit="Foto: Federnwerk")
    for path in (media / image.token).iterdir():
        assert CANARY.encode() not in path.read_bytes()
        assert_clean(path.read_bytes())


def test_colours_of_another_profile_become_srgb(db, media):
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Red and blue change places: a browser that honours the profile shows a red picture as blue.
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    content = encoded(Pillow.new("RGB", (64, 64), (255, 0, 0)), icc_profile=bytes(profile))
    image = store_image(BytesIO(content), alt="Feder", credit="Foto: Federnwerk")
    assert opened(media, image).convert("RGB").getpixel((30, 30)) == pytest.approx((0, 0, 255), abs=12)


@pytest.mark.parametrize("profile", [b"kaputt", b"\0" * 500])
def test_a_profile_that_cannot_be_read_is_ignored(db, media, profile):
    content = encoded(Pillow.new("RGB", (64, 64), RED), icc_profile=profile)
    image = store_image(BytesIO(content), alt="Feder", credit="Foto: Federnwerk")
    assert opened(media, image).convert("RGB").getpixel((30, 30)) == pytest.approx(RED, abs=6)


# ---------------------------------------------------------------- files and rows stay together


def stored_image(**fields) -> Image:
    return store_image(BytesIO(encoded(plain((1000, 500)))), **{"alt": "Feder", "credit": "Foto: Federnwerk"} | fields)


def folders(media: Path) -> set[str]:
    return {path.name for path in media.iterdir()} if media.exists() else set()


@contextmanager
def disk_that_takes(size: int) -> Iterator[None]:
    """The operating system refuses every byte of a file beyond `size`, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def noise() -> bytes:
    return encoded(Pillow.effect_noise((1600, 800), 60))


def test_a_full_disk_refuses_the_picture_and_leaves_nothing(db, media):
    # The smaller sizes fit, the largest does not.
    with disk_that_takes(100_000), pytest.raises(ImageRefused, match="kein Platz mehr frei"):
        store_image(BytesIO(noise()), alt="Feder", credit="Foto: Federnwerk")
    assert folders(media) == set()
    assert not Image.objects.exists()
    image = store_image(BytesIO(noise()), alt="Feder", credit="Foto: Federnwerk")
    assert folders(media) == {image.token}


def test_a_folder_that_cannot_be_written_refuses_the_picture(db, media):
    media.parent.mkdir(parents=True)
    media.write_text("keine Ablage")
    with pytest.raises(ImageRefused, match="konnte nicht gespeichert werden"):
        stored_image()
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    "fields", [{"alt": ""}, {"alt": "  "}, {"is_decorative": True}, {"credit": ""}, {"people": "?"}, {"focal_x": 101}]
)
def test_a_picture_without_a_valid_row_leaves_no_files(db, media, fields):
    with pytest.raises(ValidationError):
        stored_image(**fields)
    assert folders(media) == set()
    assert not Image.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_files_go_when_the_database_is_not_there(media, monkeypatch):
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", "gibt_es_nicht")
        with pytest.raises(OperationalError):
            stored_image()
    assert folders(media) == set()


@pytest.mark.django_db(transaction=True)
def test_files_go_with_the_transaction_that_stored_them(media):
    with pytest.raises(IntegrityError), transaction.atomic():
        stored_image()
        assert len(folders(media)) == 1
        raise IntegrityError
    assert folders(media) == set()
    assert not Image.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_files_go_with_the_savepoint_that_stored_them(media):
    with transaction.atomic():
        kept = stored_image()
        with pytest.raises(IntegrityError), transaction.atomic():
            stored_image()
            raise IntegrityError
        assert folders(media) == {kept.token}
    assert folders(media) == {kept.token} == set(Image.objects.values_list("token", flat=True))


@pytest.mark.django_db(transaction=True)
def test_files_of_a_deleted_picture_go_after_the_commit(media):
    one, two, three = stored_image(), stored_image(), stored_image()
    with transaction.atomic():
        one.delete()
        assert one.token in folders(media)
    assert folders(media) == {two.token, three.token}
    with pytest.raises(IntegrityError), transaction.atomic():
        two.delete()
        raise IntegrityError
    assert folders(media) == {two.token, three.token}
    Image.objects.all().delete()
    assert folders(media) == set()


def test_removing_files_that_are_gone_is_no_error(media):
    remove_files("x" * 22)
    assert not media.exists()


def test_files_without_rows_and_rows_without_files_are_reported(db, media, caplog):
    report_orphaned_pictures(0)
    assert caplog.messages == []
    good, broken = stored_image(), stored_image()
    (media / broken.token / "480.webp").unlink()
    (media / "verwaist").mkdir()
    (media / ".unfertig").mkdir()
    # On its way for less than an hour.
    (media / "eben-erst").mkdir()
    for name in (good.token, broken.token, "verwaist", ".unfertig"):
        os.utime(media / name, (1, 1))
    assert find_orphans() == Orphans(folders=[".unfertig", "verwaist"], rows=[broken.pk])
    report_orphaned_pictures(0)
    assert caplog.messages == [f"pictures and files differ: 2 folders without a row, rows without files: [{broken.pk}]"]
    assert folders(media) == {good.token, broken.token, "verwaist", ".unfertig", "eben-erst"}


def test_names_cannot_be_guessed_and_say_nothing(db):
    tokens = {stored_image().token for _ in range(5)}
    assert len(tokens) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", token) for token in tokens)


def test_the_web_server_may_read_the_files_whatever_the_umask(db, media):
    before = os.umask(0o077)
    try:
        image = stored_image()
    finally:
        os.umask(before)
    assert (media / image.token).stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in (media / image.token).iterdir()} == {0o644}


# ---------------------------------------------------------------- what pages print


def test_a_picture_offers_a_middle_size_and_all_sizes():
    image = Image(token="Abc-" + "x" * 18, widths=[480, 960, 1600], width=1600, height=800)
    folder = f"/medien/bilder/{image.token}"
    assert image.src == f"{folder}/960.webp"
    assert image.srcset == f"{folder}/480.webp 480w, {folder}/960.webp 960w, {folder}/1600.webp 1600w"
    assert Image(token=image.token, widths=[300], width=300, height=9).src == f"{folder}/300.webp"
    assert Image(token=image.token, widths=[480, 1250], width=1250, height=9).src == f"{folder}/480.webp"
    assert Image(token=image.token, widths=[1000], width=1000, height=9).src == f"{folder}/1000.webp"


def test_both_forms_of_the_rule_on_ended_rights_agree(db):
    today = timezone.localdate()
    images = [stored_image(rights_until=day) for day in (None, *(today + timedelta(days=n) for n in (-400, -1, 0, 1)))]
    seen = 0
    for day in (None, *(today + timedelta(days=n) for n in (-401, -400, -1, 0, 1, 2))):
        shown = set(Image.objects.shown(day))
        assert shown == {image for image in images if image.is_shown(day)}
        seen += len(shown)
    assert [image.is_shown() for image in images] == [True, False, False, True, True]
    assert 0 < seen < 7 * len(images)


def test_the_last_day_of_the_rights_is_a_day_on_which_the_picture_is_shown():
    image = Image(rights_until=date(2026, 12, 31))
    assert image.is_shown(date(2026, 12, 31))
    assert not image.is_shown(date(2027, 1, 1))


def test_an_example_shows_no_picture_whose_rights_have_ended(client, db):
    practice = make_practice()
    today = timezone.localdate()
    shown, ended = stored_image(rights_until=today), stored_image(rights_until=today - timedelta(days=1))
    for image in (shown, ended):
        PracticePicture.objects.create(practice=practice, image=image)
    page = client.get(practice.get_absolute_url()).content.decode()
    assert shown.token in page
    assert ended.token not in page


# ---------------------------------------------------------------- serving


def test_a_picture_is_served_to_be_kept_for_ever(client, db, media):
    image = stored_image()
    response = client.get(image.src)
    assert response.status_code == 200
    assert b"".join(response) == (media / image.token / "480.webp").read_bytes()
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert not response.cookies


def test_a_picture_costs_no_query(client, db, django_assert_num_queries):
    image = stored_image()
    with django_assert_num_queries(0):
        client.get(image.src).close()


def test_asking_for_the_headers_gives_no_body(client, db):
    image = stored_image()
    response, whole = client.head(image.src), client.get(image.src)
    assert response.status_code == 200
    assert response.content == b""
    for name in ("Content-Length", "Content-Type", "Cache-Control", "ETag"):
        assert response.headers[name] == whole.headers[name]
    whole.close()


def test_a_kept_picture_is_not_sent_again(client, db):
    image = stored_image()
    etag = client.head(image.src).headers["ETag"]
    response = client.get(image.src, headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = client.get(image.src, headers={"If-None-Match": '"anderes"'})
    assert other.status_code == 200
    other.close()


@pytest.mark.django_db(transaction=True)
def test_a_deleted_picture_is_gone_even_for_those_who_kept_it(client):
    image = stored_image()
    etag = client.head(image.src).headers["ETag"]
    image.delete()
    assert client.get(image.src, headers={"If-None-Match": etag}).status_code == 404


def test_anything_but_a_stored_size_is_not_found(client, db, media):
    image = stored_image()
    (media / "index.html").write_bytes(HTML)
    (media / image.token / "index.html").write_bytes(HTML)
    (media / image.token / "70.webp").mkdir()
    (media / ".abc").mkdir()
    token = image.token
    paths = [
        f"{token}/481.webp",
        f"{token}/0480.webp",
        f"{token}/+480.webp",
        f"{token}/٤٨٠.webp",
        f"{token}/480.webp/",
        f"{token}/480.webp%0A",
        f"{token}/480.WEBP",
        f"{token}/480.png",
        f"{token}/480",
        f"{token}/index.html",
        f"{token}/70.webp",
        f"{token}/99999999999999999999.webp",
        f"{token}/-480.webp",
        f"{token}/",
        f".{token}/480.webp",
        f"{token[:-1]}/480.webp",
        f"{'A' * 22}/480.webp",
        f"{'A' * 400}/480.webp",
        f"../bilder/{token}/480.webp",
        f"%2e%2e/bilder/{token}/480.webp",
        f"{token}/..%2f{token}/480.webp",
        "index.html",
        "",
    ]
    assert [path for path in paths if client.get(f"/medien/bilder/{path}").status_code != 404] == []
    assert client.get(f"/medien/bilder/{token}/480.webp%00").status_code == 400


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_picture_can_only_be_read(client, db, method):
    image = stored_image()
    assert getattr(client, method)(image.src).status_code == 405


# ---------------------------------------------------------------- the staff's side


def upload(content: bytes, name: str = "feder.png", **fields) -> dict:
    values = {"alt": "Feder mit Maßen", "credit": "Foto: Federnwerk & Söhne", "people": "none", "focal_x": 50}
    file = SimpleUploadedFile(name, content, content_type="image/png")
    return values | {"focal_y": 50, "file": file} | fields


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200
    return {name: list(messages) for name, messages in response.context["adminform"].form.errors.items()}


def test_staff_upload_a_picture_and_see_it(editor, media):
    response = editor.post(reverse("admin:media_image_add"), upload(encoded(plain((1000, 500)))))
    assert response.status_code == 302
    image = Image.objects.get()
    assert (image.alt, image.credit, image.width, image.height) == (
        "Feder mit Maßen",
        "Foto: Federnwerk & Söhne",
        1000,
        500,
    )
    assert folders(media) == {image.token}
    page = editor.get(reverse("admin:media_image_change", args=[image.pk])).content.decode()
    assert f'<img src="{image.src}" alt="Feder mit Maßen" width="320" height="160"' in page
    assert "1000 × 500 Pixel" in page
    rows = editor.get(reverse("admin:media_image_changelist")).content.decode()
    assert f'<img src="{image.src}" alt="Feder mit Maßen" width="120" height="60"' in rows


@pytest.mark.parametrize("name", ["svg", "html behind a PNG signature", "animated png", "png bomb, 60000 by 60000"])
def test_staff_read_beside_the_field_why_a_file_was_refused(editor, media, name):
    make, reason = HOSTILE[name]
    found = errors(editor.post(reverse("admin:media_image_add"), upload(make())))
    assert list(found) == ["file"]
    assert reason in found["file"][0]
    assert folders(media) == set()


def test_a_full_disk_is_an_error_of_the_form(editor, media):
    with disk_that_takes(100_000):
        response = editor.post(reverse("admin:media_image_add"), upload(noise()))
    assert "kein Platz mehr frei" in errors(response)["file"][0]
    assert 'value="Feder mit Maßen"' in response.content.decode(), "what was typed must stay"
    assert folders(media) == set()
    assert not Image.objects.exists()
    assert editor.post(reverse("admin:media_image_add"), upload(noise())).status_code == 302


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"alt": ""}, "__all__"),
        ({"alt": "Feder", "is_decorative": "on"}, "__all__"),
        ({"credit": ""}, "credit"),
        ({"file": ""}, "file"),
        ({"focal_x": 101}, "focal_x"),
    ],
)
def test_an_incomplete_form_stores_nothing(editor, media, fields, field):
    found = errors(editor.post(reverse("admin:media_image_add"), upload(encoded(plain())) | fields))
    assert list(found) == [field]
    assert folders(media) == set()
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/cron.d/boese.png",
        "..\\..\\boese.png",
        "boese\x00.png",
        "boese.html",
        "boese.svg",
        "boese.png.php",
        "\u202egnp.boese.html",
        "<img src=x onerror=alert(1)>.png",
        "b" * 300 + ".png",
        "\r\nX-Boese: 1.png",
        "%2e%2e%2fboese.png",
        "CON.png",
        ".htaccess",
    ],
)
def test_the_name_of_an_upload_leads_nowhere(editor, media, name):
    body = b"".join(
        b'--grenze\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (field.encode(), str(value).encode())
        for field, value in upload(b"x").items()
        if field != "file"
    )
    body += b'--grenze\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n' % name.encode()
    body += b"Content-Type: text/html\r\n\r\n" + encoded(plain((480, 240))) + b"\r\n--grenze--\r\n"
    response = editor.post(reverse("admin:media_image_add"), body, content_type="multipart/form-data; boundary=grenze")
    if response.status_code != 302:
        assert "file" in errors(response)
    tokens = set(Image.objects.values_list("token", flat=True))
    assert folders(media) == tokens
    files = [path.relative_to(media.parent).as_posix() for path in media.parent.rglob("*") if path.is_file()]
    assert files == [f"bilder/{token}/480.webp" for token in tokens]
    assert "boese" not in editor.get(reverse("admin:media_image_changelist")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_replacing_the_file_keeps_the_row_and_drops_the_former_files(editor, media):
    image = stored_image()
    address = reverse("admin:media_image_change", args=[image.pk])
    assert editor.post(address, upload(encoded(plain((500, 500))), alt="Andere Feder")).status_code == 302
    changed = Image.objects.get()
    assert (changed.pk, changed.alt, changed.widths, changed.height) == (image.pk, "Andere Feder", [500], 500)
    assert changed.token != image.token
    assert folders(media) == {changed.token}


def test_a_change_without_a_file_leaves_the_picture(editor, media):
    image = stored_image()
    address = reverse("admin:media_image_change", args=[image.pk])
    assert editor.post(address, upload(b"", file="", alt="Andere Feder")).status_code == 302
    changed = Image.objects.get()
    assert (changed.alt, changed.token) == ("Andere Feder", image.token)
    assert folders(media) == {image.token}


def test_a_picture_in_use_cannot_be_deleted(editor, media):
    image, practice = stored_image(), make_practice("Einrichtekarte am Tablet")
    PracticePicture.objects.create(practice=practice, image=image, caption="Karte 7")
    page = editor.post(reverse("admin:media_image_delete", args=[image.pk]), {"post": "yes"}).content.decode()
    assert "Bild lässt sich nicht löschen" in page
    assert "Karte 7" in page
    assert Image.objects.get() == image
    assert folders(media) == {image.token}


def test_rights_that_are_over_are_refused_but_do_not_lock_a_stored_picture(editor, media):
    over = (timezone.localdate() - timedelta(days=1)).isoformat()
    refused = errors(editor.post(reverse("admin:media_image_add"), upload(encoded(plain()), rights_until=over)))
    assert refused == {"rights_until": ["Dieser Tag ist vorbei: Das Bild wäre nirgends zu sehen."]}
    assert not Image.objects.exists() and not folders(media)

    image = stored_image(rights_until=date(2020, 1, 1))
    address = reverse("admin:media_image_change", args=[image.pk])
    kept = upload(b"", file="", alt="Andere Feder", rights_until="2020-01-01")
    assert editor.post(address, kept).status_code == 302
    assert errors(editor.post(address, kept | {"rights_until": "2020-01-02"})).keys() == {"rights_until"}


def test_staff_find_pictures_whose_rights_end(editor):
    today = timezone.localdate()
    days = {"vorbei": -1, "heute": 0, "bald": 30, "später": 31}
    for alt, number in days.items():
        stored_image(alt=alt, rights_until=today + timedelta(days=number))
    stored_image(alt="immer")
    address = reverse("admin:media_image_changelist")

    def found(query: dict[str, str]) -> set[str]:
        return {image.alt for image in editor.get(address, query).context["cl"].queryset}

    assert found({}) == {*days, "immer"}
    assert found({"rechte": "abgelaufen"}) == {"vorbei"}
    assert found({"rechte": "bald"}) == {"heute", "bald"}
    assert "abgelaufen" in editor.get(address, {"rechte": "abgelaufen"}).content.decode()


def test_only_roles_with_the_right_reach_the_pictures(client, db, settings):
    settings.STAFF_SECOND_FACTOR = False
    load_roles()
    user = make_user(is_staff=True)
    user.groups.set([Group.objects.get(name="Moderation")])
    client.force_login(user)
    image = stored_image()
    for name, arguments in (("add", []), ("changelist", []), ("change", [image.pk]), ("delete", [image.pk])):
        assert client.get(reverse(f"admin:media_image_{name}", args=arguments)).status_code == 403
