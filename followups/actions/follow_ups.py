"""A contact that was held or could not be: what was said, what was decided, and what that leads to."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from followups import queries
from followups.actions.bookings import cancel_booking, cancel_bookings, require_coordinator, require_next_contact
from followups.models import CLOSING_DECISIONS, Decision, FollowUp, Promise, ProtocolDraft, SupportAction
from jarfalla import clock
from jarfalla.celery import enqueue
from units.actions import (
    close_round,
    complete_step,
    settle_contact,
    start_round,
    withdraw_contact,
    withdraw_contacts,
    withdraw_step,
)
from units.actions.steps import lock_round
from units.models import (
    Outcome,
    Programme,
    Round,
    SettledContact,
    Step,
    StepBlocked,
    StepCompletion,
    User,
)

# The steps that a decision takes back, latest first.
_WITHDRAWN_BY = {
    Decision.BACK_TO_TRAINING: (Step.FOLLOW_UP, Step.ROUTINES, Step.TRAINING),
    Decision.BACK_TO_ROUTINES: (Step.FOLLOW_UP, Step.ROUTINES),
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """The answers of a protocol, by the names of FollowUp's columns."""

    process: str = ""
    process_note: str = ""
    routines_used: str = ""
    in_plan: str = ""
    routines_note: str = ""
    effect: str = ""
    needs: str = ""
    lesson: str = ""
    lesson_may_be_shared: bool = False


@transaction.atomic
def record_follow_up(
    round_: Round,
    *,
    held_on: dt.date,
    decision: Decision,
    by: User,
    number: int | None = None,
    said: Said = Said(),
    support_actions: Sequence[Promise] = (),
    override_reason: str = "",
) -> FollowUp:
    """Record the round's next contact: what was said and decided; and do what the decision says (design, section 3).

    The same person, day, decision and words again are the same follow-up, and the first one is returned. With
    `number` it is that contact or none: what was typed about one is never recorded as the next.

    Raises Refused for anybody but a coordinator, and StepBlocked when step 3 does not stand, when the date lies in
    the future or before step 3, when more support is decided and nothing is promised, when the last contact would go
    on to a next one, or when step 4 would be completed before its time and no `override_reason` says why.
    """
    round_ = lock_round(round_)
    if first := _recorded_before(round_, held_on=held_on, decision=decision, by=by, said=said):
        return first
    window = _require_contact(round_, number, on=held_on, by=by)
    if decision == Decision.MORE_SUPPORT and not support_actions:
        raise StepBlocked(_("Skriv minst en stödinsats: vad som ska göras, vem som gör det och när."))
    if decision == Decision.GO_ON and window.is_last:
        raise StepBlocked(_("Det här är det sista samtalet. Välj om arbetet är klart eller vad som behövs mer."))
    contact = settle_contact(round_, window.number, on=held_on, outcome=Outcome.HELD, by=by)
    follow_up = FollowUp.objects.create(
        round=round_, contact=contact, held_on=held_on, decision=decision, recorded_by=by, **asdict(said)
    )
    if decision == Decision.MORE_SUPPORT:
        for promise in support_actions:
            follow_up.support_actions.create(**promise._asdict())
    _settled(contact, by=by)
    _carry_out(follow_up, by=by, override_reason=override_reason)
    enqueue("followups.tasks.make_follow_up_pdf", follow_up.pk)
    return follow_up


@transaction.atomic
def record_not_held(round_: Round, *, on: dt.date, reason: str, by: User, number: int | None = None) -> SettledContact:
    """Record that the round's next contact could not be held; the one after it then comes. With `number` it is that
    contact or none, and saying it again returns what stands.

    Raises Refused for anybody but a coordinator, and StepBlocked as record_follow_up does, without a reason, and
    before the contact's window has opened.
    """
    round_ = lock_round(round_)
    if number and (first := round_.contacts.standing().filter(number=number, outcome=Outcome.NOT_HELD).first()):
        return first
    window = _require_contact(round_, number, on=on, by=by)
    if on < window.opens_on:
        raise StepBlocked(_("Samtalet ska hållas tidigast den %(day)s.") % {"day": queries.written(window.opens_on)})
    contact = settle_contact(round_, window.number, on=on, outcome=Outcome.NOT_HELD, reason=reason, by=by)
    _settled(contact, by=by)
    return contact


@transaction.atomic
def withdraw_not_held(round_: Round, *, number: int, by: User) -> SettledContact:
    """Take back that the round's last contact, `number`, could not be held: it is the next one again. Return it as it
    is if that is done already. A time that was called off for it stays so.

    Raises Refused for anybody but a coordinator, and StepBlocked for any other contact, and while the one after it is
    booked: its time would be that of a contact that is not the next.
    """
    round_ = lock_round(round_)
    require_coordinator(by)
    last, said = queries.last_not_held(round_), {"number": number, "next": number + 1}
    if last is None or last.number != number:
        withdrawn = round_.contacts.filter(number=number, outcome=Outcome.NOT_HELD, withdrawn_at__isnull=False)
        if (before := withdrawn.last()) and not round_.contacts.standing().filter(number=number).exists():
            return before
        raise StepBlocked(_("Det går inte att ta tillbaka samtal %(number)s nu.") % said)
    if queries.booking_of(round_, number + 1):
        raise StepBlocked(_("Samtal %(next)s är bokat. Avboka det innan samtal %(number)s tas tillbaka.") % said)
    return withdraw_contact(last, by=by)


