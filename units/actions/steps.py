"""Rounds and completed steps (design, section 3)."""

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jarfalla import clock
from units import mail
from units.actions.outbox import post_letter
from units.models import (
    Outcome,
    ParticipationState,
    Refused,
    Round,
    SettledContact,
    Step,
    StepBlocked,
    StepCompletion,
    Unit,
    User,
    UserRole,
)


def lock_round(round_: Round) -> Round:
    """The round, locked until the transaction ends: whoever checks a condition locks first."""
    return Round.objects.select_for_update(of=("self",)).select_related("unit").get(pk=round_.pk)


@transaction.atomic
def start_round(unit: Unit, *, by: User) -> Round:
    """Start the unit's next round; return the open one if there is one.

    Raises Refused when the unit does not take part.
    """
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    if unit.open_round:
        return unit.open_round
    if unit.participation_state != ParticipationState.TAKING_PART:
        raise Refused(_("Enheten deltar inte just nu. Samordnaren kan ändra det på enhetens sida."))
    return unit.rounds.create(number=unit.rounds.count() + 1, started_on=clock.today())


@transaction.atomic
def complete_step(round_: Round, step: Step, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Record that `step` happened on `on`; return the completion that already stands, if one does.

    Called by the app that owns the step's evidence, after it has checked it. An override passes over missing
    evidence, never over the order of the steps.

    Raises StepBlocked when an earlier step is open, when `on` lies in the future, or when somebody who is not a
    coordinator gives a reason to override.
    """
    round_ = lock_round(round_)
    if standing := round_.standing().get(step):
        return standing
    round_.require_next(step)
    if on > clock.today():
        raise StepBlocked(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    if override_reason and not by.is_coordinator:
        raise StepBlocked(_("Bara samordnaren kan göra undantag."))
    completion = round_.completions.create(step=step, completed_on=on, recorded_by=by, override_reason=override_reason)
    _announce(completion)
    return completion


def _announce(completion: StepCompletion) -> None:
    """One mail to each coordinator and to each of the unit's managers, but not to the one who logged it."""
    unit = completion.round.unit
    readers = User.objects.filter(Q(role=UserRole.COORDINATOR) | Q(pk__in=unit.managers()))
    for user in readers.exclude(pk=completion.recorded_by_id):
        post_letter(mail.step_completed(completion, user), unit=unit)


@transaction.atomic
def withdraw_step(completion: StepCompletion, *, reason: str, by: User) -> StepCompletion:
    """Take a completed step back, latest step first; return it as it is if that was done already.

    Raises StepBlocked when a later step still stands, when the round is closed, when there is no reason, and when a
    manager would take back what only a coordinator can record again.
    """
    round_ = lock_round(completion.round)
    completion = StepCompletion.objects.select_for_update(of=("self",)).get(pk=completion.pk)
    if completion.withdrawn_at:
        return completion
    if round_.closed_on is not None:
        raise StepBlocked(_("Omgången är avslutad, så stegen i den ändras inte."))
    if not completion.may_be_withdrawn_by(by):
        raise StepBlocked(_("Det här steget registrerade samordnaren, så samordnaren återtar det."))
    if not reason.strip():
        raise StepBlocked(_("Skriv varför steget återtas."))
    if last := max((step for step in round_.standing() if step > completion.step), default=None):
        raise StepBlocked(_("Steg %(step)s bygger på det här. Återta det först.") % {"step": last.value})
    completion.withdrawn_at, completion.withdrawn_by, completion.withdrawn_reason = clock.now(), by, reason.strip()
    completion.save()
    return completion


@transaction.atomic
def settle_contact(
    round_: Round, number: int, *, on: dt.date, outcome: Outcome, by: User, reason: str = ""
) -> SettledContact:
    """Record that the round's contact `number` was held on `on`, or that it could not be; return what is recorded.

    Called by the app that owns what was said. Raises StepBlocked when the round does not wait for a follow-up, when
    another contact comes before, when `on` lies in the future, and when what was not held has no reason.
    """
    round_ = lock_round(round_)
    standing = list(round_.contacts.standing().order_by("number"))
    if number <= len(standing):
        return standing[number - 1]
    round_.require_next(Step.FOLLOW_UP)
    if number != len(standing) + 1:
        raise StepBlocked(_("Samtal %(number)s kommer först.") % {"number": len(standing) + 1})
    if on > clock.today():
        raise StepBlocked(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    if outcome == Outcome.NOT_HELD and not reason.strip():
        raise StepBlocked(_("Skriv varför samtalet inte kunde hållas."))
    return round_.contacts.create(number=number, settled_on=on, outcome=outcome, reason=reason.strip(), recorded_by=by)


def withdraw_contact(contact: SettledContact, *, by: User) -> SettledContact:
    """What was registered of the contact no longer stands. The caller holds its round and knows that it is the last."""
    contact.withdrawn_at, contact.withdrawn_by = clock.now(), by
    contact.save()
    return contact


@transaction.atomic
def withdraw_contacts(round_: Round, *, by: User) -> None:
    """Let the round's contacts begin anew, because a step before them is done again; what was said in them stays.

    A step that is withdrawn to correct its date does not do this: what was held is held.
    """
    round_ = lock_round(round_)
    round_.contacts.standing().update(withdrawn_at=clock.now(), withdrawn_by=by)


@transaction.atomic
def close_round(round_: Round, *, by: User) -> Round:
    """End the round today; return it as it is if it was closed already.

    Raises StepBlocked while step 4 is open.
    """
    round_ = lock_round(round_)
    if round_.closed_on is not None:
        return round_
    if Step.FOLLOW_UP not in round_.standing():
        raise StepBlocked(_("Omgången avslutas när steg 4 är klart."))
    round_.closed_on, round_.closed_by = clock.today(), by
    round_.save()
    return round_
