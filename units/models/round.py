"""One run of a unit through the four steps, and the record of each completed step."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models.people import User
from units.models.refusals import StepBlocked
from units.models.unit import ParticipationState, Unit


class Step(models.IntegerChoices):
    """The four steps of the model."""

    WEB_COURSE = 1, _("Webbkurs")
    TRAINING = 2, _("Riktad utbildning")
    ROUTINES = 3, _("Rutiner")
    FOLLOW_UP = 4, _("Uppföljning")


@pghistory.track()
class Round(models.Model):
    """Omgång: one run through the four steps. A unit has at most one open round."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="rounds", verbose_name=_("enhet"))
    number = models.PositiveSmallIntegerField(_("omgång"))
    started_on = models.DateField(_("började"), default=clock.today)
    closed_on = models.DateField(_("avslutades"), null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("avslutad av")
    )

    class Meta:
        verbose_name = _("omgång")
        verbose_name_plural = _("omgångar")
        constraints = [
            models.UniqueConstraint(fields=["unit", "number"], name="round_number_unique_in_unit"),
            models.UniqueConstraint(
                fields=["unit"],
                condition=Q(closed_on__isnull=True),
                name="round_one_open_per_unit",
                violation_error_message=_("Enheten har redan en omgång som pågår."),
            ),
            models.CheckConstraint(
                name="round_closes_with_a_name",
                condition=Q(closed_on__isnull=True, closed_by__isnull=True)
                | Q(closed_on__isnull=False, closed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="round_closes_after_it_starts",
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=F("started_on")),
                violation_error_message=_("Omgången kan inte avslutas innan den började."),
            ),
        ]

    def __str__(self) -> str:
        return _("%(unit)s, omgång %(number)s") % {"unit": self.unit, "number": self.number}

    def standing(self) -> dict[Step, "StepCompletion"]:
        """The standing completion of each completed step; one query, or none when completions are prefetched."""
        rows = [row for row in self.completions.all() if row.withdrawn_at is None]
        return {Step(row.step): row for row in sorted(rows, key=lambda row: row.step)}

    @property
    def next_step(self) -> Step | None:
        """The first step that is not completed; None when all four are, or the round is closed."""
        done = self.standing()
        return next((step for step in Step if step not in done), None) if self.closed_on is None else None

    def require_next(self, step: Step) -> None:
        """Raise StepBlocked unless `step` may be completed now: the round and the unit are under way, in order."""
        if self.closed_on is not None:
            raise StepBlocked(_("Omgången är avslutad. Samordnaren kan starta en ny."))
        if self.unit.participation_state != ParticipationState.TAKING_PART:
            raise StepBlocked(_("Enheten deltar inte just nu. Samordnaren kan ändra det på enhetens sida."))
        first_open = self.next_step
        if first_open is not None and first_open < step:
            raise StepBlocked(
                _("Steg %(first)s, %(name)s, måste vara klart först.")
                % {"first": first_open.value, "name": first_open.label.lower()}
            )


class StepCompletionQuerySet(models.QuerySet["StepCompletion"]):
    """Questions about completed steps."""

    def standing(self) -> "StepCompletionQuerySet":
        """Those that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


@pghistory.track()
class StepCompletion(models.Model):
    """A step happened on `completed_on`; logged at `recorded_at`; withdrawn with a reason, never deleted."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="completions", verbose_name=_("omgång"))
    step = models.PositiveSmallIntegerField(_("steg"), choices=Step)
    completed_on = models.DateField(_("genomfört den"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    override_reason = models.CharField(_("skäl till undantag"), max_length=300, blank=True)
    withdrawn_at = models.DateTimeField(_("återtaget"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("återtaget av")
    )
    withdrawn_reason = models.CharField(_("skäl till återtagandet"), max_length=300, blank=True)

    objects = StepCompletionQuerySet.as_manager()

    class Meta:
        verbose_name = _("genomfört steg")
        verbose_name_plural = _("genomförda steg")
        ordering = ["round", "step", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "step"],
                condition=Q(withdrawn_at__isnull=True),
                name="step_completed_once_per_round",
                violation_error_message=_("Steget är redan registrerat i den här omgången."),
            ),
            models.CheckConstraint(
                name="step_is_one_to_four",
                condition=Q(step__range=(1, 4)),
                violation_error_message=_("Stegen är 1 till 4."),
            ),
            models.CheckConstraint(
                name="step_not_in_the_future",
                condition=Q(completed_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
            models.CheckConstraint(
                name="step_withdrawn_with_name_and_reason",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_reason="")),
                violation_error_message=_("Skriv varför steget återtas."),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="step_completion_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="steps_are_completed_in_order",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.step > 1 AND NOT EXISTS (
                        SELECT 1 FROM units_stepcompletion
                        WHERE round_id = NEW.round_id AND step = NEW.step - 1 AND withdrawn_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'step % comes before the one below it', NEW.step USING ERRCODE = '23514';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="steps_are_withdrawn_latest_first",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=True, new__withdrawn_at__isnull=False),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM units_stepcompletion
                        WHERE round_id = NEW.round_id AND step > NEW.step AND withdrawn_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'a step above % still stands', NEW.step USING ERRCODE = '23514';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round}: {Step(self.step).label}"

    def may_be_withdrawn_by(self, user: User) -> bool:
        """Whether `user` could record it again: the unit's manager not what the coordinator alone records, and no
        override."""
        if user.is_coordinator:
            return True
        if self.override_reason or self.step not in (Step.WEB_COURSE, Step.ROUTINES):
            return False
        return Unit.objects.managed_by(user).filter(rounds=self.round_id).exists()
