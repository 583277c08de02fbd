"""Step 2: trainings that are planned, changed, held, cancelled and opened again, and the step itself."""

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Required, TypedDict, Unpack

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from courses import queries
from courses.models import Material, Training, TrainingQuerySet, TrainingRound, TrainingSeries
from jarfalla import clock
from jarfalla.celery import enqueue
from units.actions import complete_step
from units.actions.steps import lock_round
from units.models import Refused, Round, Step, StepBlocked, StepCompletion, User

# When an occasion begins, and when it ends if that is decided.
Times = tuple[dt.datetime, dt.datetime | None]
# What everybody who is invited must hear of, besides which units they are.
TOLD = ("title", "starts_at", "ends_at", "place", "meeting_url", "leader", "invites_staff")


class Details(TypedDict, total=False):
    """What the coordinator decides about an occasion, besides when it is and for whom (models.Training)."""

    title: Required[str]
    themes: list[str]
    need: str
    aim: str
    place: str
    meeting_url: str
    leader: str
    invites_staff: bool
    takes_sign_ups: bool
    capacity: int | None


@transaction.atomic
def plan_trainings(
    rounds: Collection[Round],
    *,
    times: Sequence[Times],
    materials: Collection[Material] = (),
    by: User,
    **details: Unpack[Details],
) -> list[Training]:
    """Plan an occasion for each of `times`, together a series if they are several; return them in order.

    The worker writes to those who are invited. What stands already, for these rounds at the first of the times, is
    returned as it is. Raises Refused when a round is closed, when two times are the same, and without rounds unless
    anybody may sign up.
    """
    rounds = _lock_rounds(rounds)
    # Two clicks on one button come one after the other, also without a round. People are locked after rounds and units.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    _refuse_closed(rounds)
    _refuse_nobody(rounds, for_others=details.get("takes_sign_ups", False))
    times = sorted(times, key=lambda time: time[0])
    if len({starts_at for starts_at, _ends_at in times}) < len(times):
        raise Refused(_("Två tillfällen börjar på samma tid. Ändra ett av dem."))
    if booked := _same_plan(rounds, details["title"], times[0][0]):
        return booked
    series = TrainingSeries.objects.create(title=details["title"], created_by=by) if len(times) > 1 else None
    planned = []
    for part, (starts_at, ends_at) in enumerate(times, start=1):
        training = Training.objects.create(
            series=series, part=part if series else None, starts_at=starts_at, ends_at=ends_at, booked_by=by, **details
        )
        training.training_rounds.bulk_create(TrainingRound(training=training, round=round_) for round_ in rounds)
        training.materials.set(materials)
        _tell(training)
        planned.append(training)
    return planned


def book_training(
    round_: Round, *, title: str, starts_at: dt.datetime, place: str = "", leader: str = "", by: User
) -> Training:
    """Plan one occasion for one round, in short; see plan_trainings for the refusals."""
    [training] = plan_trainings([round_], times=[(starts_at, None)], title=title, place=place, leader=leader, by=by)
    return training


@transaction.atomic
def change_training(
    training: Training,
    *,
    rounds: Collection[Round],
    starts_at: dt.datetime,
    ends_at: dt.datetime | None,
    materials: Collection[Material] = (),
    by: User,
    **details: Unpack[Details],
) -> Training:
    """Change what was planned; the worker writes to those who are invited if it is something that they must hear of.

    Raises Refused when the training was held or cancelled, when a round that is new to it is closed, and without
    rounds unless anybody may sign up or somebody has.
    """
    training, locked = _lock_training(training, rounds)
    if not training.is_open:
        raise Refused(_("Utbildningen är avslutad och kan inte ändras."))
    known = set(training.rounds.values_list("pk", flat=True))
    _refuse_closed([round_ for round_ in locked if round_.pk not in known])
    _refuse_nobody(rounds, for_others=details.get("takes_sign_ups", False) or training.has_sign_ups)
    told = [getattr(training, name) for name in TOLD]
    for name, value in {**details, "starts_at": starts_at, "ends_at": ends_at}.items():
        setattr(training, name, value)
    wanted = {round_.pk for round_ in rounds}
    if wanted != known or told != [getattr(training, name) for name in TOLD]:
        training.sequence += 1
    training.save()
    training.training_rounds.exclude(round__in=wanted).delete()
    training.training_rounds.bulk_create(TrainingRound(training=training, round_id=pk) for pk in sorted(wanted - known))
    training.materials.set(materials)
    _tell(training)
    return training


