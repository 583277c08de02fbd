"""Knowledge pulses and evaluations: what is asked, when, and answers that nobody can be tied to.

Why each line is as it is: docs/decisions/0015-anonymous-answers.md.
"""

import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path

from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from courses import queries
from courses.models import FEWEST_ANSWERS, Comment, Purpose, Scale, Statement, Survey, SurveyAnswer, Tally, Training
from jarfalla import clock
from units.actions.steps import lock_round
from units.models import Refused, Round, User

FIRST_STATEMENTS = Path(__file__).resolve().parent.parent / "seed" / "pastaenden.toml"


@transaction.atomic
def seed_statements() -> int:
    """Put the statements of courses/seed/pastaenden.toml in the portal; return how many rows were new.

    A sort that has statements already, standing or retired, stays as the municipality has made it.
    """
    _lock_statements()
    seed = tomllib.loads(FIRST_STATEMENTS.read_text(encoding="utf-8"))
    made = [
        Statement(text=text, is_evaluation=is_evaluation, position=position)
        for is_evaluation, texts in ((False, seed["pulse"]), (True, seed["evaluation"]))
        if not Statement.objects.filter(is_evaluation=is_evaluation).exists()
        for position, text in enumerate(texts, start=1)
    ]
    return len(Statement.objects.bulk_create(made))


@transaction.atomic
def add_statement(text: str, *, is_evaluation: bool, by: User) -> Statement:
    """Add a statement last among its sort; return the one that stands already when it says the same.

    Raises Refused when as many stand as a survey may ask about.
    """
    _lock_statements()
    standing = queries.standing_statements(evaluation=is_evaluation)
    for statement in standing:
        if statement.text.casefold() == text.casefold():
            return statement
    most = queries.statements_that_stand(evaluation=is_evaluation)[-1]
    if len(standing) >= most:
        raise Refused(_("Det finns redan %(most)s påståenden. Ta bort ett först.") % {"most": most})
    last = max((statement.position for statement in standing), default=0)
    return Statement.objects.create(text=text, is_evaluation=is_evaluation, position=last + 1, written_by=by)


@transaction.atomic
def move_statement(statement: Statement, *, up: bool) -> None:
    """Let a statement change places with the one before it, or after it. The first and the last stay."""
    _lock_statements()
    standing = queries.standing_statements(evaluation=statement.is_evaluation)
    here = next((place for place, row in enumerate(standing) if row.pk == statement.pk), None)
    if here is None:
        return
    there = here - 1 if up else here + 1
    if 0 <= there < len(standing):
        standing[here], standing[there] = standing[there], standing[here]
    for position, row in enumerate(standing, start=1):
        row.position = position
    Statement.objects.bulk_update(standing, ["position"])


@transaction.atomic
def retire_statement(statement: Statement) -> Statement:
    """Ask about a statement no more; surveys that are open or closed keep it. Return it as it is if it was retired.

    Raises Refused when too few would be left for a survey.
    """
    _lock_statements()
    statement = Statement.objects.get(pk=statement.pk)
    if statement.retired_at:
        return statement
    fewest = queries.statements_that_stand(evaluation=statement.is_evaluation)[0]
    if len(queries.standing_statements(evaluation=statement.is_evaluation)) <= fewest:
        raise Refused(
            _("Minst %(fewest)s påståenden måste finnas kvar. Lägg till ett nytt först.") % {"fewest": fewest}
        )
    statement.retired_at = clock.now()
    statement.save()
    return statement


@transaction.atomic
def open_pulse(round_: Round, *, purpose: Purpose, by: User) -> Survey:
    """Ask a unit, at one of the three moments; return the survey that is open already, if one is.

    Raises Refused when it is not time for it, and when too few statements stand.
    """
    round_ = lock_round(round_)
    if already := round_.surveys.filter(purpose=purpose, closed_on__isnull=True).first():
        return already
    queries.require_moment(round_, purpose)
    return _open(Survey(purpose=purpose, round=round_, opened_by=by))


@transaction.atomic
def open_evaluation(training: Training, *, by: User) -> Survey:
    """Ask those who came to a training; return its evaluation if it has one, open or closed.

    Raises Refused before the training begins, when it did not come about, and when too few statements stand.
    """
    training = Training.objects.select_for_update(of=("self",)).get(pk=training.pk)
    if already := training.surveys.first():
        return already
    queries.require_begun(training)
    return _open(Survey(purpose=Purpose.EVALUATION, training=training, opened_by=by))


