"""Open occasions: who has signed up, who waits, and what the coordinator has written to them."""

import uuid

import pghistory
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.models.training import Training
from jarfalla import clock
from units.models import User


class SignUpQuerySet(models.QuerySet["SignUp"]):
    """Questions about sign-ups."""

    def standing(self) -> "SignUpQuerySet":
        """Those that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def placed(self) -> "SignUpQuerySet":
        """Those that have their places."""
        return self.standing().filter(placed_at__isnull=False)

    def waiting(self) -> "SignUpQuerySet":
        """The waiting list, the first first."""
        return self.standing().filter(placed_at__isnull=True).order_by("signed_up_at", "pk")


# Without what names a guest: the history would keep it after it has been erased.
@pghistory.track(exclude=["name", "email", "organisation"])
class SignUp(models.Model):
    """Somebody wants places at an open occasion: with an account, or by name and address without one.

    First come, first served: `placed_at` is when the places were promised; without it the person waits.
    """

    training = models.ForeignKey(Training, models.PROTECT, related_name="sign_ups", verbose_name=_("utbildning"))
    # Each rendered form carries its own: a form that is sent twice is one sign-up. Also the address of a way back.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="sign_ups", verbose_name=_("person")
    )
    # The three that name somebody are emptied when they are no longer needed (courses.actions.erase_sign_ups).
    name = models.CharField(_("namn"), max_length=100)
    email = models.EmailField(_("e-postadress"))
    organisation = models.CharField(_("enhet, kommun eller organisation"), max_length=200)
    seats = models.PositiveSmallIntegerField(_("antal platser"), default=1, validators=[MinValueValidator(1)])
    signed_up_at = models.DateTimeField(_("anmäld"), default=clock.now, editable=False)
    placed_at = models.DateTimeField(_("fick plats"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("avanmäld"), null=True, blank=True)
    language = models.CharField(_("språk"), max_length=5, choices=[("sv", "Svenska"), ("en", "English")], default="sv")
    # The change of the training (Training.sequence) that the person has been written to about.
    sequence = models.PositiveIntegerField(_("meddelad ändring"), default=0)
    erased_at = models.DateTimeField(_("avidentifierad"), null=True, blank=True)

    objects = SignUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("anmälan")
        verbose_name_plural = _("anmälningar")
        ordering = ["signed_up_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                "training",
                Lower("email"),
                condition=Q(withdrawn_at__isnull=True),
                name="sign_up_once_per_address",
                violation_error_message=_("Den adressen är redan anmäld."),
            ),
            models.CheckConstraint(
                name="sign_up_seats_are_positive",
                condition=Q(seats__gte=1),
                violation_error_message=_("Anmäl minst en person."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.training}: {self.name}"

    @property
    def shown_name(self) -> str:
        """The name as it may stand in a list: never that of a protected person, and nobody's once it is erased."""
        if self.erased_at:
            return gettext("raderat namn")
        return self.user.shown_name if self.user and self.user.is_protected else self.name

    @property
    def shown_email(self) -> str:
        """The address as it may stand in a list; empty for a protected person, and once it is erased."""
        is_hidden = self.erased_at is not None or (self.user is not None and self.user.is_protected)
        return "" if is_hidden else self.email


class SignUpAudience(models.TextChoices):
    """Whom the coordinator writes to."""

    PLACED = "placed", _("De som har plats")
    WAITING = "waiting", _("De som står på väntelistan")
    ALL = "all", _("Alla anmälda")


class SignUpMail(models.Model):
    """What the coordinator has written to those who signed up; the worker makes it a letter to each of them."""

    training = models.ForeignKey(Training, models.PROTECT, related_name="sign_up_mails", verbose_name=_("utbildning"))
    # Each rendered form carries its own: a form that is sent twice is one mail.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    audience = models.CharField(_("till"), max_length=10, choices=SignUpAudience)
    subject = models.CharField(_("ämne"), max_length=150)
    text = models.TextField(_("text"))
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("skrivet av"))
    sent_at = models.DateTimeField(_("skrivet"), default=clock.now, editable=False)
    # When every letter was in the outbox; the worker continues until then.
    written_at = models.DateTimeField(_("i utkorgen"), null=True, blank=True)

    class Meta:
        verbose_name = _("mejl till anmälda")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.subject
