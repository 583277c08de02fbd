"""What the worker does for this app."""

from celery import shared_task

from courses import actions
from courses.models import Training


@shared_task
def tell_signed_up(training_id: int) -> None:
    """Write to those who signed up about a change of their training, and let in whoever waits and fits now."""
    training = Training.objects.filter(pk=training_id).first()
    if training is not None:
        actions.tend_sign_ups_of(training)


@shared_task
def write_sign_up_mail(mail_id: int) -> None:
    """Make the letters of one mail to those who signed up, if they are not made yet."""
    actions.write_sign_up_mail(mail_id)


@shared_task
def tend_sign_ups() -> None:
    """The net under a broker that lost a task of the sign-ups; also erases what is no longer needed."""
    actions.tend_sign_ups()


@shared_task
def send_invitations(training_id: int) -> None:
    """Write to those whom a training concerns about how it stands now."""
    actions.send_invitations(training_id)


@shared_task
def invite_to_trainings() -> None:
    """The net under a broker that lost a task; also invites whoever has joined a unit, and tells who has left."""
    actions.send_all_invitations()
