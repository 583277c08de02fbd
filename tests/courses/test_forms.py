"""What the forms accept, and the sentence at each field."""

import datetime as dt
from typing import Any
from unittest.mock import ANY

import pytest
from django.utils import timezone

from courses import actions, queries
from courses.forms import CancelForm, CompletionsForm, GroupSessionForm, HeldForm, TrainingForm
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from units.forms import StepForm
from units.models import Unit, User

pytestmark = pytest.mark.django_db

FUTURE = "Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."


def session_form(unit: Unit, **data: Any) -> GroupSessionForm:
    filled = {"held_on": str(clock.today()), "members": [], "headcount": "", **data}
    staff = list(queries.staff_without_course(unit))
    return GroupSessionForm(filled, unit=unit, staff=staff, coverage=queries.coverage(unit))


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"headcount": "2", "held_on": str(clock.today() + 9 * DAY)}, {"held_on": [FUTURE]}),
        ({"headcount": "2", "held_on": ""}, {"held_on": ["Fyll i det här."]}),
        ({"headcount": "2", "held_on": "i går"}, {"held_on": ["Fyll i ett giltigt datum."]}),
        ({"headcount": "0"}, {"headcount": ["Antalet deltagare måste vara minst 1."]}),
        ({"headcount": "-3"}, {"headcount": ["Antalet deltagare måste vara minst 1."]}),
        ({"headcount": "99999999999999999999"}, {"headcount": ["Antalet deltagare är orimligt stort."]}),
        (
            {"headcount": "4"},
            {
                "headcount": [
                    "Högst 3 kan räknas utan namn: enheten har 3 anställda, 0 har redan gått kursen "
                    "och 0 är valda med namn."
                ]
            },
        ),
        ({}, {"members": ["Välj minst en person, eller ange hur många som var med utan namn."]}),
        ({"members": ["0"]}, {"members": ["En av personerna finns inte på personallistan längre. Välj igen."]}),
        ({"members": ["x"]}, {"members": ["En av personerna finns inte på personallistan längre. Välj igen."]}),
    ],
)
def test_group_session_form_errors_stand_at_their_field(
    unit: Unit, data: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    rows.crew(unit, 3)
    assert dict(session_form(unit, **data).errors) == errors


def test_group_session_form_counts_the_chosen_names(unit: Unit) -> None:
    ann, bo, _ = rows.crew(unit, 3)
    assert session_form(unit, members=[ann.pk, bo.pk], headcount="1").is_valid()
    form = session_form(unit, members=[ann.pk, bo.pk], headcount="2")
    assert form.errors["headcount"] == [
        "Högst 1 kan räknas utan namn: enheten har 3 anställda, 0 har redan gått kursen och 2 är valda med namn."
    ]


def test_group_session_form_without_a_staff_list_asks_for_a_number(db: None) -> None:
    unit = factories.unit(declared_headcount=12)
    form = session_form(unit)
    assert form.errors["headcount"] == ["Välj minst en person, eller ange hur många som var med utan namn."]
    assert form["headcount"].label == "Hur många var med?"


def test_group_session_form_accepts_a_person_who_was_registered_meanwhile(unit: Unit) -> None:
    ann = rows.crew(unit, 1)[0]
    rows.taken(unit, [ann])
    assert session_form(unit, members=[ann.pk]).is_valid()


def test_group_session_form_refuses_an_outsider_and_a_protected_person(unit: Unit, outsider: User) -> None:
    ann = rows.crew(unit, 1)[0]
    User.objects.filter(pk=ann.pk).update(is_protected=True)
    for person in (outsider, ann):
        assert list(session_form(unit, members=[person.pk]).errors) == ["members"]


def test_people_of_the_same_name_show_their_address(unit: Unit) -> None:
    ann, namesake = (factories.staff(unit, name="Ann Alm") for _ in range(2))
    factories.staff(unit, name="Bo Berg")
    labels = [box.choice_label for box in session_form(unit)["members"]]
    assert labels == [f"Ann Alm ({ann.email})", f"Ann Alm ({namesake.email})", "Bo Berg"]


def test_completions_form_errors_stand_at_their_field(unit: Unit, member: User) -> None:
    staff = list(queries.staff_without_course(unit))
    form = CompletionsForm({"completed_on": str(clock.today() + DAY)}, unit=unit, staff=staff)
    assert dict(form.errors) == {"users": ["Välj minst en person."], "completed_on": [FUTURE]}


def test_step_form_offers_the_reason_only_to_the_coordinator() -> None:
    form = StepForm(may_override=False)
    assert list(form.fields) == ["on"]
    assert form["on"].value() == clock.today()
    assert list(StepForm(may_override=True).fields) == ["on", "override_reason"]
    assert StepForm({"on": str(clock.today() + DAY)}, may_override=False).errors["on"] == [FUTURE]


def test_step_form_refuses_a_personnummer() -> None:
    form = StepForm({"on": str(clock.today()), "override_reason": "Avser 811218-9876"}, may_override=True)
    assert list(form.errors) == ["override_reason"]


def plan(unit: Unit, **data: Any) -> TrainingForm:
    """A planning form, filled in for the unit."""
    right = {"rounds": [factories.open_round(unit).pk], "title": "Heder", "day": "2026-06-03", "time": "13:15"}
    return TrainingForm({**right, **data})


def test_training_form_makes_moments_in_local_time(unit: Unit) -> None:
    form = plan(unit, until="15:00", day_2="2026-11-03", time_2="09:00")
    assert form.is_valid(), form.errors
    moments = [[moment and timezone.localtime(moment).isoformat() for moment in times] for times in form.times()]
    assert moments == [
        ["2026-06-03T13:15:00+02:00", "2026-06-03T15:00:00+02:00"],
        ["2026-11-03T09:00:00+01:00", None],
    ]


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"rounds": []}, {"rounds": ["Välj minst en enhet, eller öppna utbildningen för anmälan."]}),
        ({"rounds": ["0"]}, {"rounds": ["Något av det du valde finns inte längre. Välj igen."]}),
        ({"until": "13:15"}, {"until": ["Det måste sluta efter att det har börjat."]}),
        (
            {"day_2": "2026-06-03", "time_2": "13:15"},
            {"day_2": ["Två tillfällen börjar på samma tid. Ändra ett av dem."]},
        ),
        ({"day_3": "2026-06-04", "time_3": ""}, {"time_3": ["Skriv när det börjar."]}),
        ({"capacity": "20"}, {"capacity": ["Antal platser gäller bara när utbildningen är öppen för anmälan."]}),
        ({"takes_sign_ups": "on", "capacity": "0"}, {"capacity": ["Antalet platser måste vara minst 1."]}),
        (
            {"meeting_url": "zoom nu"},
            {"meeting_url": ["Skriv en hel webbadress, till exempel https://teams.microsoft.com/…"]},
        ),
        ({"themes": ["trams"]}, {"themes": ["Något av det du valde finns inte längre. Välj igen."]}),
        ({"title": "", "day": "", "time": ""}, {name: ["Fyll i det här."] for name in ("title", "day", "time")}),
        ({"need": "Samtal om 811218-9876"}, {"need": [ANY]}),
    ],
)
def test_training_form_errors_stand_at_their_field(
    unit: Unit, data: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    assert dict(plan(unit, **data).errors) == errors


def test_training_form_in_the_night_when_the_clocks_change_keeps_the_order_of_the_moments(unit: Unit) -> None:
    # At 02:00 it becomes 03:00: half past two is half past three, and after a quarter past three.
    form = plan(unit, day="2027-03-28", time="02:30", until="03:15")
    assert dict(form.errors) == {"until": ["Det måste sluta efter att det har börjat."]}
    assert plan(unit, day="2027-03-28", time="01:30", until="03:15").is_valid()


def test_training_form_that_closes_the_sign_up_keeps_the_capacity_and_needs_no_unit(
    unit: Unit, coordinator: User
) -> None:
    [training] = actions.plan_trainings(
        [], times=[(clock.now() + DAY, None)], title="Öppen", takes_sign_ups=True, capacity=1, by=coordinator
    )
    day = str(timezone.localdate(training.starts_at))
    sent = {"title": "Öppen", "day": day, "time": "13:15", "capacity": "1"}
    assert set(TrainingForm(sent, training=training, parts=1).errors) == {"rounds", "capacity"}
    training.sign_ups.create(name="Anna", email="anna@solna.example", organisation="Solna stad")
    form = TrainingForm(sent, training=training, parts=1)
    assert form.is_valid(), form.errors
    assert (form.details()["capacity"], form.details()["takes_sign_ups"]) == (1, False)


def test_training_form_for_anybody_needs_no_unit(unit: Unit) -> None:
    assert plan(unit, rounds=[], takes_sign_ups="on", capacity="20").is_valid()


def test_training_form_offers_units_with_an_open_round_only(unit: Unit, coordinator: User) -> None:
    factories.unit(name="Inte med ännu")
    closed = factories.taking_part(factories.unit(name="Klar förskola"))
    closed.rounds.update(closed_on=clock.today(), closed_by=coordinator)
    assert [box.choice_label for box in TrainingForm()["rounds"]] == ["Tallbackens förskola"]


def test_training_form_of_a_training_keeps_its_own_closed_round(unit: Unit, coordinator: User) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    unit.rounds.update(closed_on=clock.today(), closed_by=coordinator)
    assert [box.choice_label for box in TrainingForm(training=training, parts=1)["rounds"]] == ["Tallbackens förskola"]


NO_YEAR = "Året ser inte rätt ut. Skriv fyra siffror, till exempel 2026."
FAR_AWAY = "Datumet ligger mer än fem år bort. Stämmer årtalet?"


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("0001-01-01", NO_YEAR), ("0026-06-03", NO_YEAR), ("2206-06-03", FAR_AWAY), ("9999-12-31", FAR_AWAY)],
)
def test_training_form_refuses_a_slip_of_the_year(unit: Unit, day: str, sentence: str) -> None:
    form = plan(unit, day=day)
    assert dict(form.errors) == {"day": [sentence]}


