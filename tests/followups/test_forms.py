"""The protocol's form, and those for the time of a contact."""

import datetime as dt

import pytest
from django.forms import ChoiceField

from followups.forms import BookingForm, DraftForm, NotHeldForm, ProtocolForm
from followups.models import Decision, Promise
from followups.queries import next_working_day, window_of
from jarfalla import clock
from tests.followups import stages
from units.actions import settle_contact
from units.models import Outcome, Programme, Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_is(unit: Unit) -> "FormFor":
    return FormFor(unit)


class FormFor:
    """Call it with the day of step 3 and what is typed; get the form."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def __call__(self, step_3: dt.date, **typed: object) -> ProtocolForm:
        window = window_of(stages.routines_done(self.unit, step_3), Programme.current(), clock.today())
        assert window is not None
        return ProtocolForm({"held_on": clock.today().isoformat(), "decision": "done", **typed}, window=window)


def test_form_with_date_and_decision_is_enough(round_is: FormFor) -> None:
    form = round_is(stages.due())
    assert form.errors == {}
    assert form.recorded() == {
        "decision": Decision.DONE,
        "held_on": clock.today(),
        "number": None,
        "said": {
            "process": "",
            "process_note": "",
            "routines_used": "",
            "in_plan": "",
            "routines_note": "",
            "effect": "",
            "needs": "",
            "lesson": "",
            "lesson_may_be_shared": False,
        },
        "override_reason": "",
        "support_actions": [],
    }


def test_future_date_is_refused_at_its_field(round_is: FormFor) -> None:
    form = round_is(stages.due(), held_on=(clock.today() + dt.timedelta(days=1)).isoformat())
    assert form.errors == {"held_on": ["Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."]}


def test_date_before_step_3_is_refused_at_its_field(round_is: FormFor) -> None:
    form = round_is(dt.date(2024, 5, 22), held_on="2024-05-21")
    assert form.errors == {"held_on": ["Uppföljningen kan inte ligga före steg 3, som blev klart den 22 maj 2024."]}


def test_missing_decision_is_refused_at_its_field(round_is: FormFor) -> None:
    assert round_is(stages.due(), decision="").errors == {"decision": ["Välj vad uppföljningen leder till."]}


def test_early_date_asks_for_a_reason(round_is: FormFor) -> None:
    form = round_is(dt.date(2024, 5, 22), held_on="2024-11-21")
    assert form.errors == {
        "override_reason": ["Omgången kan avslutas från den 22 november 2024. Skriv varför det görs tidigare."]
    }


@pytest.mark.parametrize(
    "typed",
    [
        {"held_on": "2024-11-22"},
        {"held_on": "2024-11-21", "override_reason": "Enheten läggs ned."},
        {"held_on": "2024-11-21", "decision": "back_to_routines"},
    ],
)
def test_date_in_the_window_or_with_a_reason_or_without_completing_is_fine(
    round_is: FormFor, typed: dict[str, str]
) -> None:
    assert round_is(dt.date(2024, 5, 22), **typed).errors == {}


def test_more_support_without_an_action_is_refused_at_the_first_row(round_is: FormFor) -> None:
    form = round_is(stages.due(), decision="more_support")
    assert form.errors == {"support_1_what": ["Skriv minst en stödinsats: vad som ska göras, vem som gör det och när."]}


def test_more_support_with_a_half_filled_row_is_refused_at_its_gaps(round_is: FormFor) -> None:
    form = round_is(stages.due(), decision="more_support", support_2_what="Handledning")
    assert form.errors == {"support_2_owner": ["Skriv vem som gör det."], "support_2_due_on": ["Välj senaste dag."]}
    form = round_is(stages.due(), decision="more_support", support_1_due_on=f"{clock.today()}")
    assert form.errors == {
        "support_1_what": ["Skriv vad som ska göras."],
        "support_1_owner": ["Skriv vem som gör det."],
    }


def test_more_support_takes_the_rows_that_are_filled(round_is: FormFor) -> None:
    day = clock.today() + dt.timedelta(days=100)
    row = {"support_2_what": "Handledning", "support_2_owner": "Sam", "support_2_due_on": f"{day}"}
    form = round_is(stages.due(), decision="more_support", **row)
    assert form.errors == {}
    assert form.recorded()["support_actions"] == [Promise("Handledning", "Sam", day)]


def test_support_action_before_the_follow_up_is_refused(round_is: FormFor) -> None:
    row = {"support_1_what": "Handledning", "support_1_owner": "Sam", "support_1_due_on": "2020-01-31"}
    form = round_is(stages.due(), decision="more_support", **row)
    assert form.errors == {"support_1_due_on": ["Datumet ligger före uppföljningen."]}


def test_support_action_with_another_decision_is_refused_rather_than_lost(round_is: FormFor) -> None:
    form = round_is(stages.due(), decision="done", support_1_what="Handledning")
    assert form.errors["decision"] == ["Stödinsatser hör till beslutet om mer stöd. Ändra beslutet eller töm dem."]


@pytest.mark.parametrize(
    "name",
    ["process_note", "routines_note", "effect", "needs", "lesson", "override_reason", "support_1_what"],
)
def test_personal_number_is_refused_at_its_field(round_is: FormFor, name: str) -> None:
    form = round_is(stages.due(), decision="more_support", **{name: "Vi talade om 19811218-9876."})
    assert "personnummer" in str(form.errors[name])


def test_lesson_that_is_shared_is_there(round_is: FormFor) -> None:
    form = round_is(stages.due(), lesson_may_be_shared="on")
    assert form.errors == {"lesson": ["Skriv lärdomen som enheten vill dela."]}
    assert round_is(stages.due(), lesson_may_be_shared="on", lesson="Fråga tidigt.").errors == {}


def test_answer_that_is_none_of_the_three_is_refused(round_is: FormFor) -> None:
    assert set(round_is(stages.due(), process="kanske").errors) == {"process"}


def choices(form: ProtocolForm) -> list[str]:
    """What may be decided."""
    field = form.fields["decision"]
    assert isinstance(field, ChoiceField)
    return [value for value, _label in field.choices]  # type: ignore[misc,union-attr]  # a list of pairs, always


def test_last_contact_has_no_next_one_to_go_on_to(round_is: FormFor) -> None:
    form = round_is(stages.due())
    assert "go_on" in choices(form)
    settle_contact(form.window.round, 1, on=clock.today(), outcome=Outcome.HELD, by=stages.someone())
    window = window_of(form.window.round, Programme.current(), clock.today())
    assert window is not None
    assert window.number == 2
    last = ProtocolForm(window=window)
    assert "go_on" not in choices(last)
    # The page of the first contact, sent once more.
    again = ProtocolForm({"number": "1", "decision": "go_on", "held_on": clock.today().isoformat()}, window=window)
    assert again.errors == {}


def test_draft_keeps_what_is_typed_half_way_and_nothing_else(round_is: FormFor) -> None:
    window = round_is(stages.due()).window
    typed = {
        "round": "1",
        "number": "1",
        "seen": "",
        "held_on": "",
        "effect": "Vi vågar",
        "decision": "more_support",
        "support_1_what": "Handledning",
        "support_1_due_on": "2030-01-31",
        "hitte-på": "x",
    }
    form = DraftForm(typed, window=window)
    assert form.errors == {}
    assert form.answers() == {
        "effect": "Vi vågar",
        "decision": "more_support",
        "support_1_what": "Handledning",
        "support_1_due_on": "2030-01-31",
    }


@pytest.mark.parametrize("name", ["process_note", "effect", "lesson", "held_on", "support_2_owner", "override_reason"])
def test_draft_never_keeps_a_personal_number(round_is: FormFor, name: str) -> None:
    form = DraftForm({name: "811218-9876"}, window=round_is(stages.due()).window)
    assert set(form.errors) == {name}


# --- The time of a contact ----------------------------------------------------------------------------------------


def booking_form(round_is: FormFor, **typed: object) -> BookingForm:
    day = next_working_day(clock.today() + dt.timedelta(days=5), [])
    values = {"day": f"{day}", "time": "13:00", "minutes": "30", **typed}
    return BookingForm(values, window=round_is(stages.due()).window, booking=None)


def test_booking_is_a_moment_in_sweden(round_is: FormFor) -> None:
    day = dt.date(clock.today().year + 1, 7, 1)
    yes = {"is_right": "on", "asked": f"{day} 13:00"}  # after the last day, or on a day off
    form = booking_form(round_is, day=f"{day}", time="13:00", place=" 08-580 285 00 ", **yes)
    assert form.errors == {}
    assert form.booked() == {
        "starts_at": dt.datetime(day.year, 7, 1, 11, 0, tzinfo=dt.UTC),
        "minutes": 30,
        "place": "08-580 285 00",
        "number": None,
    }


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": "2020-01-01"}, "day"),
        ({"day": ""}, "day"),
        ({"day": "i morgon"}, "day"),
        ({"time": ""}, "time"),
        ({"time": "25:00"}, "time"),
        ({"minutes": "3"}, "minutes"),
        ({"place": "19811218-9876"}, "place"),
    ],
)
def test_booking_that_can_not_be_is_refused_at_its_field(round_is: FormFor, typed: dict[str, str], field: str) -> None:
    assert set(booking_form(round_is, **typed).errors) == {field}


def test_booking_earlier_today_is_refused_at_the_time(round_is: FormFor) -> None:
    assert set(booking_form(round_is, day=f"{clock.today()}", time="00:00").errors) == {"time"}


def test_not_held_before_the_window_opens_is_refused_at_its_field(round_is: FormFor) -> None:
    window = round_is(dt.date(2024, 5, 22)).window
    form = NotHeldForm({"on": "2024-10-21", "reason": "Sjuk."}, window=window)
    assert form.errors == {"on": ["Samtalet ska hållas tidigast den 22 oktober 2024."]}
    assert NotHeldForm({"on": "2024-10-22", "reason": "Sjuk."}, window=window).errors == {}
