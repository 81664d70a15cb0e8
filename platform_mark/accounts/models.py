"""Who somebody is: the e-mail address is the login. What an account may do elsewhere is not known here."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and save an account; raises ValueError without an address."""
        if not email:
            raise ValueError("An account needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an account that may do everything, staff included."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find an account by its address, whatever the case it is typed in."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(
        "E-Mail-Adresse", unique=True, error_messages={"unique": "Diese Adresse hat schon ein Konto."}
    )
    name = models.CharField("Name", max_length=120, blank=True, help_text="Freiwillig. Steht nur in der Verwaltung.")
    is_staff = models.BooleanField(
        "Redaktion und Verwaltung",
        default=False,
        help_text="Darf sich an der Verwaltung anmelden. Was dort geht, sagen die Rollen.",
    )
    is_active = models.BooleanField(
        "Aktiv",
        default=True,
        help_text="Statt ein Konto zu löschen, schalten Sie es hier ab. Alle Sitzungen enden sofort.",
    )
    gets_digest = models.BooleanField(
        "Tägliche Übersicht",
        default=True,
        help_text="An Werktagen morgens eine E-Mail mit dem, was ansteht. Steht nichts an, kommt keine.",
    )
    # Claims the day before the mail is written, so that each day's comes once.
    digest_sent_on = models.DateField(null=True, blank=True, editable=False)
    joined_at = models.DateTimeField("Angelegt am", default=timezone.now, editable=False)
    # Somebody said by a mailed link, or staff by opening it again, that the account is still needed.
    kept_at = models.DateTimeField("Behalten am", null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "Konto"
        verbose_name_plural = "Konten"
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_account_per_address",
                violation_error_message="Diese Adresse hat schon ein Konto.",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email


class IdleAccount(models.Model):
    """An account that nobody has used for long: how often its person was asked, and when it ends. Set by `accounts.idle`."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="idle", verbose_name="Konto")
    asked = models.PositiveSmallIntegerField("Wie oft gefragt", default=0)
    asked_at = models.DateTimeField("Zuletzt gefragt am")
    ends_on = models.DateField("Endet am")
    ended_at = models.DateTimeField("Abgeschaltet am", null=True, blank=True)

    class Meta:
        verbose_name = "Ungenutztes Konto"
        verbose_name_plural = "Ungenutzte Konten"

    def __str__(self) -> str:
        return f"Ungenutztes Konto {self.pk}"