def test_held_form_suggests_the_booked_day_but_never_a_future_one(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    past, coming = (rows.training(round_, by=coordinator, days=days, title=str(days)) for days in (-3, 3))
    assert HeldForm(training=past)["held_on"].value() == timezone.localdate(past.starts_at)
    assert HeldForm(training=coming)["held_on"].value() == clock.today()


@pytest.mark.parametrize(
    ("attended", "sentence"),
    [
        ("0", "Antalet deltagare måste vara minst 1."),
        ("11", "Enheten har 10 anställda och 0 är avprickade med namn. Ange högst 10."),
        ("99999999999999999999", "Antalet deltagare är orimligt stort."),
    ],
)
def test_held_form_attendance_errors(unit: Unit, coordinator: User, attended: str, sentence: str) -> None:
    round_ = rows.covered_round(unit)
    training = rows.training(round_, by=coordinator, days=-1)
    field = f"headcount_{round_.pk}"
    form = HeldForm({"held_on": str(clock.today()), field: attended}, training=training)
    assert dict(form.errors) == {field: [sentence]}


def test_held_form_refuses_the_future(unit: Unit, coordinator: User) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    tomorrow: dt.date = clock.today() + DAY
    assert HeldForm({"held_on": str(tomorrow)}, training=training).errors["held_on"] == [FUTURE]


def test_cancel_form_needs_a_reason() -> None:
    assert CancelForm({"reason": " "}).errors["reason"] == ["Fyll i det här."]
