"""Good examples in files: exported from the list of the desk, written in a table elsewhere, and read back.

`columns` says what a file can hold, `export` writes files, `plan` reads them and says what would happen before it does.
Both ways go over the snapshot of an example (`practices.snapshot`), so that what was exported changes nothing when read.
"""
