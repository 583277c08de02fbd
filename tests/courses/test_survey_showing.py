"""Figures come forward by five answers at a time, so that no difference between two looks tells what anybody chose."""

from collections import Counter
from itertools import pairwise

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from courses import actions, queries
from courses.models import Scale, Survey, Tally
from jarfalla import clock
from tests.courses import pulses, rows
from tests.together import together
from units.actions import declare_headcount
from units.models import Refused, Unit, User

pytestmark = pytest.mark.django_db

# What each of those who answer chooses for the first three statements; None leaves it out.
Answer = tuple[int | None, ...]
Sums = Counter[int]


def result_of(survey: Survey) -> queries.SurveyResult:
    [result] = queries.survey_results([Survey.objects.get(pk=survey.pk)])
    return result


def means(survey: Survey) -> set[float | None]:
    return {row.mean for row in result_of(survey).statements}


def answered(survey: Survey, *values: int) -> None:
    for value in values:
        pulses.answer(survey, value)


def try_to_show(survey: Survey) -> bool:
    try:
        actions.show_survey(survey)
    except Refused:
        return False
    return True


# --- What is shown, and when ----------------------------------------------------------------------------------------


def test_show_survey_of_four_is_refused_and_shows_nothing(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    answered(survey, 1, 2, 3, 4)
    with pytest.raises(Refused, match="Resultatet kan visas när minst 5 har svarat"):
        actions.show_survey(survey)
    assert (result_of(survey).is_shown, result_of(survey).statements) == (False, ())


def test_show_survey_of_five_shows_them_until_five_more_have_come(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    answered(survey, 1, 2, 4, 4, 5)
    actions.show_survey(survey)
    assert means(survey) == {3.2}
    answered(survey, 5, 5, 5, 5)
    with pytest.raises(Refused, match="Resultatet kan uppdateras när minst 5 till har svarat"):
        actions.show_survey(survey)
    result = result_of(survey)
    assert (means(survey), result.survey.shown_count, result.answers, result.left_out) == ({3.2}, 5, 9, 4)
    answered(survey, 5)
    assert means(survey) == {3.2}
    actions.show_survey(survey)
    result = result_of(survey)
    assert (means(survey), result.survey.shown_count, result.left_out) == ({4.1}, 10, 0)


def test_show_survey_again_with_no_new_answer_is_the_same(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    answered(survey, 1, 2, 4, 4, 5)
    assert actions.show_survey(survey).shown_count == actions.show_survey(survey).shown_count == 5


def test_show_survey_that_is_closed_is_refused(unit: Unit) -> None:
    survey = pulses.closed(pulses.pulse(unit), 1, 1, 1, 1, 1)
    with pytest.raises(Refused, match="Enkäten är stängd, och resultatet ändras inte mer"):
        actions.show_survey(survey)


def test_show_survey_keeps_the_figures_of_a_statement_that_fewer_than_five_have_answered_since(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    first = pulses.first_statement(survey)
    answered(survey, 1, 1, 1, 1, 1)
    actions.show_survey(survey)
    others = {pk: 5 for pk in pulses.ratings(survey, 5) if pk != first.pk}
    pulses.answer(survey, others)
    answered(survey, 5, 5, 5, 5)
    actions.show_survey(survey)
    figures = {row.statement: row.mean for row in result_of(survey).statements}
    assert figures.pop(first) == 1.0
    assert set(figures.values()) == {3.0}
    answered(survey, 5, 5, 5, 5, 5)
    actions.show_survey(survey)
    assert {row.mean for row in result_of(survey).statements if row.statement == first} == {3.6}


# --- Closing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "mean", "shown"), [([], 2.0, 5), ([5], 2.0, 5), ([5] * 4, 2.0, 5), ([5] * 5, 3.5, 10)]
)
def test_close_survey_counts_what_has_come_since_only_from_five_up(
    unit: Unit, since: list[int], mean: float, shown: int
) -> None:
    survey = pulses.pulse(unit)
    answered(survey, 2, 2, 2, 2, 2)
    actions.show_survey(survey)
    answered(survey, *since)
    actions.close_survey(survey)
    result = result_of(survey)
    assert (means(survey), result.survey.shown_count) == ({mean}, shown)
    assert result.left_out == 5 + len(since) - shown
    assert result.answers == 5 + len(since)


def test_close_survey_shows_all_of_it_when_nothing_was_shown(unit: Unit) -> None:
    result = result_of(pulses.closed(pulses.pulse(unit), 1, 1, 1, 1, 1, 1, 5))
    assert (result.survey.shown_count, result.left_out) == (7, 0)
    assert {row.mean for row in result.statements} == {1.6}


def test_close_survey_forgets_what_is_not_shown(unit: Unit) -> None:
    """The sums beside the copies would have kept what the last one chose, for whoever reads the database."""
    survey = pulses.pulse(unit)
    answered(survey, 2, 2, 2, 2, 2)
    actions.show_survey(survey)
    answered(survey, 5)
    actions.close_survey(survey)
    assert not survey.tallies.filter(value=5, count__gt=0).exists()
    alone = pulses.closed(pulses.pulse(unit), 5)
    assert set(alone.tallies.values_list("count", "shown")) == {(0, 0)}
    assert alone.answers.count() == 1


# --- What must hold whatever happens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 4])
def test_survey_cannot_show_fewer_than_five(unit: Unit, count: int) -> None:
    survey = pulses.pulse(unit)
    survey.shown_count = count
    with pytest.raises(ValidationError, match="Resultatet kan visas när minst fem har svarat"):
        survey.validate_constraints()
    with pytest.raises(IntegrityError, match="survey_shows_nothing_or_enough"), transaction.atomic():
        survey.save()


def test_tally_cannot_show_more_than_there_are(unit: Unit) -> None:
    tally = pulses.pulse(unit).tallies.earliest("pk")
    tally.shown = 1
    with pytest.raises(ValidationError, match="Fler svar kan inte visas än de som har kommit"):
        tally.validate_constraints()
    with pytest.raises(IntegrityError, match="tally_shows_no_more_than_there_are"), transaction.atomic():
        tally.save()


def shown_sums(survey: Survey) -> list[Sums]:
    """What is shown of each statement: how many chose each value."""
    shown: dict[int, Sums] = {}
    for tally in survey.tallies.order_by("statement__position", "value"):
        shown.setdefault(tally.statement_id, Counter())[tally.value] = tally.shown
    return list(shown.values())


def looks(survey: Survey, batches: list[list[Answer]]) -> list[list[Sums]]:
    """What there is to see after each batch of answers, each try to bring the figures up, and closing."""
    statements = list(survey.statements.order_by("position"))
    seen = [shown_sums(survey)]
    for batch in batches:
        for chosen in batch:
            pairs = zip(statements, chosen, strict=False)
            if rated := {statement.pk: value for statement, value in pairs if value is not None}:
                pulses.answer(survey, rated)
        seen.append(shown_sums(survey))
        try_to_show(survey)
        seen.append(shown_sums(survey))
    actions.close_survey(survey)
    return [*seen, shown_sums(survey)]


answers = st.tuples(*[st.none() | st.sampled_from(Scale.values)] * 3)
batches_of_answers = st.lists(st.lists(answers, max_size=8), max_size=5)
NOBODY_ON_THE_FIRST: Answer = (None, 3, 3)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches_of_answers)
@example(batches=[[(1, 1, 1)] * 5, [(5, 5, 5)] * 4, [(5, 5, 5)]])
@example(batches=[[(1, 1, 1)] * 5, [(5, 3, 3), *[NOBODY_ON_THE_FIRST] * 4], [(5, 3, 3)] * 4])
@example(batches=[[(1, 1, 1)] * 4 + [NOBODY_ON_THE_FIRST], [(1, 1, None)] + [NOBODY_ON_THE_FIRST] * 4])
def test_no_two_looks_differ_by_fewer_than_five_answers(
    unit: Unit, coordinator: User, batches: list[list[Answer]]
) -> None:
    with transaction.atomic():
        declare_headcount(unit, headcount=20, on=clock.today(), by=None)
        actions.seed_statements()
        survey = actions.open_evaluation(pulses.begun(unit), by=coordinator)
        seen = looks(survey, batches)
        for before, after in pairwise(seen):
            for had, has in zip(before, after, strict=True):
                assert all(has[value] >= had[value] for value in Scale)
                assert has == had or has.total() - had.total() >= 5
        totals, result = [sums.total() for sums in seen[-1]], result_of(survey)
        assert result.survey.shown_count >= max(totals)
        if result.is_shown:
            assert [row.mean is not None for row in result.statements] == [total > 0 for total in totals]
        assert not survey.tallies.exclude(count=F("shown")).exists()
        transaction.set_rollback(True)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.sampled_from(Scale.values), max_size=20), cuts=st.sets(st.integers(0, 20)))
