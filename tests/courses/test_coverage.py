"""Coverage on chosen days, and the lists of names; the properties stand in test_coverage_properties.py."""

import datetime as dt
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from courses import actions, queries
from courses.models import Completion
from courses.queries import Coverage
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from tests.jarfalla import scenes
from units.actions import add_person, change_programme, declare_headcount, end_membership
from units.models import Membership, MembershipRole, Refused, Unit, User

TODAY = dt.date(2026, 5, 12)


def reckoned(size: int, registered: int = 0, reported: int = 0) -> Coverage:
    return Coverage(size=size, registered=registered, reported=reported, on=TODAY)


# --- The arithmetic ----------------------------------------------------------------------------------------------


def test_coverage_of_nobody_is_zero_percent() -> None:
    nobody = reckoned(0, reported=3)
    assert (nobody.covered, nobody.percent, nobody.meets(1), nobody.lacking) == (0, 0, False, 0)


def test_coverage_just_below_the_threshold_never_shows_as_reached() -> None:
    almost = reckoned(1000, registered=799)
    assert (almost.percent, almost.meets(80), almost.missing(80)) == (79, False, 1)
    assert reckoned(1000, registered=800).meets(80)


def test_coverage_caps_those_without_a_name_at_the_staff_who_have_none() -> None:
    full = reckoned(20, registered=12, reported=11)
    assert (full.named, full.headcount, full.covered, full.size) == (12, 8, 20, 20)
    assert (full.reported, full.counted, full.percent) == (11, 23, 100)


def test_coverage_of_a_small_declared_headcount_caps_the_names_too() -> None:
    few = reckoned(2, registered=3, reported=1)
    assert (few.named, few.headcount, few.covered) == (2, 0, 2)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(1, 100))
def test_coverage_arithmetic(size: int, registered: int, reported: int, threshold: int) -> None:
    reached = reckoned(size, registered, reported)
    assert 0 <= reached.covered <= size
    assert 0 <= reached.percent <= 100
    # What the page prints adds up: so many by name, so many without, together those who are covered.
    assert reached.named + reached.headcount == reached.covered == size - reached.lacking
    assert 0 <= reached.named <= registered
    assert 0 <= reached.headcount <= reported
    # At or above the threshold exactly when nobody is missing; the shown percent never promises more.
    assert reached.meets(threshold) == (size > 0 and reached.missing(threshold) == 0)
    assert reached.meets(threshold) or size == 0 or reached.percent < threshold
    assert reckoned(size, registered + 1, reported).covered >= reached.covered
    # A joiner without the course never raises the share.
    assert size == 0 or reckoned(size + 1, registered, reported).percent <= reached.percent


def test_require_room_says_the_numbers() -> None:
    reached = reckoned(20, registered=10, reported=2)
    reached.require_room(5, names=3)
    with pytest.raises(Refused, match="Högst 5 kan räknas utan namn: enheten har 20 anställda, 12 har redan gått"):
        reached.require_room(6, names=3)
    with pytest.raises(Refused, match=r"Ingen fler kan räknas utan namn: .* och 8 är valda med namn"):
        reached.require_room(1, names=8)


# --- Chosen days -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_coverage_of_14_of_18_and_two_joiners_is_14_of_20_at_that_moment(unit: Unit, coordinator: User) -> None:
    rows.taken(unit, rows.crew(unit, 12))
    rows.crew(unit, 6)
    rows.session(unit, headcount=2)
    before = queries.coverage(unit)
    assert (before.named, before.headcount, before.covered, before.size) == (12, 2, 14, 18)
    for name in ("Nora Ny", "Nils Ny"):
        add_person(unit, name=name, email=f"{name[:4]}@example.org", by=coordinator)
    after = queries.coverage(unit)
    assert (after.named, after.headcount, after.covered, after.size, after.percent) == (12, 2, 14, 20, 70)
    # The day before they came is as it was.
    yesterday = queries.coverage(unit, clock.today() - DAY)
    assert yesterday.size == 18


