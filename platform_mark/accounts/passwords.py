from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError

# Room for any sentence or password manager; without an end, every try could cost as much as its sender likes.
MAXIMUM_LENGTH = 128


class MaximumLengthValidator:
    """Refuse passwords that are longer than anybody types."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError above the maximum."""
        if len(password) > MAXIMUM_LENGTH:
            raise ValidationError(
                f"Dieses Passwort ist zu lang. Es darf höchstens {MAXIMUM_LENGTH} Zeichen haben.",
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        """The rule in words."""
        return f"Das Passwort darf höchstens {MAXIMUM_LENGTH} Zeichen haben."