def test_what_is_shown_when_everybody_answers_everything_is_the_first_answers(
    unit: Unit, coordinator: User, values: list[int], cuts: set[int]
) -> None:
    """The figures are exactly those of the answers that the page says they are of."""
    with transaction.atomic():
        declare_headcount(unit, headcount=20, on=clock.today(), by=None)
        actions.seed_statements()
        survey = actions.open_evaluation(pulses.begun(unit), by=coordinator)
        for place, value in enumerate(values, start=1):
            pulses.answer(survey, value)
            if place in cuts:
                try_to_show(survey)
        actions.close_survey(survey)
        survey.refresh_from_db()
        first = Counter(values[: survey.shown_count])
        assert all(sums == first for sums in shown_sums(survey))
        assert len(values) - survey.shown_count < 5
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_show_survey_while_many_answer_is_a_clean_cut(unit: Unit, manager: User) -> None:
    rows.crew(unit, 10)
    survey = pulses.pulse(unit)
    answered(survey, 3, 3, 3, 3)

    def answer_or_show(number: int) -> None:
        if number % 3:
            pulses.answer(survey, 4)
        else:
            try_to_show(survey)

    together(18, answer_or_show)
    assert survey.answers.count() == 16
    for _ in range(2):
        survey.refresh_from_db()
        assert {sums.total() for sums in shown_sums(survey)} == {survey.shown_count}
        actions.close_survey(survey)


def test_show_survey_takes_the_lock_before_it_counts(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    answered(survey, 3, 3, 3, 3, 3)
    with CaptureQueriesContext(connection) as captured:
        actions.show_survey(survey)
    asked = [query["sql"] for query in captured if query["sql"].startswith(("SELECT", "UPDATE"))]
    assert "FOR UPDATE" in asked[0]
    assert Tally._meta.db_table not in asked[0]
