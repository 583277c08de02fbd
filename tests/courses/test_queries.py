"""Coverage, and the lists of names."""

import datetime as dt
import itertools
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses import actions, queries
from courses.models import Completion, GroupSession, TrainingState
from courses.queries import Coverage
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from units.actions import declare_headcount, end_membership
from units.models import Kind, Membership, MembershipRole, Refused, Unit, User

TODAY = dt.date(2026, 5, 12)


def reckoned(size: int, named: int = 0, headcount: int = 0) -> Coverage:
    return Coverage(size=size, named=named, headcount=headcount, on=TODAY)


def test_coverage_of_nobody_is_zero_percent() -> None:
    nobody = reckoned(0, headcount=3)
    assert (nobody.covered, nobody.percent, nobody.meets(1)) == (0, 0, False)


def test_coverage_just_below_the_threshold_never_shows_as_reached() -> None:
    almost = reckoned(1000, named=799)
    assert (almost.percent, almost.meets(80), almost.missing(80)) == (79, False, 1)
    assert reckoned(1000, named=800).meets(80)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(1, 100))
def test_coverage_arithmetic(size: int, named: int, headcount: int, threshold: int) -> None:
    reached = reckoned(size, named, headcount)
    assert 0 <= reached.covered <= size
    assert 0 <= reached.percent <= 100
    # At or above the threshold exactly when nobody is missing; the shown percent never promises more.
    assert reached.meets(threshold) == (size > 0 and reached.missing(threshold) == 0)
    assert reached.meets(threshold) or size == 0 or reached.percent < threshold
    assert reckoned(size, named + 1, headcount).covered >= reached.covered


def test_require_room_says_the_numbers() -> None:
    reached = reckoned(20, named=10, headcount=2)
    reached.require_room(5, names=3)
    with pytest.raises(Refused, match="Högst 5 kan räknas utan namn: enheten har 20 anställda, 12 har redan gått"):
        reached.require_room(6, names=3)
    with pytest.raises(Refused, match=r"Ingen fler kan räknas utan namn: .* och 8 är valda med namn"):
        reached.require_room(1, names=8)


# An event: a person takes the course alone, a group session with names, or one with a headcount; days ago.
events = st.lists(
    st.one_of(
        st.tuples(st.just("person"), st.integers(0, 3), st.integers(0, 30)),
        st.tuples(st.just("named"), st.sets(st.integers(0, 3), min_size=1), st.integers(0, 30)),
        st.tuples(st.just("counted"), st.integers(1, 5), st.integers(0, 30)),
    ),
    max_size=6,
)


def after(story: list[tuple[str, Any, int]]) -> list[Coverage]:
    """The coverage of a new unit of four, after each event of the story; written as rows, past every limit."""
    unit = Unit.objects.create(name=f"Enhet {next(numbers)}", slug=f"enhet-{next(numbers)}", kind=Kind.OTHER)
    people = [factories.user() for _ in range(4)]
    for person in people:
        unit.memberships.create(user=person, started_on=clock.today() - 365 * DAY)
    seen = [queries.coverage(unit)]
    for kind, what, days_ago in story:
        on = clock.today() - days_ago * DAY
        headcount = what if kind == "counted" else None
        session = GroupSession(unit=unit, held_on=on, headcount=headcount, recorded_by=people[0])
        if kind != "person":
            session.save()
        for number in {"person": [what], "named": what, "counted": []}[kind]:
            if not people[number].course_completions.standing().exists():
                Completion.objects.create(
                    user=people[number],
                    completed_on=on,
                    session=session if session.pk else None,
                    recorded_by=people[0],
                )
        seen.append(queries.coverage(unit))
    return seen


numbers = itertools.count(1000)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events, st.randoms(use_true_random=False))
def test_coverage_grows_never_exceeds_the_size_and_forgets_the_order(story: list[Any], chance: Any) -> None:
    seen = after(story)
    assert all(reached.covered <= reached.size == 4 for reached in seen)
    assert [r.covered for r in seen] == sorted(r.covered for r in seen)
    shuffled = story[:]
    chance.shuffle(shuffled)
    assert after(shuffled)[-1] == seen[-1]


@pytest.mark.django_db
def test_coverage_counts_present_staff_and_standing_rows_up_to_the_day(unit: Unit, manager: User) -> None:
    ann, bo, cilla, dag = rows.crew(unit, 4)
    today = clock.today()
    rows.taken(unit, [ann, dag], today - 10 * DAY)
    rows.taken(unit, [bo], today)
    withdrawn = rows.session(unit, members=[cilla], headcount=1, on=today - 20 * DAY)
    actions.withdraw_group_session(withdrawn, by=manager)
    assert queries.coverage(unit) == Coverage(size=5, named=3, headcount=0, on=today)
    assert queries.coverage(unit, today - DAY) == Coverage(size=5, named=2, headcount=0, on=today - DAY)
    end_membership(dag.memberships.get(), on=today, by=manager)
    assert queries.coverage(unit) == Coverage(size=4, named=2, headcount=0, on=today)


