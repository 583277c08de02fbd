"""Coverage over time: which days, what is drawn, and for whom."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import actions, queries
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY
from units.actions import change_programme
from units.models import Unit, User

pytestmark = pytest.mark.django_db


def page(client: Client, unit: Unit) -> str:
    response = client.get(reverse("coverage_trend", args=[unit.slug]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def table(html: str) -> list[list[str]]:
    """What stands in each row after the day."""
    found = re.findall(r"<tr> <th scope=\"row\">.*?</th>(.*?)</tr>", html)
    return [re.findall(r"<td>(.*?)</td>", row) for row in found]


def month_end(day: dt.date) -> dt.date:
    """The last day of the month before."""
    return day.replace(day=1) - DAY


def test_days_are_month_ends_from_before_the_first_course_to_today(unit: Unit, member: User) -> None:
    assert queries.trend_days(unit) == []
    last = month_end(clock.today())
    rows.session(unit, members=[member], on=month_end(last) + DAY)
    assert queries.trend_days(unit) == [month_end(last), last, clock.today()]


def test_course_from_before_the_person_came_counts_from_the_day_they_came(unit: Unit, member: User) -> None:
    """Taken years ago, elsewhere: the trend of this unit does not begin then."""
    last = month_end(clock.today())
    newcomer = rows.crew(unit, 1)[0]
    rows.taken(unit, [newcomer], on=dt.date(2020, 5, 5))
    newcomer.memberships.update(started_on=last)
    assert queries.trend_days(unit) == [month_end(last), last, clock.today()]


def test_withdrawn_course_begins_no_trend(unit: Unit, member: User) -> None:
    session = rows.session(unit, members=[member], on=clock.today() - 90 * DAY)
    actions.withdraw_group_session(session, by=member)
    assert queries.trend_days(unit) == []


def test_trend_holds_at_most_36_days(unit: Unit, member: User) -> None:
    rows.session(unit, members=[member], on=dt.date(2001, 1, 1))
    days = queries.trend_days(unit)
    assert (len(days), days[-1]) == (36, clock.today())
    assert days == sorted(set(days))


def test_everybody_in_the_unit_reads_the_figures_and_nobody_by_name(
    unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    ann, lacking = factories.staff(unit, name="Anna Hasit"), factories.staff(unit, name="Lisa Lacking")
    last = month_end(clock.today())
    rows.session(unit, members=[ann], headcount=2, on=last)
    joined = factories.staff(unit, name="Nya Nilsson")
    joined.memberships.update(started_on=clock.today())
    html = page(sign_in(member), unit)
    assert table(html) == [
        ["60 %", "3", "5", "1", "2", "Inte nådd"],
        ["75 %", "3", "4", "1", "2", "Inte nådd"],
        ["0 %", "0", "4", "0", "0", "Inte nådd"],
    ]
    assert 'role="img" aria-labelledby="trend-name trend-description"' in html
    assert "och är 60 procent den" in html
    assert "Som högst har den varit 75 procent. Gränsen för steg 1 är 80 procent." in html
    assert html.count('class="chart__point"') == 3
    for name in (ann.name, lacking.name, joined.name, manager.name):
        assert name not in html


def test_day_on_which_nobody_worked_here_is_a_gap(unit: Unit, manager: User, sign_in: SignIn) -> None:
    last = month_end(clock.today())
    manager.memberships.update(started_on=last)
    rows.taken(unit, [manager], on=last)
    html = page(sign_in(manager), unit)
    assert html.count('class="chart__point"') == 2
    assert html.count('class="chart__line"') == 1
    assert "<td>–</td>" in html


def test_trend_without_a_course_says_so(unit: Unit, member: User, sign_in: SignIn) -> None:
    html = page(sign_in(member), unit)
    assert "Ingen här är registrerad på webbkursen än." in html
    assert '<svg class="chart' not in html


def test_trend_follows_the_programmes_threshold(unit: Unit, manager: User, coordinator: User, sign_in: SignIn) -> None:
    rows.taken(unit, [manager])
    change_programme(by=coordinator, coverage_threshold_percent=100)
    html = page(sign_in(coordinator), unit)
    assert "Gränsen: 100 %" in html
    assert "<td>Nådd</td>" in html


def test_trend_is_closed_to_others(unit: Unit, member: User, outsider: User, reader: User, sign_in: SignIn) -> None:
    rows.taken(unit, [member])
    address = reverse("coverage_trend", args=[unit.slug])
    assert [sign_in(user).get(address).status_code for user in (outsider, reader)] == [404, 404]


def test_trend_makes_the_same_queries_for_1_and_36_months(unit: Unit, member: User, sign_in: SignIn) -> None:
    client, counted = sign_in(member), []
    for ago in (1, 1500):
        rows.session(unit, headcount=None, members=[rows.crew(unit, 1)[0]], on=clock.today() - ago * DAY)
        page(client, unit)
        with CaptureQueriesContext(connection) as made:
            page(client, unit)
        counted.append(len(made))
    assert counted[0] == counted[1]