def _open(survey: Survey) -> Survey:
    """Save a survey with the statements as they are now, and a tally of 0 for each answer that can be given."""
    is_evaluation = survey.purpose == Purpose.EVALUATION
    _lock_statements()
    statements = queries.standing_statements(evaluation=is_evaluation)
    fewest = queries.statements_that_stand(evaluation=is_evaluation)[0]
    if len(statements) < fewest:
        raise Refused(_("Det behövs minst %(fewest)s påståenden. Samordnaren lägger till fler.") % {"fewest": fewest})
    survey.save()
    survey.statements.set(statements)
    # All at once: rows that came with the answers would tell in which order values were first chosen.
    Tally.objects.bulk_create(
        Tally(survey=survey, statement=statement, value=value) for statement in statements for value in Scale
    )
    return survey


@transaction.atomic
def answer_survey(survey: Survey, *, token: uuid.UUID, ratings: Mapping[int, int], comment: str = "") -> SurveyAnswer:
    """Count one answer: `ratings` has the chosen value by the statement's key. Takes no user, and keeps none.

    The same `token` again is the same answer. Raises Refused when the survey is closed, when nothing is answered,
    when a statement or a value is not among those asked, and when more have answered than there can be people.
    """
    # The lock puts answers in a row: twenty at once neither wait for each other in a ring nor pass the limit.
    survey = Survey.objects.select_for_update(of=("self",)).select_related("round__unit", "training").get(pk=survey.pk)
    if already := SurveyAnswer.objects.filter(pk=token).first():
        return _same_survey(already, survey)
    if not survey.is_open(clock.today()):
        raise Refused(_("Enkäten är stängd."))
    if survey.answers.count() >= queries.most_answers(survey):
        raise Refused(_("Enkäten har fått fler svar än den kan få. Säg till den som bad dig svara."))
    if not ratings:
        raise Refused(_("Svara på minst ett påstående."))
    for statement, value in sorted(ratings.items()):
        if not survey.tallies.filter(statement=statement, value=value).update(count=F("count") + 1):
            raise Refused(_("Enkäten har ändrats. Ladda om sidan och svara igen."))
    if comment.strip() and survey.purpose == Purpose.EVALUATION:
        survey.comments.create(text=comment.strip())
    return survey.answers.create(pk=token)


@transaction.atomic
def show_survey(survey: Survey) -> Survey:
    """Let the figures show as they are now; return it as it is when nobody has answered since they last were.

    Raises Refused when it is closed, and when fewer than five have answered, at all or since.
    """
    survey = Survey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if survey.closed_on:
        raise Refused(_("Enkäten är stängd, och resultatet ändras inte mer."))
    if survey.answers.count() == survey.shown_count > 0 or _bring_forward(survey):
        return survey
    if survey.shown_count:
        raise Refused(_("Resultatet kan uppdateras när minst %(n)s till har svarat.") % {"n": FEWEST_ANSWERS})
    raise Refused(_("Resultatet kan visas när minst %(n)s har svarat.") % {"n": FEWEST_ANSWERS})


def _bring_forward(survey: Survey) -> bool:
    """Let what is shown be what has been answered; whether that is so much that it may. The survey is locked.

    Whoever saw the figures before can subtract: there must be five answers in the difference, also in that of each
    statement. One that fewer have answered since keeps the figures it had.
    """
    answers = survey.answers.count()
    if answers - survey.shown_count < FEWEST_ANSWERS:
        return False
    by_statement = survey.tallies.values("statement").annotate(since=Sum("count") - Sum("shown"))
    grown = by_statement.filter(since__gte=FEWEST_ANSWERS).values("statement")
    survey.tallies.filter(statement__in=grown).update(shown=F("count"))
    survey.shown_count = answers
    survey.save(update_fields=["shown_count"])
    return True


@transaction.atomic
def close_survey(survey: Survey) -> Survey:
    """Take no more answers, and let the figures show if they may; return it as it is if it was closed already.

    What may not be shown is forgotten: beside the sums that are shown, a last answer would stand by itself.
    The rows are written anew in the order of their random keys: how they lay told in which order they came.
    """
    survey = Survey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if survey.closed_on:
        return survey
    _bring_forward(survey)
    survey.closed_on = clock.today()
    survey.save(update_fields=["closed_on"])
    answers, comments = list(survey.answers.order_by("pk")), list(survey.comments.order_by("pk"))
    survey.answers.all().delete()
    survey.comments.all().delete()
    SurveyAnswer.objects.bulk_create(answers)
    Comment.objects.bulk_create(comments)
    survey.tallies.update(count=F("shown"))
    return survey


def _same_survey(answer: SurveyAnswer, survey: Survey) -> SurveyAnswer:
    """The answer, if it is to `survey`; a token from another survey's form raises Refused."""
    if answer.survey_id != survey.pk:
        raise Refused(_("Ladda om sidan och svara igen."))
    return answer


def _lock_statements() -> None:
    """Let nobody else add or retire until the transaction ends: how many stand is counted over all of them."""
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(Statement._meta.db_table)
        cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
