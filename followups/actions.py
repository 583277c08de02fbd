"""Every write to the rows of this app. Keyword-only `by`, one transaction, repeating returns the first result."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from followups import mail, queries
from followups.models import CLOSING_DECISIONS, Decision, FollowUp, Promise, SupportAction, SweepRun
from jarfalla import clock
from units.actions import cancel_message, close_round, complete_step, post_letter, start_round, withdraw_step
from units.actions.steps import lock_round
from units.models import Programme, Refused, Round, Step, StepBlocked, StepCompletion, User

# How many rounds the sweep holds in memory, and locks, at a time.
CHUNK = 200
# The number of the database's lock for the sweep: any number that nothing else in the portal uses.
SWEEP_LOCK = 4_0612

# The steps that a decision takes back, latest first.
_WITHDRAWN_BY = {
    Decision.BACK_TO_TRAINING: (Step.FOLLOW_UP, Step.ROUTINES, Step.TRAINING),
    Decision.BACK_TO_ROUTINES: (Step.FOLLOW_UP, Step.ROUTINES),
}


# --- The follow-up and its decision --------------------------------------------------------------------------


@transaction.atomic
def record_follow_up(
    round_: Round,
    *,
    held_on: dt.date,
    decision: Decision,
    by: User,
    routines_used: str = "",
    effect: str = "",
    needs: str = "",
    support_actions: Sequence[Promise] = (),
    override_reason: str = "",
) -> FollowUp:
    """Record what was said and decided, and do what the decision says (design, section 3).

    The same person, day, decision and words again are the same follow-up, and the first one is returned.

    Raises Refused for anybody but a coordinator, and StepBlocked when step 3 does not stand, when the date lies in
    the future or before step 3, when more support is decided and nothing is promised, or when step 4 would be
    completed before its window opens and no `override_reason` says why.
    """
    round_ = lock_round(round_)
    said = {"routines_used": routines_used, "effect": effect, "needs": needs}
    if first := _recorded_before(round_, held_on=held_on, decision=decision, by=by, said=said):
        return first
    _require_follow_up(round_, held_on=held_on, by=by)
    if decision == Decision.MORE_SUPPORT and not support_actions:
        raise StepBlocked(_("Skriv minst en stödinsats: vad som ska göras, vem som gör det och när."))
    follow_up = FollowUp.objects.create(
        round=round_,
        held_on=held_on,
        decision=decision,
        recorded_by=by,
        **said,
    )
    if decision == Decision.MORE_SUPPORT:
        for promise in support_actions:
            follow_up.support_actions.create(**promise._asdict())
    _carry_out(follow_up, by=by, override_reason=override_reason)
    return follow_up


def _recorded_before(
    round_: Round, *, held_on: dt.date, decision: Decision, by: User, said: dict[str, str]
) -> FollowUp | None:
    """The follow-up that this one repeats to the letter; one from before step 3 was done again is another one."""
    same = round_.follow_ups.filter(held_on=held_on, decision=decision, recorded_by=by, **said)
    if routines := round_.standing().get(Step.ROUTINES):
        same = same.filter(recorded_at__gte=routines.recorded_at)
    return same.order_by("pk").first()


def _require_follow_up(round_: Round, *, held_on: dt.date, by: User) -> None:
    """Refuse a follow-up that can't have taken place, whatever it decided."""
    if not by.is_coordinator:
        raise Refused(_("Det här gör samordnaren."))
    round_.require_next(Step.FOLLOW_UP)
    window = queries.window_of(round_, Programme.current(), clock.today())
    if held_on > clock.today():
        raise StepBlocked(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
    if window and held_on < window.routines_on:
        raise StepBlocked(window.before_routines)


def _carry_out(follow_up: FollowUp, *, by: User, override_reason: str) -> None:
    """Complete, close, start or take back what the decision says."""
    round_, decision = follow_up.round, Decision(follow_up.decision)
    if decision in CLOSING_DECISIONS:
        complete_follow_up(round_, on=follow_up.held_on, by=by, override_reason=override_reason)
        close_round(round_, by=by)
    if decision == Decision.NEW_ROUND:
        start_round(round_.unit, by=by)
    standing = round_.standing()
    for step in _WITHDRAWN_BY.get(decision, ()):
        if step in standing:
            withdraw_step(standing[step], reason=_reason(follow_up), by=by)
    if decision != Decision.MORE_SUPPORT:
        _cancel_reminders(round_)


def _reason(follow_up: FollowUp) -> str:
    """Why steps were taken back, for the record."""
    return _("Uppföljningen den %(day)s: %(decision)s.") % {
        "day": queries.written(follow_up.held_on),
        "decision": follow_up.get_decision_display().lower(),
    }


@transaction.atomic
def complete_follow_up(round_: Round, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Complete step 4; return the completion that already stands, if one does. The reason is kept only when needed.

    Raises StepBlocked as units.actions.complete_step does, and when `on` lies before the window opens and
    `override_reason` does not say why.
    """
    round_ = lock_round(round_)
    if standing := round_.standing().get(Step.FOLLOW_UP):
        return standing
    window = queries.window_of(round_, Programme.current(), clock.today())
    early = window is not None and on < window.opens_on
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


# --- Reminders -----------------------------------------------------------------------------------------------


def _cancel_reminders(round_: Round) -> None:
    """Keep the letters that still wait about this round's follow-up from going out."""
    for message in queries.waiting_reminders().filter(queries.is_about(round_)):
        cancel_message(message, reason=_("Uppföljningen är gjord."))


def cancel_outdated_reminders(on: dt.date) -> int:
    """Cancel waiting letters that the day `on` no longer calls for; return how many."""
    outdated = queries.outdated_reminders(Programme.current(), on)
    for message in outdated:
        cancel_message(message, reason=_("Påminnelsen gäller inte längre."))
    return len(outdated)


def sweep_if_due() -> SweepRun | None:
    """Sweep for today once it is SWEEP_HOUR in Stockholm, unless that is done; None when there is nothing to do.

    Letters that have become wrong are cancelled at any hour.
    """
    today = clock.today()
    cancel_outdated_reminders(today)
    if timezone.localtime(clock.now()).hour < settings.SWEEP_HOUR:
        return None
    if SweepRun.objects.filter(on=today, finished_at__isnull=False).exists():
        return None
    return sweep(today)


def sweep(on: dt.date, *, again: bool = False) -> SweepRun | None:
    """Write the reminders that the day `on` calls for; return the run, or None while another process sweeps.

    A day that is finished is returned as it is, unless it is to be swept `again`; no letter is written twice
    either way. Each chunk of rounds is its own transaction: a worker that dies leaves what it has written and an
    unfinished run, and the next one writes the rest.

    Raises Refused for a day that has not come.
    """
    if on > clock.today():
        raise Refused(_("Dagen har inte kommit än."))
    with _only_sweeper() as alone:
        if not alone:
            return None
        run, _created = SweepRun.objects.get_or_create(on=on)
        if run.finished_at and not again:
            return run
        run.started_at, run.finished_at = clock.now(), None
        run.save()
        cancel_outdated_reminders(on)
        for chunk in _chunks(on):
            run.written += _write_reminders(chunk, on)
        run.finished_at = clock.now()
        run.save()
    return run


@contextmanager
def _only_sweeper() -> Iterator[bool]:
    """Whether this process is the only one that sweeps; PostgreSQL lets go of the lock if the process dies.

    It spares work, no more: the rounds' own locks and the letters' keys are what keeps a letter from being
    written twice.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SWEEP_LOCK])
        [alone] = cursor.fetchone() or [False]
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])


def _chunks(on: dt.date) -> Iterator[list[int]]:
    """The rounds whose window has opened by the day `on`, CHUNK at a time."""
    opened = queries.rounds_to_follow_up(Programme.current()).filter(opens_on__lte=on).order_by("pk")
    last = 0
    while chunk := list(opened.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        yield chunk
        last = chunk[-1]


@transaction.atomic
def _write_reminders(round_ids: list[int], on: dt.date) -> int:
    """Write what the day calls for about these rounds; return how many letters are new.

    The rounds are locked first and read afterwards, so that a follow-up recorded meanwhile counts.
    """
    list(Round.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=round_ids).order_by("pk"))
    programme = Programme.current()
    rows = list(queries.rounds_to_follow_up(programme).filter(pk__in=round_ids).order_by("pk"))
    wanted = queries.unwritten(queries.reminders(queries.windows(rows, programme, on)))
    for key, reminder in wanted:
        post_letter(mail.follow_up_reminder(reminder, key=key), unit=reminder.window.round.unit)
    return len(wanted)
