"""An example to hand on: its page once more as a tagged PDF (PDF/UA-1), the gist on the first sheet.

`reading` takes the words from the printed page, so that both say the same; `typesetting` makes the PDF of them by `sheet.typ`.
"""
