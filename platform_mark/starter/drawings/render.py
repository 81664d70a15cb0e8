"""Render the drawings of this folder as WebP: python render.py [NAME ...].

The sources name only generic fonts, so they open anywhere. Here the portal's own fonts take their
place, otherwise the lettering would depend on the machine that renders.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DRAWINGS = Path(__file__).resolve().parent
PICTURES = DRAWINGS.parent / "pictures"
FONTS = DRAWINGS.parents[2] / "static" / "fonts"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

SIZE = (960, 480)
SCALE = 2
# A headless window may lose some height to its frame; the rest is cut off again.
WINDOW_HEIGHT = SIZE[1] + 240
MAX_BYTES = 60 * 1024

PAGE = """<!doctype html><meta charset="utf-8"><style>
@font-face {{ font-family: "Portal Serif"; src: url("{serif}"); font-weight: 400 900 }}
@font-face {{ font-family: "Portal Sans"; src: url("{sans}"); font-weight: 200 900 }}
html, body {{ margin: 0 }}
svg {{ display: block; width: {width}px; height: {height}px }}
[font-family="serif"] {{ font-family: "Portal Serif", serif }}
[font-family="sans-serif"] {{ font-family: "Portal Sans", sans-serif }}
</style>{svg}"""


def find_browser() -> str:
    """Return the path of the first Chromium found on this machine."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    sys.exit(f"No browser found, looked for: {', '.join(BROWSERS)}")


def find_font(prefix: str) -> str:
    """Return the address of the font file whose name begins so."""
    try:
        return next(FONTS.glob(f"{prefix}*.woff2")).as_uri()
    except StopIteration:
        sys.exit(f"No font {prefix}*.woff2 in {FONTS}")


def screenshot(browser: str, source: Path, folder: Path) -> Path:
    """Draw one source at twice its size and return the PNG."""
    page = folder / f"{source.stem}.html"
    page.write_text(
        PAGE.format(
            serif=find_font("besley"),
            sans=find_font("source-sans"),
            width=SIZE[0],
            height=SIZE[1],
            svg=source.read_text(encoding="utf-8"),
        ),
        encoding="utf-8",
    )
    image = folder / f"{source.stem}.png"
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            f"--user-data-dir={folder / 'profile'}",
            f"--force-device-scale-factor={SCALE}",
            f"--window-size={SIZE[0]},{WINDOW_HEIGHT}",
            f"--screenshot={image}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return image


def save_webp(image: Path, target: Path) -> int:
    """Scale down, store without loss where that fits the limit, and return the size in bytes."""
    with Image.open(image) as drawn:
        picture = (
            drawn.convert("RGB").crop((0, 0, SIZE[0] * SCALE, SIZE[1] * SCALE)).resize(SIZE, Image.Resampling.LANCZOS)
        )
    picture.save(target, "WEBP", lossless=True, quality=100, method=6)
    if target.stat().st_size > MAX_BYTES:
        picture.save(target, "WEBP", quality=88, method=6)
    return target.stat().st_size


def main(names: list[str]) -> None:
    """Render the named drawings, or all of them."""
    sources = [DRAWINGS / f"{name}.svg" for name in names] or sorted(DRAWINGS.glob("*.svg"))
    browser = find_browser()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            target = PICTURES / f"{source.stem}.webp"
            size = save_webp(screenshot(browser, source, Path(folder)), target)
            print(f"{target.name}: {size} bytes")
            if size > MAX_BYTES:
                sys.exit(f"{target.name} is larger than {MAX_BYTES} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
