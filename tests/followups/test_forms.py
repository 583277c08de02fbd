"""The form for a follow-up."""

import datetime as dt

import pytest

from followups.forms import FollowUpForm
from followups.models import Decision, Promise
from followups.queries import window_of
from jarfalla import clock
from tests.followups import stages
from units.models import Programme, Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_is(unit: Unit) -> "FormFor":
    return FormFor(unit)


class FormFor:
    """Call it with the day of step 3 and what is typed; get the form."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def __call__(self, step_3: dt.date, **typed: object) -> FollowUpForm:
        window = window_of(stages.routines_done(self.unit, step_3), Programme.current(), clock.today())
        assert window is not None
        return FollowUpForm({"held_on": clock.today().isoformat(), "decision": "done", **typed}, window=window)


def test_form_with_date_and_decision_is_enough(round_is: FormFor) -> None:
    form = round_is(stages.due())
    assert form.errors == {}
    assert form.recorded() == {
        "decision": Decision.DONE,
        "held_on": clock.today(),
        "routines_used": "",
        "effect": "",
        "needs": "",
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
        "override_reason": ["Uppföljningen öppnar den 22 november 2024. Skriv varför den görs tidigare."]
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
    form = round_is(stages.due(), decision="more_support", support_1_due_on="2030-01-31")
    assert form.errors == {
        "support_1_what": ["Skriv vad som ska göras."],
        "support_1_owner": ["Skriv vem som gör det."],
    }


def test_more_support_takes_the_rows_that_are_filled(round_is: FormFor) -> None:
    row = {"support_2_what": "Handledning", "support_2_owner": "Sam", "support_2_due_on": "2030-01-31"}
    form = round_is(stages.due(), decision="more_support", **row)
    assert form.errors == {}
    assert form.recorded()["support_actions"] == [Promise("Handledning", "Sam", dt.date(2030, 1, 31))]


def test_support_action_before_the_follow_up_is_refused(round_is: FormFor) -> None:
    row = {"support_1_what": "Handledning", "support_1_owner": "Sam", "support_1_due_on": "2020-01-31"}
    form = round_is(stages.due(), decision="more_support", **row)
    assert form.errors == {"support_1_due_on": ["Datumet ligger före uppföljningen."]}


def test_support_action_with_another_decision_is_refused_rather_than_lost(round_is: FormFor) -> None:
    form = round_is(stages.due(), decision="done", support_1_what="Handledning")
    assert form.errors["decision"] == ["Stödinsatser hör till beslutet om mer stöd. Ändra beslutet eller töm dem."]


@pytest.mark.parametrize("name", ["routines_used", "effect", "needs", "override_reason", "support_1_what"])
def test_personal_number_is_refused_at_its_field(round_is: FormFor, name: str) -> None:
    form = round_is(stages.due(), decision="more_support", **{name: "Vi talade om 19811218-9876."})
    assert "personnummer" in str(form.errors[name])
