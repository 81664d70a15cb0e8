"""Which pictures are taken, what becomes of them, and how files and rows stay together.

A picture is decoded, turned upright, brought to sRGB on white and encoded again in a few sizes. Nothing of the
uploaded file survives but what one sees: no place, no camera, no hidden text, no second file behind the first.
"""

import hashlib
import logging
import os
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from PIL import ExifTags, ImageCms
from PIL import Image as Pillow

from .models import Image

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
# Each pass over a progressive JPEG costs time, however few bytes it has. Cameras and editors write about ten.
MAX_SCANS = 60
FORMATS = ("JPEG", "PNG", "WEBP")
WIDTHS = (480, 960, 1600)
MAX_HEIGHT = 2400
QUALITY = 84
STRIP_PIXELS = 2_000_000
FOLDER = "bilder"

_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
_TURNED = frozenset({5, 6, 7, 8})

logger = logging.getLogger(__name__)

# Decoding 40 megapixels takes a few hundred megabytes: one picture at a time in each process.
_decoding = threading.Lock()


class ImageRefused(ValidationError):
    """The picture is not taken; the message is for people."""


@dataclass(frozen=True)
class CheckedImage:
    """A picture that may be stored: its encoded files by width, and the height that goes with the largest."""

    files: Mapping[int, bytes]
    height: int


@dataclass(frozen=True)
class StoredFiles:
    """Files that lie in their place and wait for their row."""

    token: str
    widths: list[int]
    height: int
    digest: str


@dataclass(frozen=True)
class Orphans:
    """What has lost its other half: folders of files without a row, and keys of rows without all their files."""

    folders: list[str]
    rows: list[int]

    def __bool__(self) -> bool:
        return bool(self.folders or self.rows)


def store_image(
    file: File | IO[bytes],
    *,
    alt: str,
    credit: str,
    is_decorative: bool = False,
    rights_until: date | None = None,
    people: Image.People = Image.People.NONE,
    focal_x: int = 50,
    focal_y: int = 50,
) -> Image:
    """Check a picture, store its files and make its row; raises ImageRefused, or ValidationError for the other values."""
    image = Image(
        alt=alt.strip(),
        credit=credit.strip(),
        is_decorative=is_decorative,
        rights_until=rights_until,
        people=people,
        focal_x=focal_x,
        focal_y=focal_y,
    )
    save_image(image, write_files(check_image(file)))
    return image


def check_image(file: File | IO[bytes]) -> CheckedImage:
    """Decode and encode an uploaded picture; raises ImageRefused. Name and announced type are not looked at."""
    file.seek(0)
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ImageRefused("Das Bild ist größer als 10 MB. Verkleinern Sie es und laden Sie es noch einmal hoch.")
    with _decoding:
        picture = _decode(data)
        return _encode(picture)


def write_files(checked: CheckedImage) -> StoredFiles:
    """Write the files of a picture, all or none; raises ImageRefused when the disk does not take them."""
    token = secrets.token_urlsafe(16)
    place = _place(token)
    unfinished = place.with_name(f".{token}")
    try:
        unfinished.mkdir(parents=True)
        for width, content in checked.files.items():
            _write(unfinished / f"{width}.webp", content)
        # Readable for the web server, whatever the service's umask says.
        unfinished.chmod(0o755)
        unfinished.rename(place)
        _sync(place.parent)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        logger.exception("picture not written")
        raise ImageRefused(
            "Das Bild konnte nicht gespeichert werden. Wahrscheinlich ist auf dem Server kein Platz mehr frei. "
            "Versuchen Sie es später noch einmal, oder melden Sie es der Verwaltung."
        ) from error
    digest = hashlib.sha256(checked.files[max(checked.files)]).hexdigest()
    return StoredFiles(token, sorted(checked.files), checked.height, digest)


def save_image(image: Image, files: StoredFiles) -> None:
    """Save a new picture, or one that gets other files; files without a row go, whether this fails or a rollback later."""
    try:
        with transaction.atomic():
            transaction.on_commit(_UntilCommit(files.token).keep)
            if image.pk:
                replaced = Image.objects.select_for_update().get(pk=image.pk).token
                transaction.on_commit(partial(remove_files, replaced), robust=True)
            image.token, image.widths, image.digest = files.token, files.widths, files.digest
            image.width, image.height = files.widths[-1], files.height
            image.full_clean()
            image.save()
    except BaseException:
        remove_files(files.token)
        raise


def change_address(image: Image) -> None:
    """Give the files a new unguessable address; the old one leads nowhere as soon as the transaction commits.

    For pictures of what is no longer public: whoever kept the address of a file must not keep the file.
    """
    old, new = _place(image.token), secrets.token_urlsafe(16)
    if not old.is_dir():
        return
    with transaction.atomic():
        transaction.on_commit(_UntilCommit(new).keep)
        # The same files under a second name, so that there is no moment without any.
        shutil.copytree(old, _place(new), copy_function=os.link)
        _sync(old.parent)
        transaction.on_commit(partial(remove_files, image.token), robust=True)
        image.token, image.is_token_unseen = new, True
        image.save(update_fields=["token", "is_token_unseen"])


def as_jpeg(token: str, width: int) -> bytes:
    """Return one stored size as JPEG, which a PDF can hold as it is; raises OSError where the file is lost or broken."""
    buffer = BytesIO()
    with Pillow.open(_place(token) / f"{width}.webp", formats=("WEBP",)) as picture:
        picture.convert("RGB").save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def remove_files(token: str) -> None:
    """Remove the files of one picture, if there are any."""
    shutil.rmtree(_place(token), ignore_errors=True)