@transaction.atomic
def hold_training(
    training: Training,
    *,
    on: dt.date,
    headcounts: Mapping[int, int | None] | None = None,
    headcount: int | None = None,
    absent: Collection[int] = (),
    by: User,
) -> Training:
    """Record that a training was held on `on`, and log step 2 for every round that waits for nothing more.

    `headcounts` is how many of each round's unit came without being named, by the round's primary key; `headcount`
    those who belong to none of them. The rounds in `absent` are taken off the training: nobody of them came.

    Returns it as it is if it was recorded as held already. Raises Refused for a cancelled training, for a date in
    the future and for more participants than a unit has staff.
    """
    training, rounds = _lock_training(training)
    if training.held_on:
        return training
    if training.cancelled_at:
        raise Refused(_("Utbildningen är inställd. Planera en ny om den hölls ändå."))
    if on > clock.today():
        raise Refused(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    counts = headcounts or {}
    training.training_rounds.filter(round__in=absent).delete()
    rounds = [round_ for round_ in rounds if round_.pk not in absent]
    for round_ in rounds:
        queries.require_attendance(training, round_.unit, on=on, headcount=counts.get(round_.pk))
    training.held_on, training.headcount = on, headcount
    training.held_by, training.held_recorded_at = by, clock.now()
    training.save()
    for round_ in rounds:
        training.training_rounds.filter(round=round_).update(headcount=counts.get(round_.pk))
        if day := queries.held_in_full_on(training, round_):
            with contextlib.suppress(StepBlocked):  # step 1 may be open: the page says so, it was held all the same
                complete_training(round_, on=day, by=by)
    return training


@transaction.atomic
def cancel_training(training: Training, *, reason: str, by: User) -> Training:
    """Record why a training does not or did not come about; the worker tells those who were invited to one ahead.

    Return it as it is if it was cancelled already. Raises Refused when it was held, or without a reason.
    """
    training, _rounds = _lock_training(training)
    if training.cancelled_at:
        return training
    if training.held_on:
        raise Refused(_("Utbildningen är registrerad som genomförd och kan inte ställas in."))
    if not reason.strip():
        raise Refused(_("Skriv varför utbildningen ställs in."))
    training.cancelled_at, training.cancelled_by, training.cancelled_reason = clock.now(), by, reason.strip()
    training.sequence += 1
    training.save()
    _tell(training)
    return training


@transaction.atomic
def reopen_training(training: Training, *, reason: str, by: User) -> Training:
    """Take back that a training was held, and how many came without a name; the reason stays on the record.

    Return it as it is if it is not recorded as held. Raises Refused without a reason, and while step 2 of one of
    its rounds rests on it.
    """
    training, rounds = _lock_training(training)
    if training.held_on is None:
        return training
    if not reason.strip():
        raise Refused(_("Skriv varför utbildningen öppnas igen."))
    training.held_on = training.held_by = training.held_recorded_at = training.headcount = None
    training.reopened_at, training.reopened_by, training.reopened_reason = clock.now(), by, reason.strip()
    training.save()
    training.training_rounds.update(headcount=None)
    for round_ in rounds:
        _refuse_step_2_in_the_air(round_)
    return training


@transaction.atomic
def complete_training(round_: Round, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Log step 2 from what had been held by `on`; return the completion that already stands.

    A reason lets the coordinator pass without, and is kept only when it was needed. Raises StepBlocked when nothing
    that was planned had been held in full by then; and whatever units.actions.complete_step refuses.
    """
    round_ = lock_round(round_)
    if Step.TRAINING not in round_.standing():
        known = queries.round_readiness(round_)
        if known.ready_on and known.ready_on <= on:
            override_reason = ""
        elif not override_reason:
            raise StepBlocked(_not_ready(known))
    return complete_step(round_, Step.TRAINING, on=on, by=by, override_reason=override_reason)


def _not_ready(known: queries.Readiness) -> str:
    """Why step 2 can't be logged."""
    if known.ready_on:
        day = formats.date_format(known.ready_on, "j F Y")
        return _("Utbildningen hölls den %(day)s, så steget kan inte vara klart tidigare.") % {"day": day}
    if known.missing:
        return queries.missing_part(known.missing)
    return _("Ingen utbildning är registrerad som genomförd i den här omgången.")


def _refuse_step_2_in_the_air(round_: Round) -> None:
    """Raise Refused when step 2 of the round is logged, without an exception, and nothing held bears it any more."""
    done = round_.standing().get(Step.TRAINING)
    if done is None or done.override_reason:
        return
    ready_on = queries.round_readiness(round_).ready_on
    if ready_on is None or ready_on > done.completed_on:
        sentence = _("Steg 2 är registrerat för %(unit)s och vilar på den här utbildningen. Återta steget först.")
        raise Refused(sentence % {"unit": round_.unit.name})


def _same_plan(rounds: Collection[Round], title: str, starts_at: dt.datetime) -> list[Training]:
    """What is planned under this title at this time for all these rounds; with its whole series, in order."""
    same: TrainingQuerySet = Training.objects.filter(
        title__iexact=title, starts_at=starts_at, cancelled_at__isnull=True
    )
    for round_ in rounds:
        same = same.filter(rounds=round_)
    if not rounds:
        same = same.filter(rounds__isnull=True)
    first = same.first()
    if first is None:
        return []
    return queries.siblings(first) or [first]


def _refuse_closed(rounds: Iterable[Round]) -> None:
    """Raise Refused when one of the rounds is closed."""
    for round_ in rounds:
        if round_.closed_on is not None:
            sentence = _("Omgången för %(unit)s är avslutad. Samordnaren kan starta en ny.")
            raise Refused(sentence % {"unit": round_.unit.name})


def _refuse_nobody(rounds: Collection[Round], *, for_others: bool) -> None:
    """Raise Refused when the occasion is for nobody."""
    if not rounds and not for_others:
        raise Refused(_("Välj minst en enhet, eller öppna utbildningen för anmälan."))


def _lock_rounds(rounds: Iterable[Round]) -> list[Round]:
    """The rounds as they are now, locked, always in the same order."""
    locked = Round.objects.select_for_update(of=("self",)).select_related("unit")
    return list(locked.filter(pk__in=[round_.pk for round_ in rounds]).order_by("pk"))


def _lock_training(training: Training, others: Iterable[Round] = ()) -> tuple[Training, list[Round]]:
    """The training as it is now with its rounds and those `others`, all locked: the training first, then the rounds."""
    training = Training.objects.select_for_update(of=("self",)).get(pk=training.pk)
    return training, _lock_rounds([*training.rounds.all(), *others])


def _tell(training: Training) -> None:
    """Let the worker write to those concerned, once this has been committed; the periodic tasks are the net."""
    if training.told_sequence != training.sequence:
        enqueue("courses.tasks.send_invitations", training.pk)
    if training.takes_sign_ups:  # they hear of a change too, and a raised capacity lets in whoever waits
        enqueue("courses.tasks.tell_signed_up", training.pk)
