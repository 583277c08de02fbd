"""A routine in force is looked over in time: its owner and the coordinators are reminded, and everybody sees it."""

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import pytest
from dateutil.relativedelta import relativedelta
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from jarfalla import clock
from routines import actions, mail, queries
from routines.models import Routine, RoutineVersion, Template, VersionState
from routines.queries.reviews import months_late
from tests import factories
from tests.conftest import SignIn
from tests.routines import printed, stages
from units.mail import Letter
from units.models import MembershipRole, Message, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_force(unit: Unit, coordinator: User, manager: User) -> Routine:
    """A routine that was approved just now and is to be looked over in twelve months."""
    return stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)


@pytest.fixture(autouse=True)
def ahead(settings: object) -> Iterator[None]:
    """The clock may be moved, and is put back."""
    settings.DEMO = True  # type: ignore[attr-defined]  # pytest-django's settings take any name
    before = clock.days_ahead()
    yield
    clock.move(before)


def due(routine: Routine) -> dt.date:
    version = RoutineVersion.objects.get(routine=routine)
    assert version.review_on is not None
    return version.review_on


def letters() -> list[tuple[str, str]]:
    """Who is reminded, and of what."""
    rows = Message.objects.filter(key__startswith="routine_review:").order_by("pk")
    return [(row.recipient.name if row.recipient else "", row.subject) for row in rows]


def test_review_reminder_goes_to_managers_and_coordinators_a_month_ahead(
    in_force: Routine, coordinator: User, manager: User, member: User
) -> None:
    day = due(in_force)
    assert day == clock.today() + relativedelta(months=12)
    actions.remind_of_reviews(on=day - dt.timedelta(days=31))
    assert letters() == []
    actions.remind_of_reviews(on=day - dt.timedelta(days=30))
    ahead = f"Dags att se över rutinen ”Gäller”, {in_force.unit.name}"
    assert letters() == [(manager.name, ahead), (coordinator.name, ahead)]
    for later in (day - dt.timedelta(days=3), day):
        actions.remind_of_reviews(on=later)
    assert len(letters()) == 2


def test_review_reminder_of_an_overdue_routine_comes_back_each_month(
    in_force: Routine, coordinator: User, manager: User
) -> None:
    day = due(in_force)
    late = f"Rutinen ”Gäller”, {in_force.unit.name}, skulle ha setts över"
    for days in (1, 2, 25):
        actions.remind_of_reviews(on=day + dt.timedelta(days=days))
    assert letters() == [(manager.name, late), (coordinator.name, late)]
    actions.remind_of_reviews(on=day + relativedelta(months=1, days=1))
    assert [subject for _name, subject in letters()] == [late] * 4


def test_review_reminder_goes_to_the_owner_alone_while_they_work_there(
    in_force: Routine, coordinator: User, manager: User
) -> None:
    owner = factories.staff(in_force.unit, name="Olga Ägare")
    Routine.objects.filter(pk=in_force.pk).update(owner=owner)
    version = RoutineVersion.objects.get(routine=in_force)
    assert queries.review_recipients([version]) == {version.pk: [owner, coordinator]}
    owner.memberships.update(ended_on=clock.today() - dt.timedelta(days=1))
    assert queries.review_recipients([version]) == {version.pk: [manager, coordinator]}


def test_correction_from_the_registries_reminds_nobody_again(unit: Unit, coordinator: User, manager: User) -> None:
    """It has the review date of the version that it corrects."""
    contact = printed.contact()
    version = printed.in_force(unit, by=manager, contacts=[contact])
    day = due(version.routine) + dt.timedelta(days=1)
    actions.remind_of_reviews(on=day)
    before = letters()
    assert len(before) == 2
    actions.change_entry(contact, {"phone": "08-999 99 99"}, by=coordinator)
    [correction] = actions.republish_affected(by=coordinator).versions
    printed.publish(correction)
    actions.remind_of_reviews(on=day)
    assert letters() == before


