"""What staff see of this app is registered by its parts."""

from .formats import admin as formats  # noqa: F401
