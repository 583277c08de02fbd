"""Step 1: group sessions, what single people have taken, and the step itself."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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

    Somebody who has a course that is still valid is skipped; somebody whose course has expired is registered again.
    The same `token` again returns the first session.

    Raises Refused without participants, for a date in the future, for a person who does not work in the unit,
    for a headcount above those who are left, and for a token that has been used for another session.
    """
    [unit] = _lock_units([unit.pk])
    newcomers = _newcomers(unit, members, on=held_on)
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
def record_completions(
    unit: Unit, *, users: Collection[User], on: dt.date, by: User, counted_in: GroupSession | None = None
) -> list[Completion]:
    """Record that each of `users` took the course on `on`; return the standing completion of each of them.

    Somebody who has a course that is still valid keeps it; somebody whose course has expired is registered again.
    With `counted_in` they took it at that group session, which counted them without a name until now: its day is
    theirs, whatever `on` says.

    Raises Refused for a date in the future, for a person who does not work in the unit, and for more people than the
    session counted without a name.
    """
    [unit] = _lock_units([unit.pk])
    if counted_in:
        counted_in = _lock_session(counted_in, unit_ids=[unit.pk])
        on = counted_in.held_on
    _refuse_future(on)
    newcomers = _newcomers(unit, users, on=on)
    if counted_in:
        _require_nameless(counted_in, len(newcomers))
    _register(newcomers, on=on, by=by, counted_in=counted_in)
    return _standing_of(users, on=on)


@transaction.atomic
def record_own_completion(user: User, *, on: dt.date, counted_in: GroupSession | None = None) -> Completion:
    """Record that the person took the course on `on`, as they say themselves; return what stands for them now.

    Somebody who has a course that is still valid keeps it, also when the manager recorded it. `counted_in` is as in
    `record_completions`: a session of a unit where the person works, or worked on its day.

    Raises Refused for a date in the future, and as `record_completions` does for the session.
    """
    unit_ids = _units_of(user)
    _lock_units(unit_ids)
    if counted_in:
        there = user.memberships.filter(unit=counted_in.unit_id)
        worked_there = there.present().exists() or there.present(counted_in.held_on).exists()
        counted_in = _lock_session(counted_in, unit_ids=[counted_in.unit_id] if worked_there else [])
        on = counted_in.held_on
    _refuse_future(on)
    newcomers = _without_valid_course([user], on=on)
    if counted_in:
        _require_nameless(counted_in, len(newcomers))
    _register(newcomers, on=on, by=user, counted_in=counted_in)
    [standing] = _standing_of([user], on=on)
    return standing


@transaction.atomic
def withdraw_group_session(session: GroupSession, *, by: User) -> GroupSession:
    """Take a session back; return it as it is if that was done already.

    The completions that it gave go with it, and so do those of people whom it counted before they had a name: if the
    session did not take place, nobody took the course at it.
    """
    _lock_units([session.unit_id])
    session = GroupSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    if session.withdrawn_at:
        return session
    session.withdrawn_at, session.withdrawn_by = clock.now(), by
    session.save()
    given = Completion.objects.standing().filter(Q(session=session) | Q(counted_in=session))
    given.update(withdrawn_at=session.withdrawn_at, withdrawn_by=by)
    return session


@transaction.atomic
def withdraw_completion(completion: Completion, *, by: User) -> Completion:
    """Take one person's completion back; return it as it is if that was done already.

    It counts wherever the person works or has worked, so all those units are locked.
    """
    _lock_units(_units_of(completion.user))
    completion = Completion.objects.select_for_update(of=("self",)).get(pk=completion.pk)
    if completion.withdrawn_at is None:
        completion.withdrawn_at, completion.withdrawn_by = clock.now(), by
        completion.save()
    return completion


@transaction.atomic
def withdraw_own_completion(user: User) -> Completion | None:
    """Take back what the person last said themselves; None when nothing stands.

    Raises Refused when somebody else recorded it: who has said that another person took the course takes it back.
    """
    _lock_units(_units_of(user))
    _lock_people([user])
    last = queries.own_completion(user)
    if last is None:
        return None
    if last.recorded_by_id != user.pk:
        raise Refused(_("Någon annan har registrerat att du gått kursen. Be din chef ta tillbaka det om det är fel."))
    return withdraw_completion(last, by=user)


@transaction.atomic
def complete_web_course(round_: Round, *, on: dt.date, by: User, override_reason: str = "") -> StepCompletion:
    """Log step 1 when enough of the staff had taken the course on `on`; return the completion that already stands.

    A reason lets the coordinator pass below the threshold, and is kept only when it was needed. Raises
    StepBlocked, with the figures, below the threshold; and whatever units.actions.complete_step refuses.
    """
    round_ = lock_round(round_)
    _lock_units([round_.unit_id])
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


