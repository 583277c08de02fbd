"""What the worker does for this app."""

from functools import partial

from celery import shared_task

from followups import actions
from followups.models import FollowUp
from jarfalla.celery import run_all

# How many PDFs one tick makes at most: a portal that has just learned to make them may lack hundreds.
_AT_ONCE = 20


@shared_task
def tell_of_bookings() -> None:
    """Tell who has become, or is no longer, the manager of a unit whose contact is booked."""
    actions.tell_of_bookings()


@shared_task
def make_follow_up_pdf(follow_up_id: int) -> None:
    """Make the PDF of one follow-up, if it still waits."""
    follow_up = FollowUp.objects.filter(pk=follow_up_id).first()
    if follow_up is not None:
        actions.make_pdf(follow_up)


@shared_task
def make_follow_up_pdfs() -> None:
    """Make the PDFs that wait and have not failed: the net under a broker that lost the single task."""
    waiting = FollowUp.objects.filter(pdf="", pdf_error="").order_by("recorded_at", "pk")
    run_all(partial(actions.make_pdf, follow_up) for follow_up in waiting[:_AT_ONCE])
