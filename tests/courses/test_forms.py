"""What the forms accept, and the sentence at each field."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from courses import queries
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
        ({"headcount": "2", "held_on": str(clock.today() + DAY)}, {"held_on": [FUTURE]}),
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


def test_training_form_makes_a_moment_in_local_time() -> None:
    form = TrainingForm({"title": "Heder", "day": "2026-06-03", "time": "13:15", "place": "", "leader": ""})
    assert form.is_valid(), form.errors
    starts_at = form.booking()["starts_at"]
    assert timezone.localtime(starts_at).isoformat() == "2026-06-03T13:15:00+02:00"


NO_YEAR = "Året ser inte rätt ut. Skriv fyra siffror, till exempel 2026."
FAR_AWAY = "Datumet ligger mer än fem år bort. Stämmer årtalet?"


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("0001-01-01", NO_YEAR), ("0026-06-03", NO_YEAR), ("2206-06-03", FAR_AWAY), ("9999-12-31", FAR_AWAY)],
)
def test_training_form_refuses_a_slip_of_the_year(day: str, sentence: str) -> None:
    form = TrainingForm({"title": "Heder", "day": day, "time": "13:15"})
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
        ("11", "Enheten har 10 anställda. Ange högst så många deltagare."),
        ("99999999999999999999", "Antalet deltagare är orimligt stort."),
    ],
)
def test_held_form_attendance_errors(unit: Unit, coordinator: User, attended: str, sentence: str) -> None:
    training = rows.training(rows.covered_round(unit), by=coordinator, days=-1)
    form = HeldForm({"held_on": str(clock.today()), "attended": attended}, training=training)
    assert dict(form.errors) == {"attended": [sentence]}


def test_held_form_refuses_the_future(unit: Unit, coordinator: User) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    tomorrow: dt.date = clock.today() + DAY
    assert HeldForm({"held_on": str(tomorrow)}, training=training).errors["held_on"] == [FUTURE]


def test_cancel_form_needs_a_reason() -> None:
    assert CancelForm({"reason": " "}).errors["reason"] == ["Fyll i det här."]
