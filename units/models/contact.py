"""The contacts of step 4: which of a round's planned ones are over."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models.people import User
from units.models.round import Round


class Outcome(models.TextChoices):
    """How a planned contact ended."""

    HELD = "held", _("hölls")
    NOT_HELD = "not_held", _("kunde inte hållas")


class SettledContactQuerySet(models.QuerySet["SettledContact"]):
    """Questions about contacts that are over."""

    def standing(self) -> "SettledContactQuerySet":
        """Those that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


@pghistory.track()
class SettledContact(models.Model):
    """The contact `number` of a round was held, or could not be held, on `settled_on`; withdrawn with the step that its
    months are counted from, never deleted. What was said in it is the followups app's."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="contacts", verbose_name=_("omgång"))
    number = models.PositiveSmallIntegerField(_("samtal"))
    settled_on = models.DateField(_("datum"))
    outcome = models.CharField(_("hur det gick"), max_length=10, choices=Outcome)
    reason = models.CharField(_("varför det inte kunde hållas"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    withdrawn_at = models.DateTimeField(_("återtaget"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("återtaget av")
    )

    objects = SettledContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("samtal")
        verbose_name_plural = _("samtal")
        ordering = ["round", "number", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "number"],
                condition=Q(withdrawn_at__isnull=True),
                name="contact_settled_once_per_round",
                violation_error_message=_("Det samtalet är redan registrerat."),
            ),
            models.CheckConstraint(
                name="contact_not_in_the_future",
                condition=Q(settled_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
            models.CheckConstraint(
                name="contact_not_held_has_a_reason",
                condition=Q(outcome=Outcome.HELD, reason="") | (Q(outcome=Outcome.NOT_HELD) & ~Q(reason="")),
                violation_error_message=_("Skriv varför samtalet inte kunde hållas."),
            ),
            models.CheckConstraint(
                name="contact_withdrawn_with_a_name",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="settled_contact_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="contacts_are_settled_in_order",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.number <> 1 + (
                        SELECT count(*) FROM units_settledcontact WHERE round_id = NEW.round_id AND withdrawn_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'contact % is not the next one', NEW.number USING ERRCODE = '23514';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.number}"
