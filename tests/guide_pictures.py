"""Takes the pictures of docs/redaktion.md: `.venv/bin/python -m tests.guide_pictures`, after a change of the look.

It starts a portal of its own in a throw-away folder, walks the ways that the guide describes, and writes docs/bilder/*.webp.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "bilder"
PORT = 8792
WIDTH, HEIGHT = 1280, 900
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ACCOUNT = re.compile(r"E-Mail-Adresse\s+(\S+)\s+Passwort\s+(\S+)")


@contextmanager
def portal(folder: Path) -> Iterator[tuple[str, str]]:
    """A quick start with its starter content; gives the address and password of its first account."""
    command = [sys.executable, "manage.py", "up", "--bind", f"127.0.0.1:{PORT}", "--data", str(folder / "daten")]
    log = folder / "start.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        while "Das Portal läuft" not in log.read_text():
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.5)
        found = ACCOUNT.search(log.read_text())
        if found is None:
            raise SystemExit(log.read_text())
        yield found[1], found[2]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def keep(shot: bytes, name: str) -> None:
    """Store a picture small enough for a document."""
    PICTURES.mkdir(exist_ok=True)
    Image.open(io.BytesIO(shot)).convert("RGB").save(PICTURES / f"{name}.webp", quality=70, method=6)
    print(f"docs/bilder/{name}.webp")


def picture(page: Page, name: str, *, top: Locator | None = None, height: int = HEIGHT) -> None:
    """Keep what stands from `top` (or the head of the page) downwards."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    if top is not None:
        top.evaluate("element => window.scrollTo(0, element.getBoundingClientRect().top + scrollY - 20)")
    keep(page.screenshot(), name)


def walk(page: Page, email: str, password: str) -> None:
    """Everything the guide shows, in its order."""
    page.goto("/admin/")
    picture(page, "anmelden", height=640)
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_label("Passwort", exact=True).fill(password)
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url("**/admin/")

    page.goto("/admin/practices/practice/add/")
    page.get_by_label("Titel:", exact=True).fill("Seile prüfen mit der Kamera am Haken")
    page.get_by_label("In einem Satz").fill("Die Kamera sieht den Riss, bevor ihn die Hand spürt.")
    page.get_by_label("Betrieb:", exact=True).fill("Seilerei Beispielhöhe")
    page.get_by_role("textbox", name="Ausgangslage").click()
    page.keyboard.type(
        "Früher tastete jeder jedes Seil ab. Das dauerte eine Stunde je Kran, und am Ende stand ein Zettel."
    )
    picture(page, "schreiben", top=page.locator("#practice_form"), height=760)
    page.get_by_role("button", name="Zur Prüfung geben").click()
    page.wait_for_url("**/change/")
    picture(page, "freigabe-fehlt", height=560)
    form = page.url
    page.get_by_role("link", name="Freigabe eintragen").click()
    picture(page, "freigabe", height=620)

    page.goto(form)
    page.get_by_label("In einem Satz").fill(
        "Die Kamera sieht den Riss, bevor ihn jemand spürt. Das spart eine Stunde je Kran."
    )
    page.get_by_role("button", name="Speichern", exact=True).click()
    page.goto(form.replace("/change/", "/fassungen/"))
    picture(page, "fassungen", height=640)
    page.goto("/admin/")
    picture(page, "startseite", height=760)
    page.goto("/admin/practices/practice/")
    picture(page, "liste", height=700)
    page.goto("/admin/media/image/add/")
    picture(page, "bild", height=820)
    page.goto("/admin/practices/practice/import/")
    picture(page, "import", height=700)
    page.goto("/admin/search/synonym/")
    page.locator("#result_list a").last.click()
    picture(page, "synonyme", height=760)


def main() -> None:
    if not CHROMIUM:
        raise SystemExit("Kein Chromium gefunden: apt-get install chromium")
    with tempfile.TemporaryDirectory() as name, portal(Path(name)) as (email, password), sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--lang=de"],
            env={**os.environ, "LANGUAGE": "de"},
        )
        context = browser.new_context(
            base_url=f"http://localhost:{PORT}",
            locale="de-DE",
            timezone_id="Europe/Berlin",
            viewport={"width": WIDTH, "height": HEIGHT},
        )
        walk(context.new_page(), email, password)
        browser.close()


if __name__ == "__main__":
    main()
