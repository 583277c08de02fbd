"""Step 1: group sessions, single completions, and the step itself."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _

from courses import queries
from courses.models import Completion, GroupSession
from courses.queries import Coverage
from jarfalla import clock
from units.actions import complete_step
from units.actions.steps import lock_round
from units.models import Membership, Programme, Refused, Round, Step, StepBlocked, StepCompletion, Unit, User


@transaction.atomic
def record_group_session(
    unit: Unit,
    *,
    held_on: dt.date,
    members: Collection[User],
    headcount: int | None,
    by: User,
    token: uuid.UUID | None = None,
) -> GroupSession:
    """Record that the course was taken together on `held_on`, by `members` and `headcount` more without a name.

    Somebody who is registered already is skipped. The same `token` again returns the first session.

    Raises Refused without participants, for a date in the future, for a person who does not work in the unit,
    for a headcount above those who are left, and for a token that has been used for another session.
    """
    unit = _lock_unit(unit)
    newcomers = _newcomers(unit, members)
    if token and (first := GroupSession.objects.filter(token=token).first()):
        same = first.unit_id == unit.pk and first.held_on == held_on and first.headcount == headcount
        return _same_session(first, same=same and not newcomers, members=members)
    _refuse_future(held_on)
    if not newcomers and not headcount:
        raise Refused(_("Ange minst en deltagare som inte redan är registrerad, med namn eller som antal."))
    queries.coverage(unit).require_room(headcount or 0, len(newcomers))
    session = unit.group_sessions.create(
        held_on=held_on, headcount=headcount, recorded_by=by, token=token or uuid.uuid4()
    )
    _register(newcomers, on=held_on, by=by, session=session)
    return session


@transaction.atomic
def record_completions(unit: Unit, *, users: Collection[User], on: dt.date, by: User) -> list[Completion]:
    """Record that each of `users` took the course on `on`; return the standing completion of each of them.

    Somebody who is registered already keeps the first date. Raises Refused for a date in the future and for a
    person who does not work in the unit.
    """
    _refuse_future(on)
    unit = _lock_unit(unit)
    _register(_newcomers(unit, users), on=on, by=by, session=None)
    return list(Completion.objects.standing().filter(user__in=users).order_by("pk"))


@transaction.atomic
def withdraw_group_session(session: GroupSession, *, by: User) -> GroupSession:
    """Take a session back, with the completions that it gave; return it as it is if that was done already."""
    _lock_unit(session.unit)
    session = GroupSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    if session.withdrawn_at:
        return session
    session.withdrawn_at, session.withdrawn_by = clock.now(), by
    session.save()
    session.completions.standing().update(withdrawn_at=session.withdrawn_at, withdrawn_by=by)
    return session


@transaction.atomic
def withdraw_completion(completion: Completion, *, by: User) -> Completion:
    """Take one person's completion back; return it as it is if that was done already."""
    completion = Completion.objects.select_for_update(of=("self",)).get(pk=completion.pk)
    if completion.withdrawn_at is None:
        completion.withdrawn_at, completion.withdrawn_by = clock.now(), by
        completion.save()
    return completion


@transaction.atomic
def complete_web_course(round_: Round, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Log step 1 when enough of the staff had taken the course on `on`; return the completion that already stands.

    A reason lets the coordinator pass below the threshold, and is kept only when it was needed. Raises
    StepBlocked, with the figures, below the threshold; and whatever units.actions.complete_step refuses.
    """
    round_ = lock_round(round_)
    if Step.WEB_COURSE not in round_.standing():
        threshold = Programme.current().coverage_threshold_percent
        reached = queries.coverage(round_.unit, on)
        if reached.meets(threshold):
            override_reason = ""
        elif not override_reason:
            raise StepBlocked(_too_few(reached, threshold))
    return complete_step(round_, Step.WEB_COURSE, on=on, by=by, override_reason=override_reason)


def _too_few(reached: Coverage, threshold: int) -> str:
    """Why step 1 can't be logged, in figures."""
    day = formats.date_format(reached.on, "j F Y")
    if reached.size == 0:
        sentence = _("Ingen personal är registrerad den %(day)s. Lägg till personal eller välj ett annat datum.")
        return sentence % {"day": day}
    return _(
        "Den %(day)s hade %(covered)s av %(size)s gått kursen (%(percent)s %%). Det krävs %(threshold)s %%, "
        "alltså %(required)s av %(size)s: %(missing)s till."
    ) % {
        "day": day,
        "covered": reached.covered,
        "size": reached.size,
        "percent": reached.percent,
        "threshold": threshold,
        "required": reached.required(threshold),
        "missing": reached.missing(threshold),
    }


def _lock_unit(unit: Unit) -> Unit:
    """The unit, locked: its coverage can't change under whoever reckons with it."""
    return Unit.objects.select_for_update().get(pk=unit.pk)


def _refuse_future(day: dt.date) -> None:
    """Raise Refused when `day` lies ahead."""
    if day > clock.today():
        raise Refused(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))


def _newcomers(unit: Unit, people: Collection[User]) -> list[User]:
    """Those of `people` who are not registered yet, locked, so that two units never register one person twice.

    Raises Refused when one of them does not work in the unit.
    """
    chosen = {person.pk for person in people}
    at_work = Membership.objects.present().filter(unit=unit, user__in=chosen).values_list("user", flat=True)
    if chosen - set(at_work):
        raise Refused(_("Alla som registreras måste finnas på enhetens personallista."))
    locked = list(User.objects.select_for_update(no_key=True).filter(pk__in=chosen).order_by("pk"))
    registered = set(Completion.objects.standing().filter(user__in=chosen).values_list("user", flat=True))
    return [person for person in locked if person.pk not in registered]


def _register(people: Iterable[User], *, on: dt.date, by: User, session: GroupSession | None) -> None:
    """Write one completion for each person."""
    Completion.objects.bulk_create(
        Completion(user=person, completed_on=on, recorded_by=by, session=session) for person in people
    )


def _same_session(first: GroupSession, *, same: bool, members: Collection[User]) -> GroupSession:
    """The session that was recorded from this form, if it was sent again as it was; else raise Refused."""
    named = set(first.completions.values_list("user", flat=True))
    if same and named <= {person.pk for person in members}:
        return first
    raise Refused(_("Formuläret är redan skickat en gång. Är det här en gruppträff till? Skicka i så fall igen."))