def _settled(contact: SettledContact, *, by: User) -> None:
    """What had been typed about the contact is thrown away, and a time that has not come is called off."""
    ProtocolDraft.objects.filter(round=contact.round, number=contact.number).delete()
    ahead = queries.booking_of(contact.round, contact.number)
    if ahead and ahead.starts_at > clock.now():
        cancel_booking(ahead, reason=_over(contact), by=by)


@translation.override(settings.LANGUAGE_CODE)
def _over(contact: SettledContact) -> str:
    """Why the time is called off, for the record and for those who had it; not in the language of who recorded it."""
    told = {
        Outcome.HELD: _("Samtalet hölls den %(day)s."),
        Outcome.NOT_HELD: _("Samtalet kunde inte hållas den %(day)s."),
    }[Outcome(contact.outcome)]
    return told % {"day": queries.written(contact.settled_on)}


def _recorded_before(round_: Round, *, held_on: dt.date, decision: Decision, by: User, said: Said) -> FollowUp | None:
    """The follow-up that this one repeats to the letter; one from before step 3 was done again is another one."""
    same = round_.follow_ups.filter(held_on=held_on, decision=decision, recorded_by=by, **asdict(said))
    if routines := round_.standing().get(Step.ROUTINES):
        same = same.filter(recorded_at__gte=routines.recorded_at)
    return same.order_by("pk").first()


def _require_contact(round_: Round, number: int | None, *, on: dt.date, by: User) -> queries.Window:
    """The window of the round's next contact; refuse one that can't have taken place, whatever it decided."""
    window = require_next_contact(round_, number, by=by)
    if on > clock.today():
        raise StepBlocked(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    if on < window.routines_on:
        raise StepBlocked(window.before_routines)
    return window


def _carry_out(follow_up: FollowUp, *, by: User, override_reason: str) -> None:
    """Complete, close, start or take back what the decision says."""
    round_, decision = follow_up.round, Decision(follow_up.decision)
    if decision in CLOSING_DECISIONS:
        complete_follow_up(round_, on=follow_up.held_on, by=by, override_reason=override_reason)
        close_round(round_, by=by)
    if decision == Decision.NEW_ROUND:
        start_round(round_.unit, by=by)
    if decision in _WITHDRAWN_BY:
        withdraw_contacts(round_, by=by)
        cancel_bookings(round_, reason=_reason(follow_up), by=by)
    standing = round_.standing()
    for step in _WITHDRAWN_BY.get(decision, ()):
        if step in standing:
            withdraw_step(standing[step], reason=_reason(follow_up), by=by)


@translation.override(settings.LANGUAGE_CODE)
def _reason(follow_up: FollowUp) -> str:
    """Why steps were taken back, for the record; not in the language of who recorded it."""
    return _("Uppföljningen den %(day)s: %(decision)s.") % {
        "day": queries.written(follow_up.held_on),
        "decision": follow_up.get_decision_display().lower(),
    }


@transaction.atomic
def complete_follow_up(round_: Round, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Complete step 4; return the completion that already stands, if one does. The reason is kept only when needed.

    Raises StepBlocked as units.actions.complete_step does, and when `on` lies before the day to aim for with the
    first contact and `override_reason` does not say why.
    """
    round_ = lock_round(round_)
    if standing := round_.standing().get(Step.FOLLOW_UP):
        return standing
    window = queries.window_of(round_, Programme.current(), clock.today())
    early = window is not None and on < window.earliest_on
    if window and early and not override_reason.strip():
        raise StepBlocked(window.too_early)
    return complete_step(round_, Step.FOLLOW_UP, on=on, by=by, override_reason=override_reason.strip() if early else "")


@transaction.atomic
def complete_support_action(support_action: SupportAction, *, by: User) -> SupportAction:
    """What was promised has been done today; return it as it is if it was done already."""
    support_action = SupportAction.objects.select_for_update(of=("self",)).get(pk=support_action.pk)
    if support_action.done_on is None:
        support_action.done_on, support_action.done_by = clock.today(), by
        support_action.save()
    return support_action


@transaction.atomic
def reopen_support_action(support_action: SupportAction) -> SupportAction:
    """What was promised has not been done after all; the history keeps who said that it was."""
    support_action = SupportAction.objects.select_for_update(of=("self",)).get(pk=support_action.pk)
    if support_action.done_on is not None:
        support_action.done_on = support_action.done_by = None
        support_action.save()
    return support_action
