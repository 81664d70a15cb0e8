"""The portal as a browser meets it: the real server over TLS with production's settings, on filled data."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.contrib.auth.models import Group
from django.test import override_settings
from django.utils import timezone

from platform_mark.taxonomy.models import Branch
from tests.addresses import public_pages
from tests.databases import OwnDatabase
from tests.dialogues.make import make_room
from tests.make import DAY, Site, fill_site, make_practice, make_rich_practice, make_user

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "ein langes Passwort für den Test"
CODE_SECONDS = 30

Result = TypeVar("Result")


@dataclass(frozen=True)
class Person:
    """Somebody who can log in with both factors."""

    email: str
    secret: str

    def code(self) -> str:
        """What the app on the telephone shows, fresh enough to be typed in."""
        left = CODE_SECONDS - time.time() % CODE_SECONDS
        if left < 4:
            time.sleep(left + 0.1)
        return format_hotp_value(hotp_value(self.secret, int(time.time()) // CODE_SECONDS))


@dataclass(frozen=True)
class Hostile:
    """An example whose every text tries to run."""

    path: str
    branch: str
    attack: str = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"


@dataclass(frozen=True)
class Portal:
    url: str
    site: Site
    database: OwnDatabase
    people: Mapping[str, Person]
    hostile: Hostile
    #: Every kind of page for everybody, by a word for it.
    pages: Mapping[str, str]


def fill(url: str, database: OwnDatabase, media: Path) -> Portal:
    """Fill the database of a portal that will stand at `url`."""
    with database.in_use(), override_settings(MEDIA_ROOT=media):
        site = fill_site()
        # Found by their words alone, so that they change no count of a branch or a size.
        make_practice("Alte Maschinensteuerung spricht mit dem Netz", published_at=timezone.now() - 30 * DAY)
        make_practice("Die Karte halbiert die Rüstzeit", published_at=timezone.now() - 30 * DAY)
        people = {}
        for name in ("reader", "writer"):
            user = make_user(f"{name}@portal.test", password=PASSWORD, is_staff=True)
            user.groups.set([Group.objects.get(name="Redaktion")])
            secret = generate_totp_secret()
            TOTP.activate(user, secret)
            people[name] = Person(user.email, secret)
        pages = _named(public_pages(site)) | {"room": f"{make_room('Fragen im Raum').get_absolute_url()}fragen/"}
        return Portal(url, site, database, people, _make_hostile(), pages)


def _named(kinds: Mapping[str, list[str]]) -> dict[str, str]:
    found = {name: addresses[0] for name, addresses in kinds.items()}
    found |= {
        f"{name} {number}": address
        for name, addresses in kinds.items()
        for number, address in enumerate(addresses[1:], 2)
    }
    return found | {"404": "/gibt-es-nicht/", "400": "/?q=%00", "login": "/konto/anmelden/"}


def _make_hostile() -> Hostile:
    branch = Branch.objects.get(order=12)
    attack = Hostile.attack
    practice = make_rich_practice(
        attack,
        slug="boese",
        teaser=attack,
        company=attack,
        goal=f"<p>{attack}<a href='javascript:window.pwned=1' onclick='window.pwned=1'>Klick</a></p>",
        quote_text=attack,
        technologies=[attack[:60]],
        branches=(branch,),
    )
    return Hostile(practice.get_absolute_url(), branch.slug)


def in_database_of(portal: Portal, work: Callable[[], Result]) -> Result:
    """Do something in the database of the portal; in a thread, since this one's connection is in the test's transaction."""

    def run() -> Result:
        with portal.database.in_use():
            return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@contextlib.contextmanager
def served(url: str, folder: Path, database: OwnDatabase, media: Path) -> Iterator[None]:
    """Serve the database at `url` until the end of the block: as production by https, as the quick start by http."""
    address = urlsplit(url)
    quick_start = address.scheme == "http"
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "MEDIA_ROOT": str(media),
        "BASE_URL": url,
        "ALLOWED_HOSTS": "localhost",
        "WEB_BIND": f"127.0.0.1:{address.port}",
        "WEB_CONCURRENCY": "1",
        "QUICK_START": "1" if quick_start else "",
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "platform_mark.wsgi"]
    # No nginx takes slow and idle connections off a worker here, so that threads must.
    command += ["--worker-class", "gthread", "--threads", "32"]
    if not quick_start:
        command += _certified(folder)
    with (folder / "web.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 30
        while not _answers(url):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "web.log").read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _certified(folder: Path) -> list[str]:
    """Make a certificate that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(encoding))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    return ["--certfile", str(folder / "certificate.pem"), "--keyfile", str(folder / "key.pem")]


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/healthz", verify=False, trust_env=False).status_code == 200
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