def _lock_units(unit_ids: Collection[int]) -> list[Unit]:
    """The units, locked in one order: their coverage can't change under whoever reckons with it.

    Whoever needs a round locks that first; sessions and people come after.
    """
    return list(Unit.objects.select_for_update(no_key=True).filter(pk__in=unit_ids).order_by("pk"))


def _units_of(user: User) -> list[int]:
    """The units whose coverage the person is or was part of."""
    return list(user.memberships.order_by("unit").values_list("unit", flat=True).distinct())


def _lock_people(people: Collection[User]) -> list[User]:
    """The people, locked in one order, so that two units never register one person twice."""
    chosen = [person.pk for person in people]
    return list(User.objects.select_for_update(no_key=True).filter(pk__in=chosen).order_by("pk"))


def _lock_session(session: GroupSession, *, unit_ids: Collection[int]) -> GroupSession:
    """The session, locked. Raises Refused when it is not one of the units' or has been taken back."""
    session = GroupSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
    if session.unit_id not in unit_ids:
        raise Refused(_("Gruppträffen hör till en annan enhet."))
    if session.withdrawn_at:
        raise Refused(_("Gruppträffen är återtagen. Välj en annan, eller ange datum i stället."))
    return session


def _require_nameless(session: GroupSession, names: int) -> None:
    """Raise Refused, with the figures, when the session has not counted `names` more people without a name."""
    later = Completion.objects.standing().filter(counted_in=session).values("user").distinct().count()
    left = (session.headcount or 0) - later
    if names <= left:
        return
    day = formats.date_format(session.held_on, "j F Y")
    if left <= 0:
        raise Refused(_("Alla som var med på gruppträffen den %(day)s har redan fått namn.") % {"day": day})
    raise Refused(
        ngettext(
            "På gruppträffen den %(day)s är %(n)s person räknad utan namn. Välj högst så många.",
            "På gruppträffen den %(day)s är %(n)s personer räknade utan namn. Välj högst så många.",
            left,
        )
        % {"day": day, "n": left}
    )


def _refuse_future(day: dt.date) -> None:
    """Raise Refused when `day` lies ahead."""
    if day > clock.today():
        raise Refused(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))


def _newcomers(unit: Unit, people: Collection[User], *, on: dt.date) -> list[User]:
    """Those of `people` who are to be registered, locked; see _without_valid_course.

    Raises Refused when one of them does not work in the unit.
    """
    chosen = {person.pk for person in people}
    at_work = Membership.objects.present().filter(unit=unit, user__in=chosen).values_list("user", flat=True)
    if chosen - set(at_work):
        raise Refused(_("Alla som registreras måste finnas på enhetens personallista."))
    return _without_valid_course(people, on=on)


def _without_valid_course(people: Collection[User], *, on: dt.date) -> list[User]:
    """Those of `people`, locked, who have no course that is valid today and are not registered for the day `on`."""
    locked = _lock_people(people)
    months = Programme.current().course_validity_months
    standing = Completion.objects.standing().filter(user__in=locked)
    valid = queries.valid_on(standing, clock.today(), months).values_list("user", flat=True)
    registered = {*valid, *standing.filter(completed_on=on).values_list("user", flat=True)}
    return [person for person in locked if person.pk not in registered]


def _register(
    people: Iterable[User],
    *,
    on: dt.date,
    by: User,
    session: GroupSession | None = None,
    counted_in: GroupSession | None = None,
) -> None:
    """Write one completion for each person."""
    Completion.objects.bulk_create(
        Completion(user=person, completed_on=on, recorded_by=by, session=session, counted_in=counted_in)
        for person in people
    )


def _standing_of(people: Collection[User], *, on: dt.date) -> list[Completion]:
    """For each person what stands for the day `on`, or else what they took last, by primary key."""
    rows = Completion.objects.standing().filter(user__in=people).annotate(that_day=Q(completed_on=on))
    return sorted(rows.order_by("user", "-that_day", "-completed_on").distinct("user"), key=lambda row: row.pk)


def _same_session(first: GroupSession, *, same: bool, members: Collection[User]) -> GroupSession:
    """The session that was recorded from this form, if it was sent again as it was; else raise Refused."""
    named = set(first.completions.values_list("user", flat=True))
    if same and named <= {person.pk for person in members}:
        return first
    raise Refused(_("Formuläret är redan skickat en gång. Är det här en gruppträff till? Skicka i så fall igen."))
