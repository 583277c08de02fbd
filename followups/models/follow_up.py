"""What was said and decided at a contact, and what was promised in it."""

import datetime as dt
from typing import NamedTuple

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import Round, SettledContact, User


class Decision(models.TextChoices):
    """What a follow-up leads to (design, section 3)."""

    GO_ON = "go_on", _("Det fungerar: vi hörs igen vid nästa samtal")
    DONE = "done", _("Klart: omgången avslutas")
    MORE_SUPPORT = "more_support", _("Mer stöd: omgången fortsätter, med insatser som följs upp")
    NEW_ROUND = "new_round", _("Ny omgång: den här avslutas och en ny börjar")
    BACK_TO_TRAINING = "back_to_training", _("Tillbaka till steg 2, riktad utbildning")
    BACK_TO_ROUTINES = "back_to_routines", _("Tillbaka till steg 3, rutiner")


# The decisions that complete step 4 and close the round.
CLOSING_DECISIONS = (Decision.DONE, Decision.NEW_ROUND)


class Answer(models.TextChoices):
    """A question that a phone call has an answer to in a second."""

    YES = "yes", _("Ja")
    PARTLY = "partly", _("Delvis")
    NO = "no", _("Nej")


class PdfState(models.TextChoices):
    """How far the follow-up's PDF has come. The words are those of templates/_status.html."""

    MAKING = "sending", _("PDF:en görs nu")
    READY = "done", _("PDF:en är klar")
    FAILED = "failed", _("PDF:en gick inte att göra")


class Promise(NamedTuple):
    """A support action as it is agreed, before it is a row: what, who, and by which day."""

    what: str
    owner: str
    due_on: dt.date


@pghistory.track()
class FollowUp(models.Model):
    """The protocol of a contact that was held: what was said and what it led to. Never changed once it is recorded."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="follow_ups", verbose_name=_("omgång"))
    # Which of the round's contacts it was. Follow-ups from before there were several have no row of their own.
    contact = models.OneToOneField(
        SettledContact, models.PROTECT, null=True, blank=True, related_name="follow_up", verbose_name=_("samtal")
    )
    held_on = models.DateField(_("datum"))
    process = models.CharField(_("Fungerar arbetssättet?"), max_length=10, choices=Answer, blank=True)
    process_note = models.TextField(_("Mer om arbetssättet"), blank=True)
    routines_used = models.CharField(_("Används rutinerna?"), max_length=10, choices=Answer, blank=True)
    in_plan = models.CharField(_("Finns de i verksamhetsplanen?"), max_length=10, choices=Answer, blank=True)
    routines_note = models.TextField(_("Mer om rutinerna"), blank=True)
    effect = models.TextField(_("Vad har blivit annorlunda?"), blank=True)
    needs = models.TextField(_("Vad behöver enheten framöver?"), blank=True)
    lesson = models.TextField(_("En lärdom som andra kan ha nytta av"), blank=True)
    # The unit has said yes to that its lesson is shared; the coordinator takes out what tells who it is first.
    lesson_may_be_shared = models.BooleanField(_("Enheten vill dela lärdomen"), default=False)
    decision = models.CharField(_("beslut"), max_length=30, choices=Decision)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)
    # Made by the worker; the row waits for it while it is empty.
    pdf = models.FileField(_("PDF"), upload_to="follow-ups/", blank=True, editable=False)
    pdf_sha256 = models.CharField(_("PDF:ens kontrollsumma"), max_length=64, blank=True, editable=False)
    pdf_attempts = models.PositiveSmallIntegerField(_("försök att skapa PDF:en"), default=0, editable=False)
    pdf_error = models.TextField(_("varför PDF:en inte kunde skapas"), blank=True, editable=False)

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
            models.CheckConstraint(
                name="follow_up_shares_a_lesson_that_is_there",
                condition=Q(lesson_may_be_shared=False) | ~Q(lesson=""),
                violation_error_message=_("Skriv lärdomen som enheten vill dela."),
            ),
            models.CheckConstraint(
                name="follow_up_pdf_has_its_hash",
                condition=Q(pdf="", pdf_sha256="") | (~Q(pdf="") & ~Q(pdf_sha256="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round}, {self.held_on}"

    @property
    def pdf_state(self) -> PdfState:
        """Whether the PDF is there; one that failed waits for a person to try again."""
        if self.pdf:
            return PdfState.READY
        return PdfState.FAILED if self.pdf_error else PdfState.MAKING

    @property
    def lesson_waits(self) -> bool:
        """Whether the unit's lesson may be shared and nobody has done anything about it yet."""
        row = getattr(self, "shared_lesson", None)
        return self.lesson_may_be_shared and (row is None or not (row.published_at or row.withdrawn_at))


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
