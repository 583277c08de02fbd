"""The rules of reminders and the quiet periods, as the coordinator changes them; and who gets what."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from followups.actions import change_rule, pause_digests, sweep
from followups.models import Recipient, Reminder, ReminderRule, RuleKind
from followups.queries import DEFAULTS, RECIPIENTS, Rule, current_rules, is_working_day, when_of
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from tests.followups.reminded import CIA, DAY, OPENING, OPENS, SAM, STEP_3, said
from tests.together import together
from units.actions import add_quiet_period, remove_quiet_period, seed_quiet_periods
from units.models import Programme, QuietPeriod, Refused, Unit, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("cast")]

RULES, QUIET = "/paminnelser/", "/paminnelser/lugna-perioder/"


@pytest.fixture
def page_of(sign_in: SignIn, coordinator: User) -> Client:
    """The coordinator's browser."""
    return sign_in(coordinator)


def text(client: Client, path: str, data: dict[str, Any] | None = None) -> str:
    """What stands on the page; what was posted leads to it."""
    response = client.get(path) if data is None else client.post(path, data, follow=True)
    assert response.status_code == 200, path
    return words(response.content.decode())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.split("<main")[1].split("</main>", maxsplit=1)[0]).split())


# --- Rules -------------------------------------------------------------------------------------------------------


def test_list_says_of_every_rule_to_whom_and_when(page_of: Client) -> None:
    shown = text(page_of, RULES)
    for kind in RuleKind:
        assert str(kind.label) in shown, kind
        assert when_of(DEFAULTS[kind]) in shown, kind
    assert shown.count("Används") == len(RuleKind)
    assert "Ändrad" not in shown
    assert "Två månader kvar till sista dagen för uppföljningen" in shown
    assert "Två månader före sista dagen, om ingen tid är bokad." in shown
    assert "fönst" not in shown


@pytest.mark.parametrize("kind", RuleKind)
def test_form_of_each_rule_saves_what_it_shows(kind: RuleKind, page_of: Client) -> None:
    """A rule that is sent as it stands is no change."""
    rule = DEFAULTS[kind]
    sent = {"is_on": "on", "to": rule.to, "days": rule.days or "", "times": rule.times or ""}
    assert "Regeln är sparad" in text(page_of, f"{RULES}{kind}/", sent)
    assert current_rules() == DEFAULTS
    assert not ReminderRule.objects.exists()