@pytest.mark.django_db
def test_coverage_counts_present_staff_and_standing_rows_up_to_the_day(unit: Unit, manager: User) -> None:
    ann, bo, cilla, dag = rows.crew(unit, 4)
    today = clock.today()
    rows.taken(unit, [ann, dag], today - 10 * DAY)
    rows.taken(unit, [bo], today)
    withdrawn = rows.session(unit, members=[cilla], headcount=1, on=today - 20 * DAY)
    actions.withdraw_group_session(withdrawn, by=manager)
    assert queries.coverage(unit) == Coverage(size=5, registered=3, reported=0, on=today)
    assert queries.coverage(unit, today - DAY) == Coverage(size=5, registered=2, reported=0, on=today - DAY)
    end_membership(dag.memberships.get(), on=today, by=manager)
    assert queries.coverage(unit) == Coverage(size=4, registered=2, reported=0, on=today)


@pytest.mark.django_db
def test_coverage_follows_a_person_to_the_next_unit(unit: Unit, member: User, outsider: User) -> None:
    rows.taken(unit, [member])
    other = outsider.memberships.get().unit
    other.memberships.create(user=member)
    assert queries.coverage(other).registered == 1


@pytest.mark.django_db
def test_coverage_counts_people_who_cannot_sign_in_and_protected_persons(unit: Unit) -> None:
    ann, bo, _ = rows.crew(unit, 3)
    rows.taken(unit, [ann, bo])
    User.objects.filter(pk=ann.pk).update(is_active=False)
    User.objects.filter(pk=bo.pk).update(is_protected=True)
    assert queries.coverage(unit) == Coverage(size=3, registered=2, reported=0, on=clock.today())


@pytest.mark.django_db
def test_coverage_of_a_declared_headcount_is_capped(unit: Unit) -> None:
    rows.taken(unit, rows.crew(unit, 3))
    declare_headcount(unit, headcount=2, on=clock.today(), by=None)
    assert (queries.coverage(unit).covered, queries.coverage(unit).percent) == (2, 100)


@pytest.mark.django_db
def test_coverage_goes_by_the_declaration_that_holds_and_says_since_when(unit: Unit) -> None:
    today = clock.today()
    rows.taken(unit, rows.crew(unit, 3)[:2], on=today - 50 * DAY)
    for days, headcount in ((40, 10), (20, 8), (10, None)):
        declare_headcount(unit, headcount=headcount, on=today - days * DAY, by=None)
    trend = queries.coverage_trend(unit, [today - days * DAY for days in (41, 40, 21, 20, 11, 10, 0)])
    assert [(day.covered, day.size) for day in trend] == [(2, 3), (2, 10), (2, 10), (2, 8), (2, 8), (2, 3), (2, 3)]
    since = [None, today - 40 * DAY, today - 40 * DAY, today - 20 * DAY, today - 20 * DAY, None, None]
    assert [day.declared_on for day in trend] == since


@pytest.mark.django_db
def test_coverage_counts_a_future_employee_from_the_first_day(unit: Unit) -> None:
    Membership.objects.create(unit=unit, user=factories.user(), started_on=clock.today() + DAY)
    assert (queries.coverage(unit).size, queries.coverage(unit, clock.today() + DAY).size) == (0, 1)


# --- Validity ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("taken_on", "last_day"),
    [
        (dt.date(2024, 8, 31), dt.date(2025, 2, 27)),  # six months after it is 28 February
        (dt.date(2023, 8, 31), dt.date(2024, 2, 28)),  # and in a leap year the 29th
        (dt.date(2024, 3, 15), dt.date(2024, 9, 14)),
    ],
)
def test_course_is_valid_up_to_the_same_day_so_many_calendar_months_later(
    unit: Unit, coordinator: User, taken_on: dt.date, last_day: dt.date
) -> None:
    ann, _ = rows.crew(unit, 2)
    Membership.objects.update(started_on=dt.date(2020, 1, 1))
    change_programme(course_validity_months=6, by=coordinator)
    rows.taken(unit, [ann], on=taken_on)
    rows.session(unit, headcount=1, on=taken_on)
    days = [taken_on - DAY, taken_on, last_day, last_day + DAY]
    trend = queries.coverage_trend(unit, days)
    assert [(day.registered, day.reported) for day in trend] == [(0, 0), (1, 1), (1, 1), (0, 0)]
    programme = change_programme(by=coordinator)
    assert queries.expires_on(taken_on, programme) == last_day + DAY == taken_on + relativedelta(months=6)


