"""What the coordinator writes to those who signed up, what the worker looks after, and what is erased in the end."""

import datetime as dt
import uuid
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from courses import queries
from courses.actions.sign_ups import place_waiting, tell_of_change
from courses.mail import sign_ups as mail
from courses.models import SignUp, SignUpAudience, SignUpMail, Training
from jarfalla import clock
from jarfalla.celery import enqueue, run_all
from units.actions import erase_guest_letters, post_letter
from units.models import Refused, User


@transaction.atomic
def write_to_signed_up(
    training: Training, *, audience: SignUpAudience, subject: str, text: str, token: uuid.UUID, by: User
) -> SignUpMail:
    """Keep what the coordinator wrote; the worker makes the letters. The same `token` again returns the first.

    Raises Refused when there is nobody to write to.
    """
    if not queries.signed_up(training, audience).filter(erased_at__isnull=True).exists():
        raise Refused(_("Det finns ingen att skriva till."))
    words = {"training": training, "audience": audience, "subject": subject, "text": text, "sent_by": by}
    row, created = SignUpMail.objects.get_or_create(token=token, defaults=words)
    if created:
        enqueue("courses.tasks.write_sign_up_mail", row.pk)
    return row


@transaction.atomic
def write_sign_up_mail(pk: int) -> int:
    """Put one letter for each of those whom a mail is for in the outbox; return how many. Once, however often asked."""
    locked = SignUpMail.objects.select_for_update(of=("self",), skip_locked=True).select_related("training")
    row = locked.filter(pk=pk, written_at__isnull=True).first()
    if row is None:
        return 0
    # Whoever signed up after it was written is not meant.
    people = queries.signed_up(row.training, SignUpAudience(row.audience))
    people = people.filter(signed_up_at__lte=row.sent_at, erased_at__isnull=True)
    letters = [post_letter(mail.sign_up_message(person, row)) for person in people.select_related("training", "user")]
    row.written_at = clock.now()
    row.save()
    return sum(letter is not None for letter in letters)


def tend_sign_ups_of(training: Training) -> None:
    """After a training was changed or cancelled: tell those who signed up, then let in whoever waits and fits now."""
    tell_of_change(training)
    place_waiting(training)


def tend_sign_ups() -> None:
    """What waits for the worker: letters about changes, places for those who wait, mails, and what must be erased."""
    mails = SignUpMail.objects.filter(written_at__isnull=True).order_by("pk").values_list("pk", flat=True)
    run_all(
        [
            *(partial(tend_sign_ups_of, training) for training in queries.trainings_to_tend(clock.now())),
            *(partial(write_sign_up_mail, pk) for pk in mails),
            erase_sign_ups,
        ]
    )


@transaction.atomic
def erase_sign_ups() -> int:
    """Empty what names somebody in the sign-ups of trainings that are SIGN_UP_KEPT_DAYS past, and in the letters
    about them; return how many. That they were, for how many and when, stays for the figures.
    """
    before = clock.now() - dt.timedelta(days=settings.SIGN_UP_KEPT_DAYS)
    past = SignUp.objects.filter(training__starts_at__lt=before, erased_at__isnull=True)
    rows = list(past.select_for_update(of=("self",), skip_locked=True))
    for row in rows:
        erase_guest_letters(mail.key_prefix(row), address=_nobody(row))
        row.name, row.organisation, row.email, row.user = "", "", _nobody(row), None
        row.erased_at = clock.now()
        row.save()
    return len(rows)


def _nobody(row: SignUp) -> str:
    """An address that leads nowhere; not the same for two, because an address is signed up only once."""
    return f"{row.pk}@raderad.invalid"