@pytest.mark.django_db
def test_coverage_follows_a_person_to_the_next_unit(unit: Unit, member: User, outsider: User) -> None:
    rows.taken(unit, [member])
    other = outsider.memberships.get().unit
    other.memberships.create(user=member)
    assert queries.coverage(other).named == 1


@pytest.mark.django_db
def test_coverage_of_a_declared_headcount_is_capped(unit: Unit) -> None:
    people = rows.crew(unit, 3)
    rows.taken(unit, people)
    declare_headcount(unit, headcount=2, on=clock.today(), by=None)
    assert (queries.coverage(unit).covered, queries.coverage(unit).percent) == (2, 100)


@pytest.mark.django_db
def test_coverages_agree_with_units_size_in_a_constant_number_of_queries(
    unit: Unit, django_assert_num_queries: Any
) -> None:
    units = [unit, factories.unit(declared_headcount=7), factories.unit()]
    rows.taken(unit, rows.crew(unit, 3)[:1])
    # The same person twice in one unit, one after the other, is one of the staff.
    person = rows.crew(units[2], 1)[0]
    membership = person.memberships.get()
    membership.ended_on = clock.today()
    membership.save()
    units[2].memberships.create(user=person, role=MembershipRole.MANAGER)
    with django_assert_num_queries(2):
        one = queries.coverages(units[:1])
    with django_assert_num_queries(2):
        three = queries.coverages(units)
    assert one[unit.pk] == three[unit.pk]
    assert {pk: reached.size for pk, reached in three.items()} == {row.pk: row.size() for row in units}
    for day in (clock.today() - 400 * DAY, clock.today() - DAY):
        assert {pk: r.size for pk, r in queries.coverages(units, day).items()} == {u.pk: u.size(day) for u in units}


@pytest.mark.django_db
def test_staff_without_course_leaves_out_protected_closed_former_and_finished(unit: Unit, manager: User) -> None:
    ann, bo, cilla, dag, eva = rows.crew(unit, 5)
    User.objects.filter(pk=ann.pk).update(is_protected=True)
    User.objects.filter(pk=bo.pk).update(is_active=False)
    end_membership(cilla.memberships.get(), on=clock.today(), by=manager)
    rows.taken(unit, [dag])
    assert set(queries.staff_without_course(unit)) == {eva, manager}
    # They still count.
    assert queries.coverage(unit).size == 5


@pytest.mark.django_db
def test_staff_without_course_sorts_in_swedish(unit: Unit) -> None:
    for name in ("Östen", "Ärla", "Zara", "Åsa", "ann"):
        factories.staff(unit, name=name)
    assert [person.name for person in queries.staff_without_course(unit)] == ["ann", "Zara", "Åsa", "Ärla", "Östen"]


@pytest.mark.django_db
def test_registered_completions_leave_out_protected_persons(unit: Unit) -> None:
    ann, bo = rows.crew(unit, 2)
    rows.taken(unit, [ann, bo])
    User.objects.filter(pk=bo.pk).update(is_protected=True)
    assert [row.user for row in queries.registered_completions(unit)] == [ann]
    assert queries.coverage(unit).named == 2


@pytest.mark.django_db
def test_trainings_stand_in_order_of_need(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    late, soon = (rows.training(round_, by=coordinator, days=days, title=f"om {days}") for days in (9, 3))
    past = rows.training(round_, by=coordinator, days=-3, title="obesvarad")
    held = rows.training(round_, by=coordinator, days=-8, title="hölls")
    actions.hold_training(held, on=timezone.localdate(held.starts_at), by=coordinator)
    gone = rows.training(round_, by=coordinator, days=5, title="inställd")
    actions.cancel_training(gone, reason="Sjukdom", by=coordinator)
    assert list(queries.in_order_of_need(round_.trainings.all(), clock.now())) == [past, soon, late, held, gone]
    assert queries.training_counts(round_.trainings.all(), clock.now()) == {
        TrainingState.AWAITING_ANSWER: 1,
        TrainingState.BOOKED: 2,
        TrainingState.HELD: 1,
        TrainingState.CANCELLED: 1,
    }


@pytest.mark.django_db
def test_coverage_counts_a_future_employee_from_the_first_day(unit: Unit) -> None:
    Membership.objects.create(unit=unit, user=factories.user(), started_on=clock.today() + DAY)
    assert (queries.coverage(unit).size, queries.coverage(unit, clock.today() + DAY).size) == (0, 1)
