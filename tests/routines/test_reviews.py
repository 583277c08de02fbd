"""A routine in force is looked over in time: everybody sees when. Who is reminded: tests/jarfalla/test_reminding.py."""

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import pytest
from django.urls import reverse

from jarfalla import clock
from routines.models import Routine, RoutineVersion, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import stages
from units.models import Unit, User

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


def test_who_approves_owns_the_routine(unit: Unit, coordinator: User, manager: User, template: Template) -> None:
    state = VersionState.APPROVED
    version = stages.walked(unit, state, template=template, by=coordinator, manager=manager)
    assert version.routine.owner == manager


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
