"""The PDF of a follow-up: made once, tried a few times, and then again when a person asks for it."""

import logging

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from followups import documents
from followups.models import FollowUp
from jarfalla import work
from jarfalla.celery import enqueue
from jarfalla.pdf import PdfProblem
from units.models import User

logger = logging.getLogger(__name__)

# So often the portal tries by itself.
MOST_ATTEMPTS = 3
_TASK = "followups.tasks.make_follow_up_pdf"


@transaction.atomic
def make_pdf(follow_up: FollowUp) -> FollowUp:
    """Make and store the PDF of a follow-up; one that is made, that has failed and waits for a person, or that another
    worker is at, stays as it is.

    What goes wrong is tried again by the net (followups.tasks), three times in all; then why stands on the follow-up.
    A lost database is not kept there (it could not be).
    """
    has_hold = work.take_hold(work.FOLLOW_UPS, follow_up.pk)
    follow_up = FollowUp.objects.select_related("round__unit", "contact", "recorded_by").get(pk=follow_up.pk)
    if not has_hold or follow_up.pdf or follow_up.pdf_error:
        return follow_up
    if follow_up.pdf_attempts >= MOST_ATTEMPTS:
        return _give_up(follow_up, _("Portalen började om tre gånger utan att bli klar med PDF:en."))
    _count_try(follow_up)
    try:
        return _make(follow_up)
    except (InterfaceError, OperationalError):
        raise
    except PdfProblem as problem:  # the next try would end in the same
        return _give_up(follow_up, str(problem))
    except Exception as failure:  # whatever breaks, from a full disk to a font, the person who waits must be told
        logger.exception("the PDF of follow-up %s could not be made", follow_up.pk)
        if follow_up.pdf_attempts + 1 < MOST_ATTEMPTS:
            return follow_up
        return _give_up(follow_up, f"{type(failure).__name__}: {failure}")


@transaction.atomic
def _make(follow_up: FollowUp) -> FollowUp:
    """Make the PDF and keep it; raises what making or storing raises."""
    stored = documents.store_pdf(follow_up, documents.follow_up_pdf(follow_up))
    follow_up = _lock(follow_up)
    follow_up.pdf.name, follow_up.pdf_sha256 = stored
    follow_up.save(update_fields=["pdf", "pdf_sha256"])
    return follow_up


@transaction.atomic
def make_pdf_again(follow_up: FollowUp, *, by: User) -> FollowUp:
    """Let the worker try a PDF that failed, or whose file is gone, once more; any other stays as it is."""
    follow_up = _lock(follow_up)
    name = follow_up.pdf.name or ""
    is_lost = bool(name) and not follow_up.pdf.storage.exists(name)
    if not (follow_up.pdf_error or is_lost):
        return follow_up
    logger.info("the PDF of follow-up %s is made again, user %s asks for it", follow_up.pk, by.pk)
    follow_up.pdf.name, follow_up.pdf_sha256 = "", ""
    follow_up.pdf_error, follow_up.pdf_attempts = "", 0
    follow_up.save(update_fields=["pdf", "pdf_sha256", "pdf_error", "pdf_attempts"])
    enqueue(_TASK, follow_up.pk)
    return follow_up


def _lock(follow_up: FollowUp) -> FollowUp:
    """The follow-up as it is now, locked until the transaction ends."""
    return FollowUp.objects.select_for_update(of=("self",)).select_related("round__unit").get(pk=follow_up.pk)


def _count_try(follow_up: FollowUp) -> None:
    """Keep that a try has begun, whatever becomes of it: one that takes its worker with it leaves no other trace."""
    side = work.SideConnection()
    try:
        side.write("UPDATE followups_followup SET pdf_attempts = pdf_attempts + 1 WHERE id = %s", [follow_up.pk])
    finally:
        side.close()


def _give_up(follow_up: FollowUp, error: str) -> FollowUp:
    """Keep why there is no PDF, for the page; a person may try again."""
    logger.warning("follow-up %s gets no PDF: %s", follow_up.pk, error)
    follow_up = _lock(follow_up)
    follow_up.pdf_error = error[:2000].replace("\x00", "")
    follow_up.save(update_fields=["pdf_error"])
    return follow_up
