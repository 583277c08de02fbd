"""What is asked, when it may be asked, and how answers are counted."""

import uuid

import pytest
from django.db.models import Sum

from courses import actions, queries
from courses.models import Comment, Purpose, Statement, Survey, SurveyAnswer, Tally
from jarfalla import clock
from tests import factories
from tests.courses import pulses, rows
from tests.together import together
from units.actions import declare_headcount
from units.models import Refused, Round, Unit, User

pytestmark = pytest.mark.django_db


def texts(*, evaluation: bool = False) -> list[str]:
    return [statement.text for statement in queries.standing_statements(evaluation=evaluation)]


def count(survey: Survey, value: int) -> int:
    """How many chose `value` for the first statement."""
    return survey.tallies.get(statement=pulses.first_statement(survey), value=value).count


# --- Statements -------------------------------------------------------------------------------------------------


def test_seed_statements_twice_adds_nothing_and_fits_a_survey() -> None:
    assert actions.seed_statements() == 11
    assert actions.seed_statements() == 0
    assert len(texts()) in queries.statements_that_stand(evaluation=False)
    assert len(texts(evaluation=True)) in queries.statements_that_stand(evaluation=True)


def test_seed_statements_leaves_what_the_municipality_set(coordinator: User) -> None:
    actions.add_statement("Jag vet vem jag ringer.", is_evaluation=False, by=coordinator)
    assert actions.seed_statements() == 4
    assert texts() == ["Jag vet vem jag ringer."]


def test_add_statement_goes_last_and_the_same_again_is_the_same(coordinator: User) -> None:
    actions.seed_statements()
    added = actions.add_statement("Jag vet vem jag ringer.", is_evaluation=False, by=coordinator)
    assert texts()[-1] == "Jag vet vem jag ringer."
    assert actions.add_statement("jag vet vem jag RINGER.", is_evaluation=False, by=coordinator) == added


def test_add_statement_above_the_most_is_refused(coordinator: User) -> None:
    actions.seed_statements()
    actions.add_statement("Den åttonde.", is_evaluation=False, by=coordinator)
    with pytest.raises(Refused, match="Det finns redan 8 påståenden"):
        actions.add_statement("Den nionde.", is_evaluation=False, by=coordinator)
    with pytest.raises(Refused, match="Det finns redan 4 påståenden"):
        actions.add_statement("Den femte.", is_evaluation=True, by=coordinator)


@pytest.mark.django_db(transaction=True)
def test_add_statement_ten_at_once_stops_at_eight(coordinator: User) -> None:
    actions.seed_statements()

    def add(number: int) -> bool:
        try:
            actions.add_statement(f"Påstående {number}", is_evaluation=False, by=coordinator)
        except Refused:
            return False
        return True

    assert together(10, add).count(True) == 1
    assert len(texts()) == 8


def test_retire_statement_keeps_at_least_the_fewest() -> None:
    actions.seed_statements()
    standing = queries.standing_statements(evaluation=False)
    for statement in standing[:2]:
        actions.retire_statement(statement)
    with pytest.raises(Refused, match="Minst 5 påståenden måste finnas kvar"):
        actions.retire_statement(standing[2])
    assert texts() == [statement.text for statement in standing[2:]]
    assert actions.retire_statement(standing[0]).retired_at


def test_move_statement_changes_places_and_stops_at_the_ends() -> None:
    actions.seed_statements()
    first, second, *rest = queries.standing_statements(evaluation=False)
    actions.move_statement(second, up=True)
    assert texts()[:2] == [second.text, first.text]
    actions.move_statement(second, up=True)
    assert texts()[:2] == [second.text, first.text]
    actions.move_statement(rest[-1], up=False)
    assert texts()[-1] == rest[-1].text
    actions.retire_statement(first)
    actions.move_statement(first, up=False)
    assert texts() == [second.text, *(row.text for row in rest)]


# --- Opening and closing ------------------------------------------------------------------------------------------


def test_open_pulse_keeps_the_statements_as_they_were(unit: Unit, manager: User) -> None:
    survey = pulses.pulse(unit, by=manager)
    before = {statement.text for statement in survey.statements.all()}
    actions.retire_statement(pulses.first_statement(survey))
    actions.add_statement("Nytt.", is_evaluation=False, by=manager)
    assert {statement.text for statement in survey.statements.all()} == before
    assert survey.tallies.count() == 7 * 5
    assert survey.tallies.aggregate(sum=Sum("count"))["sum"] == 0


