"""Typeset `sheet.typ` with what lies in the current folder and write the PDF to standard output.

A process of its own: the renderer is as large as a worker, and neither its memory nor its faults stay behind.
"""

import sys
from pathlib import Path

import typst

HERE = Path(__file__).parent


def main() -> None:
    """Make the PDF; `sys.argv[1]` is the time that it says it was made at, in seconds."""
    pdf = typst.compile(  # type: ignore[call-overload]  # says that a root is of the same type as the input
        (HERE / "sheet.typ").read_bytes(),
        root=".",
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[HERE / "fonts"]),
        format="pdf",
        pdf_standards="ua-1",
        timestamp=int(sys.argv[1]),
    )
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
