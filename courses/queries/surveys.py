"""Questions about knowledge pulses and evaluations. Figures leave this module only when they may be shown."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.models import FEWEST_ANSWERS, Comment, Purpose, Scale, Statement, Survey, SurveyAnswer, Tally, Training
from jarfalla import clock
from units.models import Refused, Round, Step, Unit

# How many statements stand for a pulse, and for an evaluation.
PULSE_STATEMENTS = range(5, 9)
EVALUATION_STATEMENTS = range(3, 5)
# No addresses are kept, so this is what stops somebody who answers for ever: per person asked, and for changes.
ANSWERS_PER_PERSON, ANSWERS_BESIDES = 3, 20
# Where nobody knows how many are asked.
MOST_ANSWERS_OF_UNKNOWN = 500


@dataclass(frozen=True)
class StatementResult:
    """What was answered to one statement: the mean to one decimal, and the share of 4 and 5 in whole percent.

    Both are None when fewer than FEWEST_ANSWERS answered it; how many they were is not told.
    """

    statement: Statement
    mean: float | None
    agreeing_percent: int | None


@dataclass(frozen=True)
class SurveyResult:
    """A survey, how many have answered so far, and the figures that are shown; `statements` is empty while none are.

    The figures are of the first `survey.shown_count` answers, not of those that have come since.
    """

    survey: Survey
    answers: int
    statements: tuple[StatementResult, ...]

    @property
    def label(self) -> str:
        """What its column is called."""
        is_evaluation = self.survey.purpose == Purpose.EVALUATION
        return _("Utvärderingen") if is_evaluation else str(self.survey.get_purpose_display())

    @property
    def is_shown(self) -> bool:
        """Whether there are figures to show."""
        return self.survey.shown_count > 0

    @property
    def missing(self) -> int:
        """How many more answers it takes before figures may be shown, or those that are shown be brought forward."""
        return max(0, FEWEST_ANSWERS - (self.answers - self.survey.shown_count))

    @property
    def can_come_forward(self) -> bool:
        """Whether enough have answered since the figures were brought up, or at all, to show them as they are now."""
        return self.survey.closed_on is None and not self.missing

    @property
    def left_out(self) -> int:
        """How many answers are in no figure and, when the survey is closed, never will be; 0 while none are shown."""
        return self.answers - self.survey.shown_count if self.is_shown and self.missing else 0


def survey_results(surveys: Iterable[Survey]) -> list[SurveyResult]:
    """The result of each survey, in the order given; three queries for any number of them."""
    surveys = list(surveys)
    counted = SurveyAnswer.objects.filter(survey__in=surveys).order_by().values_list("survey")
    answers: dict[int, int] = dict(counted.annotate(Count("pk")))
    shown = [survey for survey in surveys if survey.shown_count]
    figures = _figures(shown)
    return [SurveyResult(survey, answers.get(survey.pk, 0), tuple(figures[survey.pk])) for survey in surveys]


def _figures(surveys: Collection[Survey]) -> dict[int, list[StatementResult]]:
    """The figures of each survey, in the order of its statements; from what is shown, never from what has come."""
    counts: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    statements: dict[int, Statement] = {}
    asked: dict[int, list[int]] = defaultdict(list)
    tallies = Tally.objects.filter(survey__in=surveys).select_related("statement")
    for tally in tallies.order_by("statement__position", "statement_id", "value"):
        statements[tally.statement_id] = tally.statement
        counts[tally.survey_id, tally.statement_id][tally.value] = tally.shown
        if tally.statement_id not in asked[tally.survey_id]:
            asked[tally.survey_id].append(tally.statement_id)
    return defaultdict(
        list,
        {survey: [_result(statements[pk], counts[survey, pk]) for pk in pks] for survey, pks in asked.items()},
    )


def _result(statement: Statement, counts: dict[int, int]) -> StatementResult:
    """The figures of one statement, from how many chose each value."""
    answers = sum(counts.values())
    if answers < FEWEST_ANSWERS:
        return StatementResult(statement, None, None)
    mean = sum(value * count for value, count in counts.items()) / answers
    agreeing = sum(count for value, count in counts.items() if value >= Scale.MOSTLY)
    return StatementResult(statement, round(mean, 1), round(100 * agreeing / answers))


@dataclass(frozen=True)
class ComparedStatement:
    """One statement, and its result in each of the compared surveys; None where it was not asked."""

    text: str
    results: tuple[StatementResult | None, ...]

    @property
    def is_compared(self) -> bool:
        """Whether at least two surveys have a figure to set against each other."""
        return sum(1 for result in self.results if result and result.mean is not None) > 1


@dataclass(frozen=True)
class Comparison:
    """Before, after and follow-up side by side: the surveys that have figures, and every statement of theirs."""

    results: tuple[SurveyResult, ...]
    statements: tuple[ComparedStatement, ...]

    @property
    def compared(self) -> list[ComparedStatement]:
        """The statements to compare; all of them while there is only one survey."""
        return [row for row in self.statements if row.is_compared or len(self.results) == 1]


def compare(results: Iterable[SurveyResult]) -> Comparison:
    """The latest survey with figures of each moment, in the order of the moments."""
    latest = {result.survey.purpose: result for result in results if result.is_shown}
    chosen = [latest[purpose] for purpose in Purpose if purpose in latest]
    by_survey = [{row.statement.pk: row for row in result.statements} for result in chosen]
    statements = {row.statement.pk: row.statement for result in chosen for row in result.statements}
    in_order = sorted(statements.values(), key=lambda statement: (statement.position, statement.pk))
    rows = [ComparedStatement(s.text, tuple(found.get(s.pk) for found in by_survey)) for s in in_order]
    return Comparison(tuple(chosen), tuple(rows))


@dataclass(frozen=True)
class Moment:
    """One of the three moments of a round: its latest pulse, and why a new one can't be opened, if it can't."""

    purpose: Purpose
    latest: SurveyResult | None
    blocked: str

    @property
    def open(self) -> SurveyResult | None:
        """The pulse that takes answers now, if one does."""
        return self.latest if self.latest and self.latest.survey.closed_on is None else None


@dataclass(frozen=True)
class PulseRound:
    """The pulses of one round. `moments` is empty for a round that is closed."""

    round: Round
    moments: tuple[Moment, ...]
    results: tuple[SurveyResult, ...]
    comparison: Comparison


def pulse_rounds(unit: Unit) -> list[PulseRound]:
    """The unit's rounds with their pulses, the latest first; earlier ones only when they have a pulse."""
    rounds = list(unit.rounds.prefetch_related("completions").order_by("-number"))
    by_round: dict[int | None, list[SurveyResult]] = defaultdict(list)
    for result in survey_results(Survey.objects.filter(round__in=rounds).order_by("opened_on", "pk")):
        by_round[result.survey.round_id].append(result)
    return [
        PulseRound(round_, _moments(round_, found), tuple(found), compare(found))
        for place, round_ in enumerate(rounds)
        if (found := by_round[round_.pk]) or place == 0
    ]


