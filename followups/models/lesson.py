"""What units have learned and share."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from followups.models.follow_up import FollowUp
from units.models import User


class LessonQuerySet(models.QuerySet["Lesson"]):
    """Questions about lessons."""

    def public(self) -> "LessonQuerySet":
        """Those that other units read: published, not taken away, and with the unit's yes."""
        return self.filter(published_at__isnull=False, withdrawn_at__isnull=True, follow_up__lesson_may_be_shared=True)


@pghistory.track()
class Lesson(models.Model):
    """A lesson as other units read it: the coordinator has taken out what tells which unit it comes from.

    The row comes with the first thing that is done about what the unit wrote (FollowUp.lesson, which never changes): it
    is published, it is taken away with a reason, or the unit takes its yes back. Without a row it waits.
    """

    follow_up = models.OneToOneField(
        FollowUp, models.PROTECT, related_name="shared_lesson", verbose_name=_("uppföljning")
    )
    title = models.CharField(_("rubrik"), max_length=120, blank=True)
    text = models.TextField(_("text"), blank=True)
    published_at = models.DateTimeField(_("publicerad"), null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("publicerad av")
    )
    withdrawn_at = models.DateTimeField(_("borttagen"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("borttagen av")
    )
    withdrawn_reason = models.CharField(_("varför den är borttagen"), max_length=300, blank=True)
    # The unit has taken its yes back; only the unit can say yes again.
    is_refused = models.BooleanField(_("enheten vill inte dela den längre"), default=False)

    objects = LessonQuerySet.as_manager()

    class Meta:
        verbose_name = _("lärdom")
        verbose_name_plural = _("lärdomar")
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="lesson_published_with_a_name_and_words",
                condition=Q(published_at__isnull=True, published_by__isnull=True)
                | (Q(published_at__isnull=False, published_by__isnull=False) & ~Q(title="") & ~Q(text="")),
            ),
            models.CheckConstraint(
                name="lesson_withdrawn_with_name_and_reason",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="", is_refused=False)
                | (
                    Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & (Q(is_refused=True) | ~Q(withdrawn_reason=""))
                ),
                violation_error_message=_("Skriv varför lärdomen tas bort."),
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.follow_up)

    @property
    def is_public(self) -> bool:
        """Whether other units read it."""
        return bool(self.published_at) and not self.withdrawn_at and self.follow_up.lesson_may_be_shared
