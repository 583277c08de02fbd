"""Step 2: trainings that are booked, held or cancelled, and the step itself."""

import contextlib
import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from courses import mail, queries
from courses.models import Training
from jarfalla import clock
from units.actions import complete_step, post_letter
from units.actions.steps import lock_round
from units.mail import Letter
from units.models import Refused, Round, Step, StepBlocked, StepCompletion, User


@transaction.atomic
def book_training(
    round_: Round, *, title: str, starts_at: dt.datetime, place: str = "", leader: str = "", by: User
) -> Training:
    """Book a training for a round and write to the unit's managers; return the same booking if it stands already.

    Nobody is written to about a training whose time has passed. Raises Refused when the round is closed.
    """
    round_ = lock_round(round_)
    if round_.closed_on is not None:
        raise Refused(_("Omgången är avslutad. Samordnaren kan starta en ny."))
    same = round_.trainings.filter(title__iexact=title, starts_at=starts_at, cancelled_at__isnull=True)
    if booked := same.first():
        return booked
    training = round_.trainings.create(title=title, starts_at=starts_at, place=place, leader=leader, booked_by=by)
    _write_to_managers(training, mail.training_booked)
    return training


@transaction.atomic
def hold_training(training: Training, *, on: dt.date, attended: int | None = None, by: User) -> Training:
    """Record that a training was held on `on`, and log step 2 if that is what the round waits for.

    Return it as it is if it was recorded as held already. Raises Refused for a cancelled training, for a date in
    the future and for more participants than the unit has staff.
    """
    round_ = lock_round(training.round)
    training = _lock_training(training, round_)
    if training.held_on:
        return training
    if training.cancelled_at:
        raise Refused(_("Utbildningen är inställd. Boka en ny om den hölls ändå."))
    if on > clock.today():
        raise Refused(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    queries.require_attendance(round_.unit, on=on, attended=attended)
    training.held_on = on
    training.held_by, training.held_recorded_at = by, clock.now()
    training.save()
    training.training_rounds.update(headcount=attended)
    with contextlib.suppress(StepBlocked):  # step 1 may be open: the page says so, and the training is held anyway
        complete_training(round_, on=on, by=by)
    return training


@transaction.atomic
def cancel_training(training: Training, *, reason: str, by: User) -> Training:
    """Record why a training did not come about; the managers are written to when it still lay ahead.

    Return it as it is if it was cancelled already. Raises Refused when it was held, or without a reason.
    """
    training = _lock_training(training, lock_round(training.round))
    if training.cancelled_at:
        return training
    if training.held_on:
        raise Refused(_("Utbildningen är registrerad som genomförd och kan inte ställas in."))
    if not reason.strip():
        raise Refused(_("Skriv varför utbildningen ställs in."))
    training.cancelled_at, training.cancelled_by, training.cancelled_reason = clock.now(), by, reason.strip()
    training.save()
    _write_to_managers(training, mail.training_cancelled)
    return training


@transaction.atomic
def complete_training(round_: Round, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Log step 2 from a training that was held by `on`; return the completion that already stands.

    A reason lets the coordinator pass without one, and is kept only when it was needed. Raises StepBlocked when
    no training was held by then; and whatever units.actions.complete_step refuses.
    """
    round_ = lock_round(round_)
    if Step.TRAINING not in round_.standing():
        if round_.trainings.filter(held_on__lte=on).exists():
            override_reason = ""
        elif not override_reason:
            raise StepBlocked(_no_training(round_))
    return complete_step(round_, Step.TRAINING, on=on, by=by, override_reason=override_reason)


def _no_training(round_: Round) -> str:
    """Why step 2 can't be logged."""
    first = round_.trainings.filter(held_on__isnull=False).order_by("held_on").first()
    if first is None or first.held_on is None:
        return _("Ingen utbildning är registrerad som genomförd i den här omgången.")
    day = formats.date_format(first.held_on, "j F Y")
    return _("Utbildningen hölls den %(day)s, så steget kan inte vara klart tidigare.") % {"day": day}


def _lock_training(training: Training, round_: Round) -> Training:
    """The training as it is now, locked, with its locked round."""
    training = Training.objects.select_for_update(of=("self",)).get(pk=training.pk)
    return training


def _write_to_managers(training: Training, letter: Callable[[Training, User], Letter]) -> None:
    """One letter to each of the unit's managers, unless the training's time has passed."""
    unit = training.round.unit
    if training.starts_at > clock.now():
        for manager in unit.managers():
            post_letter(letter(training, manager), unit=unit)