def test_changed_rule_is_followed_by_the_next_sweep(page_of: Client, unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    text(page_of, f"{RULES}opens/", {"is_on": "on", "to": "manager"})
    sweep(OPENS)
    assert said() == [f"opens {CIA}"]


def test_rule_that_is_off_reminds_nobody_and_says_so(page_of: Client, unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    shown = text(page_of, f"{RULES}opens/", {"to": "both"})
    assert "Används inte" in shown
    assert f"av {SAM}" in shown
    sweep(OPENS)
    assert said() == []


def test_rule_can_be_set_back_and_the_history_keeps_who(page_of: Client, coordinator: User) -> None:
    change_rule(Rule(RuleKind.STALLED, Recipient.MANAGER, days=30), by=coordinator)
    assert "Återställ regeln" in text(page_of, f"{RULES}stalled/")
    assert "som från början igen" in text(page_of, f"{RULES}stalled/fran-borjan/", {})
    assert current_rules() == DEFAULTS
    events: Any = ReminderRule.pgh_event_model.objects  # type: ignore[attr-defined]  # pghistory puts it there
    assert [(row.days, row.changed_by) for row in events.order_by("pgh_id")] == [(30, coordinator), (90, coordinator)]
    assert "Återställ regeln" not in text(page_of, f"{RULES}stalled/")


@pytest.mark.parametrize(
    ("kind", "sent", "field"),
    [
        ("stalled", {"to": "both", "days": "0"}, "days"),
        ("stalled", {"to": "both", "days": "367"}, "days"),
        ("stalled", {"to": "both", "days": ""}, "days"),
        ("overdue", {"to": "both", "times": "13"}, "times"),
        ("overdue", {"to": "superior", "times": "3"}, "to"),
        ("opens", {"to": "everybody"}, "to"),
    ],
)
def test_rule_that_nobody_could_follow_is_refused_at_its_field(
    kind: str, sent: dict[str, str], field: str, page_of: Client
) -> None:
    for extra in ({}, {"preview": "1"}):
        page = page_of.post(f"{RULES}{kind}/", {"is_on": "on", **sent, **extra})
        assert list(page.context["form"].errors) == [field]
        assert "sides" not in page.context
    assert not ReminderRule.objects.exists()


def test_action_refuses_what_the_form_has_no_field_for(coordinator: User) -> None:
    for rule in (
        Rule(RuleKind.OPENS, Recipient.BOTH, days=3),
        Rule(RuleKind.OVERDUE, Recipient.COORDINATOR),
        Rule(RuleKind.ESCALATED, Recipient.MANAGER),
    ):
        with pytest.raises(Refused):
            change_rule(rule, by=coordinator)
    assert not ReminderRule.objects.exists()


def test_rule_of_the_managers_manager_asks_for_nobody_else(page_of: Client) -> None:
    assert RECIPIENTS[RuleKind.ESCALATED] == (Recipient.SUPERIOR,)
    shown = text(page_of, f"{RULES}escalated/", {"is_on": "on"})
    assert "Regeln är sparad" in shown
    assert current_rules() == DEFAULTS


def test_unknown_rule_is_404(page_of: Client) -> None:
    assert page_of.get(f"{RULES}nonsense/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_who_change_a_rule_at_once_make_one_row(coordinator: User) -> None:
    together(2, lambda n: change_rule(Rule(RuleKind.STALLED, Recipient.BOTH, days=30 + 10 * n), by=coordinator))
    assert ReminderRule.objects.get().days in (30, 40)


# --- What a change would bring --------------------------------------------------------------------------------------


def test_preview_of_a_change_saves_nothing_and_says_what_comes_and_goes(
    page_of: Client, unit: Unit, working_day: dt.date
) -> None:
    stages.routines_done(unit, clock.today() - dt.timedelta(days=30))
    shown = text(page_of, f"{RULES}opens/", {"is_on": "on", "to": "manager", "preview": "1"})
    assert "Inget är sparat än." in shown
    assert "Det här försvinner:" in shown
    assert "Det här tillkommer:" not in shown
    gone = shown.split("Det här försvinner:")[1]
    assert SAM in gone
    assert CIA not in gone
    assert unit.name in gone
    assert not ReminderRule.objects.exists()
    assert not Reminder.objects.exists()


def test_preview_of_no_change_says_so(page_of: Client, unit: Unit, working_day: dt.date) -> None:
    stages.routines_done(unit, clock.today() - dt.timedelta(days=30))
    shown = text(page_of, f"{RULES}opens/", {"is_on": "on", "to": "both", "preview": "1"})
    assert "blir allt som förut" in shown
    assert "Det här försvinner" not in shown


def test_list_shows_the_month_that_is_asked_for_and_counts_all(
    page_of: Client, unit: Unit, coordinator: User, working_day: dt.date
) -> None:
    stages.routines_done(unit, clock.today() - dt.timedelta(days=30))
    page = page_of.get(RULES)
    months = {month.first: month.total for month in page.context["months"]}
    assert sum(months.values()) == page.context["total"] > 3
    assert len(months) == 13
    for first, total in months.items():
        listed = page_of.get(RULES, {"manad": f"{first:%Y-%m}"}).context["page_obj"].object_list
        assert sum(mail.total for mail in listed) == total, first
        assert all((mail.day.year, mail.day.month) == (first.year, first.month) for mail in listed)
        assert all(is_working_day(mail.day, []) for mail in listed)


def test_list_says_what_it_does_not_foresee(page_of: Client) -> None:
    said_when_courses_expire = "Inte heller att täckningen sjunker när webbkursen har blivit för gammal"
    assert said_when_courses_expire not in text(page_of, RULES)
    Programme.objects.create(course_validity_months=24)
    assert said_when_courses_expire in text(page_of, RULES)


def test_who_has_paused_stands_in_the_list_and_not_in_the_preview(
    page_of: Client, unit: Unit, manager: User, working_day: dt.date
) -> None:
    stages.routines_done(unit, clock.today() - dt.timedelta(days=30))
    assert CIA in months_of(page_of)
    assert "Har pausat" not in text(page_of, RULES)
    pause_digests(manager, ends_on=None)
    assert CIA not in months_of(page_of)
    assert f"{CIA} , tills vidare" in text(page_of, RULES).replace(f"{CIA},", f"{CIA} ,")
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    assert CIA not in text(page_of, RULES)


def months_of(client: Client) -> str:
    """Everything that the preview shows, month by month."""
    months = client.get(RULES).context["months"]
    pages = [text(client, f"{RULES}?manad={month.first:%Y-%m}") for month in months]
    return " ".join(page.split("Vem får vad, de kommande")[1] for page in pages)


def test_protected_person_is_in_no_preview(page_of: Client, unit: Unit, manager: User, working_day: dt.date) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    stages.routines_done(unit, clock.today() - dt.timedelta(days=30))
    shown = months_of(page_of)
    assert unit.name in shown
    assert CIA not in shown


def test_list_asks_as_much_of_the_database_for_three_units_as_for_one(
    page_of: Client, unit: Unit, working_day: dt.date
) -> None:
    counts = []
    stages.routines_done(unit, clock.today() - dt.timedelta(days=150))
    for _more in range(2):
        with CaptureQueriesContext(connection) as queries:
            page_of.get(RULES)
        counts.append(len(queries))
        for _number in range(2):
            more = factories.taking_part(factories.unit())
            stages.routines_done(more, clock.today() - dt.timedelta(days=150))
    assert counts[0] == counts[1]


# --- Quiet periods --------------------------------------------------------------------------------------------------

SPORTS = {"name": "Sportlov", "first_day": 23, "first_month": 2, "last_day": 1, "last_month": 3}


def test_quiet_period_is_added_once_and_removed(page_of: Client) -> None:
    for _twice in range(2):
        assert "Sportlov är nu en lugn period" in text(page_of, QUIET, SPORTS)
    period = QuietPeriod.objects.get()
    shown = text(page_of, QUIET)
    assert "23 februari – 1 mars" in shown
    assert "är inte längre en lugn period" in text(page_of, f"{QUIET}{period.pk}/ta-bort/", {})
    assert "redan borttagen" in text(page_of, f"{QUIET}{period.pk}/ta-bort/", {})
    assert "Portalen skriver påminnelser alla vardagar" in text(page_of, QUIET)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first_day": 31, "first_month": 4}, "first_day"),
        ({"last_day": 30, "last_month": 2}, "last_day"),
        ({"last_day": 0}, "last_day"),
        ({"last_month": 13}, "last_month"),
        ({"name": " "}, "name"),
        ({"name": "19640823-3234"}, "name"),
        ({"first_day": 1, "first_month": 1, "last_day": 31, "last_month": 12}, "name"),
    ],
)
def test_quiet_period_that_cannot_be_is_refused_at_its_field(
    change: dict[str, Any], field: str, page_of: Client
) -> None:
    page = page_of.post(QUIET, SPORTS | change)
    assert list(page.context["form"].errors) == [field]
    assert "Fel: " in page.content.decode()
    assert not QuietPeriod.objects.exists()


def test_fields_of_a_quiet_period_have_names_of_their_own(page_of: Client) -> None:
    page = page_of.post(QUIET, {"name": "Sportlov"})
    labels = [str(field.label) for field in page.context["form"]]
    assert labels == ["Namn", "Från och med dag", "Från och med månad", "Till och med dag", "Till och med månad"]
    for label in labels[1:]:
        assert f"{label}: Fyll i det här." in words(page.content.decode())


def test_quiet_periods_may_not_leave_no_day(coordinator: User) -> None:
    add_quiet_period(name="Vår", first=(1, 1), last=(6, 30), by=coordinator)
    with pytest.raises(Refused, match="ingen dag kvar"):
        add_quiet_period(name="Höst", first=(7, 1), last=(12, 31), by=coordinator)
    add_quiet_period(name="Höst", first=(7, 1), last=(12, 30), by=coordinator)
    with pytest.raises(Refused, match="redan en lugn period"):
        add_quiet_period(name="höst", first=(7, 1), last=(7, 2), by=coordinator)


def test_seed_brings_back_no_quiet_period_that_was_removed(coordinator: User) -> None:
    assert seed_quiet_periods() == 2
    summer, christmas = QuietPeriod.objects.order_by("first_month")
    assert summer.covers(dt.date(2026, 7, 1))
    assert not summer.covers(dt.date(2026, 8, 1))
    assert christmas.covers(dt.date(2026, 12, 23))
    assert christmas.covers(dt.date(2027, 1, 6))
    assert not christmas.covers(dt.date(2027, 1, 7))
    for period in (summer, christmas):
        remove_quiet_period(period.pk, by=coordinator)
    assert seed_quiet_periods() == 0
    call_command("seed")
    assert not QuietPeriod.objects.exists()


def test_seed_leaves_the_quiet_periods_of_the_municipality(coordinator: User) -> None:
    add_quiet_period(name="Sportlov", first=(2, 23), last=(3, 1), by=coordinator)
    assert seed_quiet_periods() == 0
    assert QuietPeriod.objects.count() == 1


def test_quiet_period_moves_the_reminder_to_the_first_working_day_after_it(page_of: Client, unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    last = OPENS + 3 * DAY
    days = {"first_day": OPENS.day, "first_month": OPENS.month, "last_day": last.day, "last_month": last.month}
    text(page_of, QUIET, {"name": "Höstlov", **days})
    for ahead in range(4):
        sweep(OPENS + ahead * DAY)
        assert said() == []
    monday = next(last + ahead * DAY for ahead in range(1, 5) if is_working_day(last + ahead * DAY, []))
    sweep(monday)
    assert said() == OPENING
