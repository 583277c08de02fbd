"""Reminders of routines to look over and of coverage that has fallen: what followups may not know of by itself."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.models import Refill
from courses.queries import staff_without_course
from followups.actions import cancel_outdated_reminders, sweep
from followups.models import Reminder, RuleKind
from followups.queries import is_working_day
from jarfalla import clock, tasks
from jarfalla.reminding import SOURCES
from routines import actions
from routines.models import Routine, RoutineVersion
from tests import factories
from tests.courses import rows
from tests.courses.test_refills import covered, join
from tests.followups.reminded import DAY, all_sent, letters, said
from tests.routines import printed, stages
from units.actions import record_participation
from units.models import MembershipRole, Participation, ParticipationState, Unit, User, UserRole

pytestmark = pytest.mark.django_db

SAM, CIA = "Sam Samordnare", "Cia Chef"


@pytest.fixture(autouse=True)
def _clock(settings: Any, tmp_path: Any) -> Iterator[None]:
    """The clock may be moved, and is put back; the sweep waits for no hour."""
    settings.DEMO, settings.VAR_DIR, settings.SWEEP_HOUR = True, tmp_path, 0
    yield
    clock.move(0)


@pytest.fixture
def in_force(unit: Unit, coordinator: User, manager: User) -> Routine:
    """A routine that was approved just now and is to be looked over in twelve months."""
    return stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)


def due(routine: Routine) -> dt.date:
    version = RoutineVersion.objects.get(routine=routine, ended_at__isnull=True)
    assert version.review_on is not None
    return version.review_on


def swept(on: dt.date) -> list[str]:
    """What has been said of routines when the first working day from `on` has been swept and the outbox is empty."""
    while not is_working_day(on, []):
        on += DAY
    clock.move(clock.days_ahead() + (on - clock.today()).days)
    sweep(on, SOURCES)
    all_sent()
    return [row for row in said() if row.startswith(RuleKind.ROUTINE_REVIEW)]


# --- Routines ----------------------------------------------------------------------------------------------------


def test_review_is_reminded_of_a_month_ahead_and_each_month_it_is_late_three_times(in_force: Routine) -> None:
    day = due(in_force)
    assert day == clock.today() + relativedelta(months=12)
    assert swept(day - 36 * DAY) == []
    once = [f"routine_review {CIA}", f"routine_review {SAM}"]
    assert swept(day - 30 * DAY) == once
    assert swept(day - 10 * DAY) == once
    for month in range(3):
        assert swept(day + relativedelta(months=month) + DAY) == sorted(once * (month + 2))
    assert swept(day + relativedelta(months=8)) == sorted(once * 4)
    subjects = {row.subject for row in letters() if "Gäller" in row.subject}
    assert subjects == {
        f"Dags att se över rutinen ”Gäller”, {in_force.unit.name}",
        f"Rutinen ”Gäller”, {in_force.unit.name}, skulle ha setts över",
    }


def test_review_is_the_owners_while_they_work_there_and_then_the_managers(in_force: Routine, manager: User) -> None:
    owner = factories.staff(in_force.unit, name="Olga Ägare")
    Routine.objects.filter(pk=in_force.pk).update(owner=owner)
    assert swept(due(in_force) - 20 * DAY) == ["routine_review Olga Ägare", f"routine_review {SAM}"]
    owner.memberships.update(ended_on=clock.today())
    successor = factories.staff(in_force.unit, name="Nya Chefen", role=MembershipRole.MANAGER)
    manager.memberships.update(ended_on=clock.today())
    successor.memberships.update(started_on=clock.today())
    assert "routine_review Nya Chefen" in swept(clock.today() + 3 * DAY)
    assert "routine_review Cia Chef" not in said()


def test_correction_from_the_registries_reminds_nobody_again(unit: Unit, coordinator: User, manager: User) -> None:
    """It has the review date of the version that it corrects."""
    contact = printed.contact()
    version = printed.in_force(unit, by=manager, contacts=[contact])
    day = due(version.routine) + DAY
    before = swept(day)
    assert len(before) == 2
    actions.change_entry(contact, {"phone": "08-999 99 99"}, by=coordinator)
    [correction] = actions.republish_affected(by=coordinator).versions
    printed.publish(correction)
    assert swept(clock.today() + 2 * DAY) == before


def test_routine_that_has_ended_or_whose_unit_pauses_is_not_reminded_of(
    in_force: Routine, unit: Unit, coordinator: User
) -> None:
    other = stages.in_force_without_pdf(unit, title="Upphävd", by=coordinator)
    record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    day = due(other)
    assert swept(day - 20 * DAY) == []
    record_participation(unit, state=ParticipationState.TAKING_PART, by=coordinator)
    other.versions.update(ended_at=clock.now())
    assert len(swept(day + 2 * DAY)) == 2
    assert {row.details["title"] for row in Reminder.objects.filter(kind=RuleKind.ROUTINE_REVIEW)} == {"Gäller"}


def test_routine_of_a_unit_that_has_not_said_whether_it_takes_part_is_reminded_of(in_force: Routine) -> None:
    Participation.objects.all().delete()
    assert swept(due(in_force) - dt.timedelta(days=30)) != []


def test_sweep_asks_as_often_for_three_routines_as_for_one(in_force: Routine, coordinator: User) -> None:
    day = due(in_force)
    swept(day)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            sweep(clock.today(), SOURCES, again=True)
        return len(captured)

    one = asked()
    clock.move(0)
    for title in ("Andra", "Tredje"):
        stages.in_force_without_pdf(in_force.unit, title=title, by=coordinator)
    swept(day)
    sweep(clock.today(), SOURCES, again=True)
    all_sent()
    assert asked() == one


# --- Coverage ----------------------------------------------------------------------------------------------------


@pytest.fixture
def fallen(unit: Unit, coordinator: User, manager: User) -> Unit:
    """The unit, below the threshold since three newcomers came: 9 of 14; on a working day."""
    covered(unit, coordinator)
    join(unit, 3, coordinator)
    while not is_working_day(clock.today(), []):
        clock.move(clock.days_ahead() + 1)
    return unit


def of_coverage() -> list[str]:
    return [row for row in said() if row.startswith(RuleKind.COVERAGE_FELL)]


def test_fall_is_told_to_each_manager_once(fallen: Unit, member: User) -> None:
    factories.staff(fallen, name="Disa Chef", role=MembershipRole.MANAGER)
    for _again in range(3):
        tasks.sweep_if_due()
        all_sent()
    assert of_coverage() == [f"coverage_fell {CIA}", "coverage_fell Disa Chef"]


def test_fall_is_told_to_a_manager_who_is_also_coordinator(fallen: Unit, manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(role=UserRole.COORDINATOR)
    tasks.sweep_if_due()
    all_sent()
    assert of_coverage() == [f"coverage_fell {CIA}"]


def test_letter_says_how_many_and_names_nobody(fallen: Unit, manager: User) -> None:
    User.objects.filter(name="Nykomling 1").update(is_protected=True)
    tasks.sweep_if_due()
    [letter] = letters()
    assert (letter.recipient, letter.unit) == (manager, fallen)
    assert letter.subject == "Påfyllning behövs: webbkursen hos Tallbackens förskola"
    for text in (letter.text, letter.html):
        assert "9 av 14 har gått webbkursen. Det är 64 procent, och gränsen är 80." in text
        assert "3 av dem som saknar kursen har börjat sedan steg 1 blev klart." in text
        assert "Steg 1 är fortfarande klart" in text
        assert f"/enheter/{fallen.slug}/steg-1/" in text
        assert "Nykomling" not in text


def test_protected_closed_and_former_managers_are_not_told(fallen: Unit, manager: User) -> None:
    for name, fields in (("Hedda Hemlig", {"is_protected": True}), ("Stina Stängd", {"is_active": False})):
        person = factories.staff(fallen, name=name, role=MembershipRole.MANAGER)
        User.objects.filter(pk=person.pk).update(**fields)
    manager.memberships.update(ended_on=clock.today())
    tasks.sweep_if_due()
    assert said() == []


def test_who_becomes_manager_while_the_unit_is_down_is_told_too(fallen: Unit) -> None:
    tasks.sweep_if_due()
    all_sent()
    factories.staff(fallen, name="Nina Nychef", role=MembershipRole.MANAGER)
    sweep(clock.today(), SOURCES, again=True)
    assert of_coverage() == [f"coverage_fell {CIA}", "coverage_fell Nina Nychef"]


def test_letter_waits_no_longer_once_coverage_is_back(fallen: Unit) -> None:
    tasks.sweep_if_due()
    rows.taken(fallen, list(staff_without_course(fallen)))
    assert cancel_outdated_reminders(clock.today(), SOURCES) == 1
    assert said() == []


def test_letter_that_waits_gets_the_figures_of_today(fallen: Unit, coordinator: User) -> None:
    tasks.sweep_if_due()
    newcomer = staff_without_course(fallen).filter(name__startswith="Nykomling").first()
    assert newcomer
    rows.taken(fallen, [newcomer])
    assert cancel_outdated_reminders(clock.today(), SOURCES) == 1
    assert letters()[-1].text.count("10 av 14 har gått webbkursen.") == 1
    assert Refill.objects.count() == 1