def test_open_pulse_again_returns_the_open_one_and_after_closing_a_new_one(unit: Unit, manager: User) -> None:
    survey = pulses.pulse(unit)
    assert pulses.pulse(unit) == survey
    actions.close_survey(survey)
    assert pulses.pulse(unit) != survey


@pytest.mark.django_db(transaction=True)
def test_open_pulse_ten_at_once_gives_one(unit: Unit, manager: User) -> None:
    actions.seed_statements()
    round_ = factories.open_round(unit)
    opened = together(10, lambda _: actions.open_pulse(round_, purpose=Purpose.BEFORE, by=manager).pk)
    assert len(set(opened)) == 1
    assert Survey.objects.count() == 1


@pytest.mark.parametrize(
    ("purpose", "sentence"),
    [(Purpose.AFTER, "Steg 2 är inte klart än."), (Purpose.FOLLOW_UP, "Steg 3 är inte klart än.")],
)
def test_open_pulse_too_early_is_refused(unit: Unit, manager: User, purpose: Purpose, sentence: str) -> None:
    actions.seed_statements()
    with pytest.raises(Refused, match=sentence):
        actions.open_pulse(factories.open_round(unit), purpose=purpose, by=manager)


def test_open_pulse_before_is_refused_once_step_1_is_done(unit: Unit, manager: User) -> None:
    pulses.closed(pulses.pulse(unit, Purpose.AFTER))
    with pytest.raises(Refused, match="Steg 1 är redan klart, så det är för sent att fråga före"):
        actions.open_pulse(factories.open_round(unit), purpose=Purpose.BEFORE, by=manager)


def test_open_pulse_in_a_closed_round_is_refused(unit: Unit, manager: User) -> None:
    actions.seed_statements()
    round_ = factories.open_round(unit)
    Round.objects.update(closed_on=clock.today(), closed_by=manager)
    with pytest.raises(Refused, match="Omgången är avslutad"):
        actions.open_pulse(round_, purpose=Purpose.BEFORE, by=manager)


def test_open_pulse_with_too_few_statements_is_refused(unit: Unit, manager: User) -> None:
    with pytest.raises(Refused, match="Det behövs minst 5 påståenden"):
        actions.open_pulse(factories.open_round(unit), purpose=Purpose.BEFORE, by=manager)
    assert not Survey.objects.exists()


def test_open_evaluation_asks_its_own_statements_once(unit: Unit, coordinator: User) -> None:
    actions.seed_statements()
    training = pulses.begun(unit)
    survey = actions.open_evaluation(training, by=coordinator)
    assert all(statement.is_evaluation for statement in survey.statements.all())
    assert survey.statements.count() == 4
    actions.close_survey(survey)
    assert actions.open_evaluation(training, by=coordinator) == survey


def test_open_evaluation_before_it_begins_or_when_cancelled_is_refused(unit: Unit, coordinator: User) -> None:
    actions.seed_statements()
    with pytest.raises(Refused, match="Utbildningen har inte börjat än"):
        actions.open_evaluation(pulses.begun(unit, hours=-1), by=coordinator)
    training = pulses.begun(unit)
    training.cancelled_at = clock.now()
    training.save()
    with pytest.raises(Refused, match="Utbildningen blev inte av"):
        actions.open_evaluation(training, by=coordinator)


# --- Answers ------------------------------------------------------------------------------------------------------


