"""Users and their memberships of units."""

import datetime as dt
from typing import Any

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jarfalla import clock


class UserRole(models.TextChoices):
    """What a user may do beyond their memberships."""

    COORDINATOR = "coordinator", _("samordnare")
    READER = "reader", _("läsare")
    STAFF = "staff", _("personal")


class MembershipRole(models.TextChoices):
    """What a user is in one unit."""

    MANAGER = "manager", _("chef")
    MEMBER = "member", _("medarbetare")


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail, whatever its case."""

    def create_user(self, email: str, name: str, **fields: Any) -> "User":
        """Make a user who signs in with a code by e-mail; there are no passwords."""
        user = self.model(email=email.strip().lower(), name=name.strip(), **fields)
        user.set_unusable_password()
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this e-mail, whatever its case."""
        return self.get(email__iexact=username)


# One trigger for a statement instead of one for each row: a staff list of 50,000 rows is saved three times as quickly.
@pghistory.track(exclude=["password", "last_login"], level=pghistory.Statement)
class User(AbstractBaseUser):
    """A person who signs in; the e-mail is the username."""

    email = models.EmailField(_("e-postadress"), unique=True)
    name = models.CharField(_("namn"), max_length=100)
    role = models.CharField(_("roll"), max_length=20, choices=UserRole, default=UserRole.STAFF)
    language = models.CharField(_("språk"), max_length=5, choices=[("sv", "Svenska"), ("en", "English")], default="sv")
    is_active = models.BooleanField(_("aktivt konto"), default=True)
    is_protected = models.BooleanField(
        _("skyddade personuppgifter"),
        default=False,
        help_text=_("Personen syns inte i listor, mejl eller exporter."),
    )
    created_at = models.DateTimeField(_("skapad"), default=clock.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("personer")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_whatever_its_case",
                violation_error_message=_("Det finns redan en person med den e-postadressen."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        """The name as it may stand in a record that others read: never that of a protected person."""
        return gettext("skyddad person") if self.is_protected else self.name

    @property
    def gets_mail(self) -> bool:
        """Whether the portal writes to this person: not to a closed account, and never to a protected person."""
        return self.is_active and not self.is_protected

    @property
    def may_have_calendar(self) -> bool:
        """Whether a calendar program may fetch this person's dates. Not a protected person's: an address that leaks
        would tell where they are going to be, and when.
        """
        return self.gets_mail and not self.is_reader

    @property
    def is_coordinator(self) -> bool:
        """Sees and steers all units."""
        return self.role == UserRole.COORDINATOR

    @property
    def is_reader(self) -> bool:
        """Sees figures only."""
        return self.role == UserRole.READER


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Questions about who belongs where."""

    def present(self, on: dt.date | None = None) -> "MembershipQuerySet":
        """Memberships that hold on the date `on` (today when not given)."""
        on = on or clock.today()
        return self.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=on), started_on__lte=on)

    def managers(self) -> "MembershipQuerySet":
        """Memberships as manager."""
        return self.filter(role=MembershipRole.MANAGER)


@pghistory.track(level=pghistory.Statement)
class Membership(models.Model):
    """A person works in a unit from `started_on` up to, not including, `ended_on`."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships", verbose_name=_("person"))
    unit = models.ForeignKey("units.Unit", models.PROTECT, related_name="memberships", verbose_name=_("enhet"))
    role = models.CharField(_("roll"), max_length=20, choices=MembershipRole, default=MembershipRole.MEMBER)
    started_on = models.DateField(_("från och med"), default=clock.today)
    ended_on = models.DateField(_("slutade"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("anställning i en enhet")
        constraints = [
            models.CheckConstraint(
                name="membership_ends_after_it_starts",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
                violation_error_message=_("Slutdatumet kan inte ligga före startdatumet."),
            ),
            ExclusionConstraint(
                name="membership_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("unit", RangeOperators.EQUAL),
                    (
                        Func(
                            "started_on",
                            "ended_on",
                            Value("[)"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("Personen finns redan i enheten."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.unit}"
