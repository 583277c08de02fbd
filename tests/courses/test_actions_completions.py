"""Step 1, person by person: a course that expires, what people say about themselves, names for those who had none."""

import uuid

import pytest

from courses import actions, queries
from courses.models import Completion, GroupSession
from jarfalla import clock
from tests.courses import rows
from tests.courses.rows import DAY
from tests.together import together
from units.actions import change_programme
from units.models import Refused, Unit, User

pytestmark = pytest.mark.django_db


# --- A course that expires ---------------------------------------------------------------------------------------


def test_somebody_whose_course_has_expired_is_registered_again(unit: Unit, manager: User, coordinator: User) -> None:
    ann, bo, cilla = rows.crew(unit, 3)
    today = clock.today()
    rows.taken(unit, [ann, cilla], today - 300 * DAY)
    rows.taken(unit, [bo], today - 100 * DAY)
    change_programme(course_validity_months=6, by=coordinator)
    first = actions.record_completions(unit, users=[ann, bo], on=today - DAY, by=manager)
    assert {(row.user, row.completed_on) for row in first} == {(ann, today - DAY), (bo, today - 100 * DAY)}
    assert actions.record_completions(unit, users=[ann, bo], on=today, by=manager) == first
    session = rows.session(unit, members=[ann, bo, cilla])
    assert [row.user for row in session.completions.all()] == [cilla]
    assert (Completion.objects.count(), queries.coverage(unit).registered) == (5, 3)
    # The day on which it expired is as it was.
    assert queries.coverage(unit, today - 50 * DAY).registered == 1


def test_session_of_long_ago_sent_twice_is_one_although_its_course_has_expired(
    unit: Unit, manager: User, coordinator: User
) -> None:
    people, token = rows.crew(unit, 2), uuid.uuid4()
    change_programme(course_validity_months=6, by=coordinator)
    first, second = (
        actions.record_group_session(
            unit, held_on=clock.today() - 300 * DAY, members=people, headcount=None, by=manager, token=token
        )
        for _ in range(2)
    )
    assert first == second
    assert Completion.objects.count() == 2


# --- What a person says about themselves -------------------------------------------------------------------------


def test_own_completion_is_recorded_by_the_person_once(unit: Unit, member: User, coordinator: User) -> None:
    today = clock.today()
    first = actions.record_own_completion(member, on=today - 2 * DAY)
    assert (first.user, first.recorded_by, first.completed_on) == (member, member, today - 2 * DAY)
    assert actions.record_own_completion(member, on=today - 2 * DAY) == first
    assert actions.record_own_completion(member, on=today) == first
    assert queries.coverage(unit).registered == 1
    change_programme(course_validity_months=1, by=coordinator)
    Completion.objects.update(completed_on=today - 100 * DAY)
    again = actions.record_own_completion(member, on=today)
    assert again != first
    assert queries.own_completion(member) == again


def test_own_completion_in_the_future_is_refused(member: User) -> None:
    with pytest.raises(Refused, match="Datumet ligger i framtiden"):
        actions.record_own_completion(member, on=clock.today() + DAY)
    assert not Completion.objects.exists()


def test_own_completion_that_the_manager_recorded_is_kept(unit: Unit, member: User) -> None:
    rows.taken(unit, [member], clock.today() - 3 * DAY)
    assert actions.record_own_completion(member, on=clock.today()).recorded_by != member
    with pytest.raises(Refused, match="Någon annan har registrerat att du gått kursen"):
        actions.withdraw_own_completion(member)
    assert queries.coverage(unit).registered == 1


def test_own_completion_is_taken_back_by_the_person(unit: Unit, member: User) -> None:
    row = actions.record_own_completion(member, on=clock.today())
    withdrawn = actions.withdraw_own_completion(member)
    assert withdrawn == row
    assert withdrawn is not None
    assert withdrawn.withdrawn_by == member
    assert actions.withdraw_own_completion(member) is None
    assert queries.coverage(unit).registered == 0


# --- Somebody who was counted without a name ---------------------------------------------------------------------


def test_person_who_says_they_were_counted_at_a_session_is_not_counted_twice(unit: Unit, member: User) -> None:
    rows.crew(unit, 3)
    session = rows.session(unit, headcount=2, on=clock.today() - 9 * DAY)
    own = actions.record_own_completion(member, on=clock.today(), counted_in=session)
    assert (own.completed_on, own.counted_in, own.session) == (session.held_on, session, None)
    assert actions.record_own_completion(member, on=clock.today(), counted_in=session) == own
    reached = queries.coverage(unit)
    assert (reached.registered, reached.reported, reached.covered) == (1, 1, 2)
    # The session is taken back: nobody took the course at it.
    actions.withdraw_group_session(session, by=member)
    assert queries.coverage(unit).covered == 0


def test_names_for_a_session_refusals_change_nothing(unit: Unit, manager: User, outsider: User) -> None:
    ann, bo, cilla = rows.crew(unit, 3)
    session = rows.session(unit, headcount=2)
    withdrawn = actions.withdraw_group_session(rows.session(unit, headcount=1), by=manager)
    elsewhere = outsider.memberships.get().unit
    rows.crew(elsewhere, 2)
    other = rows.session(elsewhere, headcount=1)

    def record(people: list[User], counted_in: GroupSession) -> None:
        actions.record_completions(unit, users=people, on=clock.today(), by=manager, counted_in=counted_in)

    with pytest.raises(Refused, match=r"är 2 personer räknade utan namn\. Välj högst så många\."):
        record([ann, bo, cilla], session)
    with pytest.raises(Refused, match="Gruppträffen hör till en annan enhet"):
        record([ann], other)
    with pytest.raises(Refused, match="Gruppträffen hör till en annan enhet"):
        actions.record_own_completion(ann, on=clock.today(), counted_in=other)
    with pytest.raises(Refused, match="Gruppträffen är återtagen"):
        record([ann], withdrawn)
    assert not Completion.objects.exists()
    record([ann, bo], session)
    with pytest.raises(Refused, match=r"Alla som var med på gruppträffen den .* har redan fått namn"):
        record([cilla], session)
    # Those who have a course already take nobody's place.
    record([ann, bo], session)
    assert (queries.coverage(unit).registered, queries.coverage(unit).reported) == (2, 0)


@pytest.mark.django_db(transaction=True)
def test_names_given_at_once_are_no_more_than_the_session_counted(unit: Unit, manager: User) -> None:
    people = rows.crew(unit, 6)
    session = rows.session(unit, headcount=2)

    def name(number: int) -> bool:
        try:
            actions.record_own_completion(people[number], on=clock.today(), counted_in=session)
        except Refused:
            return False
        return True

    assert sum(together(6, name)) == 2
    assert (queries.coverage(unit).registered, queries.coverage(unit).reported) == (2, 0)


@pytest.mark.django_db(transaction=True)
def test_person_and_manager_at_once_record_one_completion(unit: Unit, manager: User, member: User) -> None:
    def record(number: int) -> int:
        if number % 2:
            return actions.record_own_completion(member, on=clock.today()).pk
        [row] = actions.record_completions(unit, users=[member], on=clock.today() - DAY, by=manager)
        return row.pk

    assert len(set(together(6, record))) == 1
    assert Completion.objects.count() == 1
