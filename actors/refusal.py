"""How every journey of the register says no."""

from django.core.exceptions import ValidationError


class Refused(ValidationError):
    """What was asked for does not go as things are; the message is for people."""