@pytest.mark.django_db
def test_course_without_validity_counts_for_ever(unit: Unit, coordinator: User) -> None:
    ann = rows.crew(unit, 1)[0]
    Membership.objects.update(started_on=dt.date(1990, 1, 1))
    rows.taken(unit, [ann], on=dt.date(1999, 1, 1))
    assert queries.coverage(unit).registered == 1
    assert queries.expires_on(dt.date(1999, 1, 1), change_programme(by=coordinator)) is None


@pytest.mark.django_db
def test_course_taken_again_counts_once(unit: Unit, coordinator: User) -> None:
    ann = rows.crew(unit, 1)[0]
    for days in (300, 200, 0):
        Completion.objects.create(user=ann, completed_on=clock.today() - days * DAY, recorded_by=coordinator)
    assert queries.coverage(unit).registered == 1
    latest = queries.own_completion(ann)
    assert latest is not None
    assert latest.completed_on == clock.today()


# --- Somebody who was counted without a name ---------------------------------------------------------------------


@pytest.mark.django_db
def test_person_who_is_given_a_name_later_moves_from_one_figure_to_the_other(unit: Unit, manager: User) -> None:
    ann, bo = rows.crew(unit, 5)[:2]
    session = rows.session(unit, headcount=3, on=clock.today() - 9 * DAY)
    actions.record_completions(unit, users=[ann, bo], on=clock.today(), by=manager, counted_in=session)
    for day in (clock.today(), clock.today() - 9 * DAY):
        reached = queries.coverage(unit, day)
        assert (reached.registered, reached.reported, reached.covered) == (2, 1, 3)
    # Who leaves, leaves both sides: nobody takes the place in the headcount.
    end_membership(ann.memberships.get(), on=clock.today(), by=manager)
    reached = queries.coverage(unit)
    assert (reached.registered, reached.reported, reached.size) == (1, 1, 5)
    # Taken back, the person is one of those without a name again.
    actions.withdraw_completion(bo.course_completions.get(), by=manager)
    assert (queries.coverage(unit).registered, queries.coverage(unit).reported) == (0, 2)


# --- How many queries --------------------------------------------------------------------------------------------


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
def test_trend_asks_two_queries_for_any_number_of_days(unit: Unit, django_assert_num_queries: Any) -> None:
    rows.taken(unit, rows.crew(unit, 3)[:1])
    for count in (1, 400):
        with django_assert_num_queries(2):
            assert len(queries.coverage_trend(unit, [clock.today() - day * DAY for day in range(count)])) == count
    assert queries.coverage_trend(unit, []) == []
    assert queries.coverages([]) == {}


# --- Names -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_staff_without_course_leaves_out_protected_former_and_finished_but_not_closed_accounts(
    unit: Unit, manager: User
) -> None:
    ann, bo, cilla, dag, eva = rows.crew(unit, 5)
    User.objects.filter(pk=ann.pk).update(is_protected=True)
    User.objects.filter(pk=bo.pk).update(is_active=False)
    end_membership(cilla.memberships.get(), on=clock.today(), by=manager)
    rows.taken(unit, [dag])
    assert set(queries.staff_without_course(unit)) == {bo, eva, manager}
    # They still count.
    assert queries.coverage(unit).size == 5


@pytest.mark.django_db
def test_staff_without_course_sorts_in_swedish(unit: Unit) -> None:
    for name in ("Östen", "Ärla", "Zara", "Åsa", "ann"):
        factories.staff(unit, name=name)
    assert [person.name for person in queries.staff_without_course(unit)] == ["ann", "Zara", "Åsa", "Ärla", "Östen"]


