"""Which figures are shown, and what they are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from courses import actions, queries
from courses.models import Purpose, Scale, Statement, Survey
from courses.queries.surveys import _result
from tests.courses import pulses
from units.models import Unit, User

pytestmark = pytest.mark.django_db


def result_of(survey: Survey) -> queries.SurveyResult:
    [result] = queries.survey_results([survey])
    return result


def test_results_of_four_answers_hold_no_figures(unit: Unit) -> None:
    result = result_of(pulses.closed(pulses.pulse(unit), 1, 2, 3, 4))
    assert (result.is_shown, result.answers, result.missing, result.statements) == (False, 4, 1, ())


def test_results_of_an_open_survey_hold_no_figures_until_they_are_brought_up(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    for _ in range(9):
        pulses.answer(survey, 4)
    result = result_of(survey)
    assert (result.is_shown, result.answers, result.missing, result.statements) == (False, 9, 0, ())
    assert result.can_come_forward


def test_results_of_five_answers_are_means_and_shares(unit: Unit) -> None:
    result = result_of(pulses.closed(pulses.pulse(unit), 1, 2, 4, 4, 5))
    assert result.is_shown
    assert {(row.mean, row.agreeing_percent) for row in result.statements} == {(3.2, 60)}
    assert [row.statement.text for row in result.statements] == [
        statement.text for statement in queries.standing_statements(evaluation=False)
    ]


def test_results_of_a_statement_that_four_answered_hold_no_figures(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    first = pulses.first_statement(survey)
    for _ in range(4):
        pulses.answer(survey, 5)
    pulses.answer(survey, {pk: 5 for pk in pulses.ratings(survey, 5) if pk != first.pk})
    figures = {
        row.statement: (row.mean, row.agreeing_percent) for row in result_of(actions.close_survey(survey)).statements
    }
    assert figures.pop(first) == (None, None)
    assert set(figures.values()) == {(5.0, 100)}


@given(st.lists(st.sampled_from(Scale.values), min_size=5, max_size=60))
def test_result_is_the_mean_and_share_of_the_answers_themselves(values: list[int]) -> None:
    result = _result(Statement(text="Jag vet."), {value: values.count(value) for value in Scale})
    assert result.mean == round(sum(values) / len(values), 1)
    assert result.agreeing_percent == round(100 * sum(value >= 4 for value in values) / len(values))


def test_compare_takes_the_latest_of_each_moment_that_has_figures(unit: Unit) -> None:
    pulses.closed(pulses.pulse(unit), 1, 1, 1, 1, 1)
    pulses.closed(pulses.pulse(unit), 2, 2, 2, 2, 2)
    pulses.closed(pulses.pulse(unit), 5)
    pulses.closed(pulses.pulse(unit, Purpose.AFTER), 4, 4, 4, 4, 4)
    pulses.answer(pulses.pulse(unit, Purpose.FOLLOW_UP), 5)
    comparison = queries.compare(queries.survey_results(Survey.objects.all()))
    assert [result.survey.purpose for result in comparison.results] == [Purpose.BEFORE, Purpose.AFTER]
    assert {tuple(cell.mean for cell in row.results if cell) for row in comparison.statements} == {(2.0, 4.0)}


def test_compare_sets_only_statements_of_both_against_each_other(unit: Unit, coordinator: User) -> None:
    before = pulses.closed(pulses.pulse(unit), 2, 2, 2, 2, 2)
    gone = pulses.first_statement(before)
    actions.retire_statement(gone)
    new = actions.add_statement("Det här är nytt.", is_evaluation=False, by=coordinator)
    pulses.closed(pulses.pulse(unit, Purpose.AFTER), 4, 4, 4, 4, 4)
    comparison = queries.compare(queries.survey_results(Survey.objects.all()))
    assert {gone.text, new.text} <= {row.text for row in comparison.statements}
    compared = {row.text for row in comparison.compared}
    assert len(compared) == 6
    assert not {gone.text, new.text} & compared


def test_comments_come_in_the_order_of_random_keys_all_at_once_when_it_is_closed(unit: Unit, coordinator: User) -> None:
    actions.seed_statements()
    survey = actions.open_evaluation(pulses.begun(unit), by=coordinator)
    for number in range(8):
        pulses.answer(survey, 4, comment=f"Kommentar {number}")
        if number == 5:
            actions.show_survey(survey)
        assert queries.comments_of(result_of(survey)) == []
    comments = queries.comments_of(result_of(actions.close_survey(survey)))
    assert sorted(comment.text for comment in comments) == [f"Kommentar {number}" for number in range(8)]
    assert [comment.pk for comment in comments] == sorted(comment.pk for comment in comments)


def test_pulse_rounds_ask_as_often_for_three_surveys_as_for_one(unit: Unit) -> None:
    pulses.closed(pulses.pulse(unit), 3, 3, 3, 3, 3)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            queries.pulse_rounds(unit)
        counts.append(len(captured))
        pulses.closed(pulses.pulse(unit, Purpose.AFTER), 3, 3, 3, 3, 3)
        pulses.closed(pulses.pulse(unit, Purpose.FOLLOW_UP), 3, 3, 3, 3, 3)
    assert counts[0] == counts[1]