def find_orphans() -> Orphans:
    """Compare the files with the rows; what is younger than an hour may still be on its way."""
    root = _place("x").parent
    settled = time.time() - 3600
    names = [entry.name for entry in os.scandir(root) if entry.stat().st_mtime < settled] if root.exists() else []
    rows = {image.token: image for image in Image.objects.only("token", "widths")}
    broken = [
        image.pk
        for image in rows.values()
        if not all((root / image.token / f"{width}.webp").is_file() for width in image.widths)
    ]
    return Orphans(sorted(set(names) - rows.keys()), sorted(broken))


@receiver(post_delete, sender=Image)
def _remove_files_of_deleted(instance: Image, **kwargs: Any) -> None:
    # A signal, because rows go in several ways: one by one, in the list of the admin, by a queryset.
    transaction.on_commit(partial(remove_files, instance.token), robust=True)


class _UntilCommit:
    """Removes files unless the transaction commits.

    Django has no hook for a rollback, but it forgets the hooks of a commit that does not come: the list of hooks holds
    the only reference to this object, and without it the object and then the files are gone.
    """

    def __init__(self, token: str) -> None:
        self._removal = weakref.finalize(self, shutil.rmtree, _place(token), ignore_errors=True)

    def keep(self) -> None:
        """Leave the files where they are."""
        self._removal.detach()


def _place(token: str) -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER / token


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(settings.FILE_UPLOAD_PERMISSIONS)


def _sync(folder: Path) -> None:
    # Without this a power cut could leave a row whose folder was never written.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decode(data: bytes) -> Pillow.Image:
    """Return the first picture of the file, decoded; everything that can be judged before is judged before."""
    try:
        # Reads the header alone.
        picture = Pillow.open(BytesIO(data), formats=FORMATS)
    except Pillow.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:
        # Pillow's readers raise whatever a broken file leads them into.
        raise ImageRefused(
            "Die Datei ist kein JPEG, PNG oder WebP. Speichern Sie das Bild in einem dieser Formate."
        ) from error
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels()
    # Phones put depth maps and the like behind a JPEG (then called MPO); they are dropped.
    is_jpeg = picture.format in ("JPEG", "MPO")
    if not is_jpeg and getattr(picture, "n_frames", 1) > 1:
        raise ImageRefused("Bewegte Bilder gehen nicht. Wählen Sie ein einzelnes Bild.")
    if is_jpeg and data.count(b"\xff\xda") > MAX_SCANS:
        raise _broken()
    try:
        if is_jpeg:
            # Reads no more detail than the largest size needs.
            picture.draft("RGB", (WIDTHS[-1], WIDTHS[-1]))
        picture.load()
    except Exception as error:
        raise _broken() from error
    return picture


def _too_many_pixels() -> ImageRefused:
    return ImageRefused("Das Bild hat mehr als 40 Megapixel. Verkleinern Sie es und laden Sie es noch einmal hoch.")


def _broken() -> ImageRefused:
    return ImageRefused("Das Bild ist beschädigt oder unvollständig. Öffnen Sie es und speichern Sie es neu.")


def _encode(picture: Pillow.Image) -> CheckedImage:
    orientation = _orientation(picture)
    width, height = picture.size if orientation not in _TURNED else picture.size[::-1]
    widths = _widths(width, height)
    # A little more than the largest size is enough to make a good one of it.
    flat = _flatten(picture, factor=max(1, int(width / widths[-1] / 1.25)))
    if orientation in _TURNS:
        flat = flat.transpose(_TURNS[orientation])
    files = {}
    for width in widths:
        height = max(1, round(flat.height * width / flat.width))
        buffer = BytesIO()
        flat.resize((width, height), Pillow.Resampling.LANCZOS).save(buffer, "WEBP", quality=QUALITY)
        files[width] = buffer.getvalue()
    return CheckedImage(files, height)


def _orientation(picture: Pillow.Image) -> int:
    try:
        return picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        # Broken metadata is no reason to refuse a picture that can be seen.
        return 1


def _widths(width: int, height: int) -> list[int]:
    """Return the widths to store: never more than the picture has, and none that is nearly another one."""
    largest = max(1, min(width, WIDTHS[-1], width * MAX_HEIGHT // height))
    return [width for width in WIDTHS if width <= largest * 0.8] + [largest]


def _flatten(picture: Pillow.Image, *, factor: int) -> Pillow.Image:
    """Return the picture in sRGB on white, `factor` times smaller.

    Strip by strip: whole copies in between would take the memory of the picture three times.
    """
    flat = Pillow.new("RGB", (ceil(picture.width / factor), ceil(picture.height / factor)))
    to_srgb = _to_srgb(picture)
    rows = factor * max(1, STRIP_PIXELS // (picture.width * factor))
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        strip = _opaque(strip).reduce(factor)
        flat.paste(to_srgb.apply(strip) if to_srgb else strip.convert("RGB"), (0, top // factor))
    return flat


def _to_srgb(picture: Pillow.Image) -> ImageCms.ImageCmsTransform | None:
    profile = picture.info.get("icc_profile")
    if not profile:
        return None
    mode = _opaque(picture.crop((0, 0, 1, 1))).mode
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.ImageCmsTransform(source, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        # A profile that does not fit the picture: browsers ignore it, too.
        return None


def _opaque(strip: Pillow.Image) -> Pillow.Image:
    """Return a strip as grey, RGB or CMYK, with white where one could see through."""
    if strip.mode.startswith("I"):
        # 16 bits a pixel; converting alone would cut everything but black to white.
        strip.info.pop("transparency", None)
        return strip.point(lambda value: value * (1 / 256)).convert("L")
    if strip.has_transparency_data:
        strip = strip.convert("RGBA")
        white = Pillow.new("RGB", strip.size, "white")
        white.paste(strip, mask=strip)
        return white
    return strip if strip.mode in ("L", "RGB", "CMYK") else strip.convert("RGB")
