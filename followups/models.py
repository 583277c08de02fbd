"""Step 4: follow-ups, what was agreed in them, and the daily sweep that reminds of them."""

import datetime as dt
from typing import NamedTuple

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import Round, User


class Decision(models.TextChoices):
    """What a follow-up leads to (design, section 3)."""

    DONE = "done", _("Klart: omgången avslutas")
    MORE_SUPPORT = "more_support", _("Mer stöd: omgången fortsätter, med insatser som följs upp")
    NEW_ROUND = "new_round", _("Ny omgång: den här avslutas och en ny börjar")
    BACK_TO_TRAINING = "back_to_training", _("Tillbaka till steg 2, riktad utbildning")
    BACK_TO_ROUTINES = "back_to_routines", _("Tillbaka till steg 3, rutiner")


# The decisions that complete step 4 and close the round.
CLOSING_DECISIONS = (Decision.DONE, Decision.NEW_ROUND)


class Promise(NamedTuple):
    """A support action as it is agreed, before it is a row: what, who, and by which day."""

    what: str
    owner: str
    due_on: dt.date


@pghistory.track()
class FollowUp(models.Model):
    """The coordinator's contact with the unit after 6–12 months, and what it led to."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="follow_ups", verbose_name=_("omgång"))
    held_on = models.DateField(_("datum"))
    routines_used = models.TextField(_("Används rutinerna, och finns de i verksamhetsplanen?"), blank=True)
    effect = models.TextField(_("Vad har blivit annorlunda?"), blank=True)
    needs = models.TextField(_("Vad behöver enheten framöver?"), blank=True)
    decision = models.CharField(_("beslut"), max_length=30, choices=Decision)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("uppföljning")
        verbose_name_plural = _("uppföljningar")
        ordering = ["round", "held_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="follow_up_not_in_the_future",
                condition=Q(held_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round}, {self.held_on}"


@pghistory.track()
class SupportAction(models.Model):
    """Something that somebody promised at a follow-up, with a date."""

    follow_up = models.ForeignKey(
        FollowUp, models.PROTECT, related_name="support_actions", verbose_name=_("uppföljning")
    )
    what = models.CharField(_("vad som ska göras"), max_length=300)
    owner = models.CharField(_("vem som gör det"), max_length=100)
    due_on = models.DateField(_("senast"))
    done_on = models.DateField(_("gjort"), null=True, blank=True)
    done_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("registrerat av")
    )

    class Meta:
        verbose_name = _("stödinsats")
        verbose_name_plural = _("stödinsatser")
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="support_action_done_with_a_name",
                condition=Q(done_on__isnull=True, done_by__isnull=True)
                | Q(done_on__isnull=False, done_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.what


class SweepRun(models.Model):
    """The daily sweep ran for a date. A missing or unfinished row means: sweep again."""

    on = models.DateField(_("datum"), unique=True)
    started_at = models.DateTimeField(_("började"), default=clock.now)
    finished_at = models.DateTimeField(_("slutförd"), null=True, blank=True)
    written = models.PositiveIntegerField(_("nya meddelanden"), default=0)

    class Meta:
        verbose_name = _("genomgång")

    def __str__(self) -> str:
        return str(self.on)
