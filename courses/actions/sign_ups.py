"""Open occasions: who signs up, waits, comes in and withdraws. First come, first served, under the training's lock.

One rule decides who has a place (`_fill`): the waiting list is gone through in order, and whoever fits in what is
free comes in. A party too large for the last places keeps its turn and is passed by those who fit
(docs/decisions/0017). Places that have been promised are kept when the capacity is lowered.
"""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from courses import queries
from courses.mail import sign_ups as mail
from courses.models import SignUp, Training, TrainingState
from jarfalla import clock
from units.actions import post_letter
from units.models import Refused


class AddressTaken(Refused):
    """The address is signed up already."""


@transaction.atomic
def sign_up(
    training: Training, *, name: str, email: str, organisation: str, seats: int = 1, token: uuid.UUID, language: str
) -> SignUp:
    """Sign somebody up, with a place or on the waiting list, and write to them; the same `token` again returns the
    first sign-up.

    Raises AddressTaken when the address is signed up already, and Refused when the training takes no sign-ups (any
    longer) and for more seats than the training has.
    """
    training = lock_training(training)
    if first := SignUp.objects.filter(token=token, training=training).first():
        return first
    require_open(training)
    email = email.strip().lower()
    if training.sign_ups.standing().filter(email__iexact=email).exists():
        raise AddressTaken(_("Den adressen är redan anmäld."))
    if SignUp.objects.filter(token=token).exists():
        token = uuid.uuid4()  # it came from the form of another training
    if training.capacity is not None and seats > training.capacity:
        raise Refused(_("Utbildningen har %(n)s platser. Anmäl högst så många.") % {"n": training.capacity})
    row = training.sign_ups.create(
        token=token,
        user=queries.account_at(email),
        name=name,
        email=email,
        organisation=organisation,
        seats=seats,
        language=language,
        sequence=training.sequence,
    )
    _fill(training, newcomer=row)
    row.refresh_from_db()
    if row.placed_at is None:
        post_letter(mail.sign_up_waiting(row, number=queries.place_in_line(row)))
    return row


@transaction.atomic
def withdraw_sign_up(sign_up: SignUp) -> SignUp:
    """Give the places back, to the first on the waiting list who fits; return it as it is if that was done already.

    Raises Refused once the training has begun.
    """
    training = lock_training(sign_up.training)
    sign_up = training.sign_ups.select_for_update(of=("self",)).select_related("user").get(pk=sign_up.pk)
    if sign_up.withdrawn_at:
        return sign_up
    if training.state != TrainingState.BOOKED:
        raise Refused(_("Utbildningen är redan över eller inställd, så det finns inget att avanmäla."))
    sign_up.withdrawn_at = clock.now()
    sign_up.save()
    post_letter(mail.sign_up_withdrawn(sign_up))
    _fill(training)
    return sign_up


@transaction.atomic
def place_waiting(training: Training) -> int:
    """Let those who wait and fit come in, after the capacity was raised; return how many did."""
    training = lock_training(training)
    return _fill(training) if training.state == TrainingState.BOOKED else 0


def tell_of_change(training: Training) -> None:
    """Write to everybody signed up who has not heard of the training's latest change or of its cancellation."""
    behind = training.sign_ups.standing().filter(sequence__lt=training.sequence)
    for pk in behind.values_list("pk", flat=True):
        _tell_one(pk)


@transaction.atomic
def _tell_one(pk: int) -> None:
    """The letter about a change to one person, unless another worker is at it or the training's time has passed."""
    locked = SignUp.objects.standing().select_for_update(of=("self",), skip_locked=True)
    row = locked.select_related("training", "user").filter(pk=pk).first()
    if row is None or row.sequence >= row.training.sequence:
        return
    if row.training.starts_at > clock.now() and row.training.held_on is None:
        post_letter(mail.sign_up_cancelled(row) if row.training.cancelled_at else mail.sign_up_changed(row))
    row.sequence = row.training.sequence
    row.save()


def require_open(training: Training) -> None:
    """Raise Refused, with the reason, unless one can sign up to the training now."""
    if training.cancelled_at:
        raise Refused(_("Utbildningen är inställd."))
    if not training.takes_sign_ups:
        raise Refused(_("Anmälan är stängd."))
    if training.state != TrainingState.BOOKED:
        raise Refused(_("Utbildningen har redan börjat, så det går inte att anmäla sig längre."))


def lock_training(training: Training) -> Training:
    """The training as it is now, locked: its places can't change under whoever counts them."""
    return Training.objects.select_for_update(of=("self",)).get(pk=training.pk)


def _fill(training: Training, newcomer: SignUp | None = None) -> int:
    """Give places to those who wait and fit, in order, and write to them; return how many got them.

    The training is locked by the caller. Only the `newcomer` has not had to wait.
    """
    free, count = queries.places(training).free, 0
    for row in training.sign_ups.waiting().select_related("user"):
        if free is not None and row.seats > free:
            continue
        free = None if free is None else free - row.seats
        row.training, row.placed_at, row.sequence = training, clock.now(), training.sequence
        row.save()
        post_letter(mail.sign_up_placed(row, had_to_wait=row != newcomer))
        count += 1
    return count