def test_answer_survey_adds_to_the_sums(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    pulses.answer(survey, 4)
    pulses.answer(survey, 4)
    pulses.answer(survey, {pulses.first_statement(survey).pk: 1})
    assert [count(survey, value) for value in range(1, 6)] == [1, 0, 0, 2, 0]
    assert survey.answers.count() == 3
    assert survey.tallies.aggregate(sum=Sum("count"))["sum"] == 7 + 7 + 1


def test_answer_survey_sent_twice_is_one_answer(unit: Unit) -> None:
    survey, token = pulses.pulse(unit), uuid.uuid4()
    rated = pulses.ratings(survey, 5)
    first = actions.answer_survey(survey, token=token, ratings=rated)
    assert actions.answer_survey(survey, token=token, ratings=pulses.ratings(survey, 1)) == first
    assert (count(survey, 5), count(survey, 1)) == (1, 0)
    actions.close_survey(survey)
    assert actions.answer_survey(survey, token=token, ratings=rated) == first


def test_answer_survey_with_the_form_of_another_survey_is_refused(unit: Unit, outsider: User) -> None:
    survey, other = pulses.pulse(unit), pulses.pulse(Unit.objects.get(name="Granbackens skola"))
    token = pulses.answer(other, 5).pk
    with pytest.raises(Refused, match="Ladda om sidan"):
        actions.answer_survey(survey, token=token, ratings=pulses.ratings(survey, 5))
    assert count(survey, 5) == 0


def test_answer_survey_with_what_was_not_asked_is_refused_and_changes_nothing(unit: Unit) -> None:
    survey = pulses.pulse(unit)
    unasked = Statement.objects.filter(is_evaluation=True).earliest("pk")
    for wrong in ({unasked.pk: 3}, {pulses.first_statement(survey).pk: 6}):
        with pytest.raises(Refused, match="Enkäten har ändrats"):
            pulses.answer(survey, pulses.ratings(survey, 3) | wrong)
    with pytest.raises(Refused, match="Svara på minst ett påstående"):
        pulses.answer(survey, {})
    assert not SurveyAnswer.objects.exists()
    assert not Tally.objects.filter(count__gt=0).exists()


def test_answer_survey_that_is_closed_is_refused(unit: Unit) -> None:
    survey = pulses.closed(pulses.pulse(unit), 3, 3, 3, 3, 3)
    with pytest.raises(Refused, match="Enkäten är stängd"):
        pulses.answer(survey, 3)
    assert count(survey, 3) == 5


def test_answer_survey_takes_three_answers_per_person_and_twenty_more(unit: Unit, manager: User) -> None:
    survey = pulses.pulse(unit)
    assert queries.most_answers(survey) == 23
    SurveyAnswer.objects.bulk_create(SurveyAnswer(survey=survey) for _ in range(22))
    pulses.answer(survey, 3)
    with pytest.raises(Refused, match="Enkäten har fått fler svar än den kan få"):
        pulses.answer(survey, 3)
    assert survey.answers.count() == 23


def test_most_answers_follows_those_who_may_come(unit: Unit, coordinator: User) -> None:
    declare_headcount(unit, headcount=10, on=clock.today(), by=None)
    actions.seed_statements()
    training = pulses.begun(unit)
    survey = actions.open_evaluation(training, by=coordinator)
    assert queries.most_answers(survey) == 50
    training.takes_sign_ups, training.capacity = True, 30
    training.save()
    assert queries.most_answers(Survey.objects.get(pk=survey.pk)) == 140
    training.capacity = None
    training.save()
    assert queries.most_answers(Survey.objects.get(pk=survey.pk)) == 500


def test_answer_survey_keeps_comments_of_evaluations_only(unit: Unit, coordinator: User) -> None:
    pulses.answer(pulses.pulse(unit), 3, comment="Det här får inte stå kvar.")
    assert not Comment.objects.exists()
    survey = actions.open_evaluation(pulses.begun(unit), by=coordinator)
    pulses.answer(survey, 3, comment="  Mer tid för samtal. ")
    pulses.answer(survey, 3, comment="   ")
    assert [comment.text for comment in Comment.objects.all()] == ["Mer tid för samtal."]


@pytest.mark.django_db(transaction=True)
def test_answer_survey_twenty_at_once_counts_every_one(unit: Unit, manager: User) -> None:
    rows.crew(unit, 5)
    survey = pulses.pulse(unit)
    forwards, backwards = pulses.ratings(survey, 4), dict(reversed(pulses.ratings(survey, 4).items()))
    together(20, lambda number: pulses.answer(survey, forwards if number % 2 else backwards))
    assert survey.answers.count() == 20
    assert set(survey.tallies.filter(value=4).values_list("count", flat=True)) == {20}


@pytest.mark.django_db(transaction=True)
def test_answer_survey_same_form_twenty_times_at_once_counts_once(unit: Unit, manager: User) -> None:
    survey, token = pulses.pulse(unit), uuid.uuid4()
    rated = pulses.ratings(survey, 4)
    together(20, lambda _: actions.answer_survey(survey, token=token, ratings=rated).pk)
    assert survey.answers.count() == 1
    assert set(survey.tallies.filter(value=4).values_list("count", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_answer_survey_at_the_limit_twenty_at_once_passes_no_more(unit: Unit, manager: User) -> None:
    survey = pulses.pulse(unit)
    SurveyAnswer.objects.bulk_create(SurveyAnswer(survey=survey) for _ in range(18))

    def try_to(number: int) -> bool:
        try:
            pulses.answer(survey, 4)
        except Refused:
            return False
        return True

    assert together(20, try_to).count(True) == 5
    assert count(survey, 4) == 5