def _moments(round_: Round, results: Sequence[SurveyResult]) -> tuple[Moment, ...]:
    """The three moments of a round that is under way."""
    if round_.closed_on is not None:
        return ()
    # One may be open beside closed ones, and it is always the one that was opened last.
    latest = {result.survey.purpose: result for result in results}
    purposes = [purpose for purpose in Purpose if purpose != Purpose.EVALUATION]
    return tuple(Moment(purpose, latest.get(purpose), _blocked(round_, purpose)) for purpose in purposes)


def _blocked(round_: Round, purpose: Purpose) -> str:
    """Why a pulse can't be opened now; nothing when it can."""
    try:
        require_moment(round_, purpose)
    except Refused as refused:
        return str(refused)
    return ""


def standing_statements(*, evaluation: bool) -> list[Statement]:
    """The statements that the next pulse or evaluation asks about, in order."""
    return list(Statement.objects.filter(retired_at__isnull=True, is_evaluation=evaluation))


def statements_that_stand(*, evaluation: bool) -> range:
    """How many statements may stand."""
    return EVALUATION_STATEMENTS if evaluation else PULSE_STATEMENTS


def require_moment(round_: Round, purpose: Purpose) -> None:
    """Raise Refused when it is not time for that pulse: before step 1, after step 2, from step 3 on."""
    if round_.closed_on is not None:
        raise Refused(_("Omgången är avslutad. Samordnaren kan starta en ny."))
    standing = round_.standing()
    if purpose == Purpose.BEFORE and Step.WEB_COURSE in standing:
        raise Refused(_("Steg 1 är redan klart, så det är för sent att fråga före."))
    if purpose == Purpose.AFTER and Step.TRAINING not in standing:
        raise Refused(_("Steg 2 är inte klart än. Öppna pulsen när utbildningen är genomförd."))
    if purpose == Purpose.FOLLOW_UP and Step.ROUTINES not in standing:
        raise Refused(_("Steg 3 är inte klart än. Öppna pulsen när det är dags för uppföljning."))


def require_begun(training: Training) -> None:
    """Raise Refused while a training can't be evaluated: before it begins, or when it did not come about."""
    if training.cancelled_at:
        raise Refused(_("Utbildningen blev inte av och kan inte utvärderas."))
    if training.starts_at > clock.now():
        raise Refused(_("Utbildningen har inte börjat än. Öppna utvärderingen när den har gjort det."))


def most_answers(survey: Survey) -> int:
    """How many answers a survey takes, whoever they come from."""
    expected = _unit_sizes([survey.round.unit]) if survey.round else _expected_at(survey.training)
    return ANSWERS_PER_PERSON * expected + ANSWERS_BESIDES if expected else MOST_ANSWERS_OF_UNKNOWN


def _expected_at(training: Training | None) -> int:
    """How many may have come to a training; 0 when nobody can know."""
    if training is None or (training.takes_sign_ups and training.capacity is None):
        return 0
    sizes = _unit_sizes(Unit.objects.filter(rounds__trainings=training).distinct())
    return sizes + (training.capacity or 0) + (training.headcount or 0)


def _unit_sizes(units: Iterable[Unit]) -> int:
    """How many work in the units together; 0 when the size of one of them is not known."""
    sizes = [unit.size() for unit in units]
    return sum(sizes) if all(sizes) else 0


def survey_address(survey: Survey) -> str:
    """The link that leads to the questions."""
    return f"{settings.BASE_URL}{reverse('survey', args=[survey.code])}"


def comments_of(result: SurveyResult) -> Sequence[Comment]:
    """What was written in an evaluation, in the order of random keys; nothing while it is open or has no figures.

    They are shown once, all together: a comment that was not there at the last look belongs to who answered since.
    """
    return list(result.survey.comments.order_by("pk")) if result.is_shown and result.survey.closed_on else []