@pytest.mark.django_db
def test_refill_tells_new_expired_and_never_apart(
    unit: Unit, coordinator: User, django_assert_num_queries: Any
) -> None:
    expired, _never, valid = (factories.staff(unit, name=name) for name in ("Eva Expired", "Nils Never", "Vera Valid"))
    today = clock.today()
    change_programme(course_validity_months=12, by=coordinator)
    Completion.objects.create(user=expired, completed_on=today - 400 * DAY, recorded_by=coordinator)
    Completion.objects.create(user=valid, completed_on=today - 300 * DAY, recorded_by=coordinator)
    assert {lacking.is_new for lacking in queries.refill(unit)} == {False}  # while step 1 is open nobody is
    scenes.standing_at(1, unit=unit, by=coordinator, days_ago=30)
    add_person(unit, name="Åke Ny", email="ny@example.org", started_on=today - 3 * DAY, by=coordinator)
    add_person(unit, name="Hedda Hemlig", email="hemlig@example.org", by=coordinator)
    User.objects.filter(name="Hedda Hemlig").update(is_protected=True)
    back = factories.staff(unit, name="Bo Tillbaka")
    end_membership(back.memberships.get(), on=today - 60 * DAY, by=coordinator)
    add_person(unit, name=back.name, email=back.email, started_on=today - 5 * DAY, by=coordinator)
    with django_assert_num_queries(4):
        found = queries.refill(unit)
    assert [(one.user.name, one.is_new, one.joined_on, one.taken_on, one.expired_on) for one in found] == [
        ("Bo Tillbaka", True, today - 5 * DAY, None, None),
        ("Åke Ny", True, today - 3 * DAY, None, None),
        (
            "Eva Expired",
            False,
            today - 730 * DAY,
            today - 400 * DAY,
            today - 400 * DAY + relativedelta(months=12),
        ),
        ("Nils Never", False, today - 730 * DAY, None, None),
    ]


@pytest.mark.django_db
def test_refill_knows_a_new_role_is_no_new_person(unit: Unit, coordinator: User) -> None:
    ann = factories.staff(unit, name="Ann")
    scenes.standing_at(1, unit=unit, by=coordinator, days_ago=30)
    add_person(unit, name=ann.name, email=ann.email, role=MembershipRole.MANAGER, by=coordinator)
    assert [(one.user, one.is_new) for one in queries.refill(unit)] == [(ann, False)]


@pytest.mark.django_db
def test_registered_completions_leave_out_protected_persons_and_say_what_has_expired(
    unit: Unit, coordinator: User
) -> None:
    ann, bo = rows.crew(unit, 2)
    rows.taken(unit, [bo])
    change_programme(course_validity_months=6, by=coordinator)
    for days in (250, 20):
        Completion.objects.create(user=ann, completed_on=clock.today() - days * DAY, recorded_by=coordinator)
    User.objects.filter(pk=bo.pk).update(is_protected=True)
    found: Any = queries.registered_completions(unit)
    assert [(row.user, row.completed_on, row.is_valid) for row in found] == [
        (ann, clock.today() - 20 * DAY, True),
        (ann, clock.today() - 250 * DAY, False),
    ]
    assert queries.coverage(unit).registered == 2


@pytest.mark.django_db
def test_recorded_sessions_count_names_and_names_given_later(unit: Unit, manager: User) -> None:
    ann, bo, cilla, dag, _ = rows.crew(unit, 5)
    session = rows.session(unit, members=[ann, bo], headcount=2)
    actions.record_completions(unit, users=[cilla], on=clock.today(), by=manager, counted_in=session)
    actions.record_completions(unit, users=[dag], on=clock.today(), by=manager, counted_in=session)
    actions.withdraw_completion(dag.course_completions.get(), by=manager)
    found: Any = queries.recorded_sessions(unit).get()
    assert (found.names, found.headcount, found.names_later) == (2, 2, 1)