def test_day_of_reminders_asks_as_often_for_three_routines_as_for_one(
    in_force: Routine, coordinator: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Beat asks every minute, and most routines of a municipality may be late."""
    day = due(in_force)
    actions.remind_of_reviews(on=day)
    with django_assert_num_queries(4):
        actions.remind_of_reviews(on=day)
    for title in ("Andra", "Tredje"):
        stages.in_force_without_pdf(in_force.unit, title=title, by=coordinator)
    actions.remind_of_reviews(on=day)
    with django_assert_num_queries(4):
        actions.remind_of_reviews(on=day)


def test_reminder_that_goes_wrong_stops_none_behind_it(
    in_force: Routine, coordinator: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = mail.routine_review

    def breaks(reminder: queries.ReviewReminder) -> Letter:
        if reminder.to == manager:
            raise ValueError(reminder.key)
        return write(reminder)

    monkeypatch.setattr(mail, "routine_review", breaks)
    with pytest.raises(ValueError, match="routine_review"):
        actions.remind_of_reviews(on=due(in_force))
    assert [name for name, _subject in letters()] == [coordinator.name]


def test_who_approves_owns_the_routine(unit: Unit, coordinator: User, manager: User, template: Template) -> None:
    state = VersionState.APPROVED
    version = stages.walked(unit, state, template=template, by=coordinator, manager=manager)
    assert version.routine.owner == manager


def test_review_reminder_goes_to_the_successor_of_a_manager_who_left(in_force: Routine, manager: User) -> None:
    successor = factories.staff(in_force.unit, name="Nya chefen", role=MembershipRole.MANAGER)
    manager.memberships.update(ended_on=clock.today() - dt.timedelta(days=1))
    actions.remind_of_reviews(on=due(in_force))
    assert next(name for name, _ in letters()) == successor.name


def test_no_reminder_for_what_is_no_longer_in_force(in_force: Routine) -> None:
    in_force.versions.update(ended_at=clock.now())
    actions.remind_of_reviews(on=due(in_force) + dt.timedelta(days=100))
    assert letters() == []


def test_day_of_reminders_begins_at_its_hour(in_force: Routine, settings: object) -> None:
    settings.SWEEP_HOUR = 24  # type: ignore[attr-defined]  # pytest-django's settings take any name
    clock.move((due(in_force) - clock.today()).days)
    actions.remind_of_reviews_if_due()
    assert letters() == []
    settings.SWEEP_HOUR = 0  # type: ignore[attr-defined]  # as above
    actions.remind_of_reviews_if_due()
    assert letters() != []


def test_overdue_stands_on_dashboard_unit_and_routine(
    in_force: Routine, coordinator: User, member: User, sign_in: SignIn
) -> None:
    factories.taking_part(in_force.unit)
    version = RoutineVersion.objects.get(routine=in_force)
    assert not version.is_review_overdue(clock.today())
    day = due(in_force)
    clock.move((day - clock.today()).days + 1)
    assert version.is_review_overdue(clock.today())
    dashboard = sign_in(coordinator).get(reverse("start")).content.decode()
    assert "Rutinen ”Gäller” skulle ha setts över senast" in dashboard
    assert "1 rutin att se över" in dashboard
    unit_page = sign_in(member).get(in_force.unit.get_absolute_url()).content.decode()
    assert "skulle ha setts över" in unit_page


@pytest.mark.parametrize(
    ("approved", "months", "expected"),
    [
        (dt.date(2026, 8, 31), 6, dt.date(2027, 2, 28)),
        (dt.date(2027, 8, 31), 6, dt.date(2028, 2, 29)),
        (dt.date(2028, 2, 29), 12, dt.date(2029, 2, 28)),
        (dt.date(2026, 1, 31), 1, dt.date(2026, 2, 28)),
        (dt.date(2026, 12, 31), 24, dt.date(2028, 12, 31)),
    ],
)
def test_review_day_is_the_same_for_a_row_and_for_the_database(
    approved: dt.date, months: int, expected: dt.date, in_force: Routine
) -> None:
    """Calendar months, and the last day of a shorter month, as everywhere in the portal."""
    version = RoutineVersion.objects.get(routine=in_force)
    # Shortly after midnight in Stockholm it is still the day before in UTC.
    moment = dt.datetime.combine(approved, dt.time(0, 30), tzinfo=zoneinfo.ZoneInfo("Europe/Stockholm"))
    written = Routine.objects.create(unit=in_force.unit, title="T", slug="t", created_by=version.created_by)
    other = written.versions.create(
        major=1,
        review_months=months,
        created_by=version.created_by,
        approved_at=moment,
        approved_by=version.created_by,
        in_force_at=moment,
        pdf="routines/x.pdf",
        pdf_sha256="0" * 64,
    )
    assert other.review_on == expected
    assert other not in RoutineVersion.objects.to_review_before(expected)
    assert other in RoutineVersion.objects.to_review_before(expected + dt.timedelta(days=1))


@given(st.dates(dt.date(2025, 1, 1), dt.date(2030, 12, 31)), st.integers(0, 900))
def test_months_late_rises_by_one_at_most_each_day(due_on: dt.date, days: int) -> None:
    on = due_on + dt.timedelta(days=days)
    late = months_late(due_on, on=on)
    assert (late == 0) == (on <= due_on)
    assert 0 <= months_late(due_on, on=on + dt.timedelta(days=1)) - late <= 1
    assert late == 0 or due_on + relativedelta(months=late - 1) <= on
