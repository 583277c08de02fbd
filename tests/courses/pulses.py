"""Pulses and answers for tests, made through the portal's own actions."""

import datetime as dt
import uuid
from collections.abc import Mapping

from courses import actions
from courses.models import Purpose, Statement, Survey, SurveyAnswer, Training
from jarfalla import clock
from tests import factories
from units.actions import complete_step
from units.models import Step, Unit, User


def pulse(unit: Unit, purpose: Purpose = Purpose.BEFORE, *, by: User | None = None) -> Survey:
    """An open pulse about the first statements, in a unit that has come as far as it asks for."""
    actions.seed_statements()
    round_ = factories.open_round(unit)
    needed = {Purpose.BEFORE: 0, Purpose.AFTER: 2, Purpose.FOLLOW_UP: 3}[purpose]
    for step in list(Step)[:needed]:
        complete_step(round_, step, on=clock.today(), by=factories.user())
    return actions.open_pulse(round_, purpose=purpose, by=by or factories.user())


def ratings(survey: Survey, value: int) -> dict[int, int]:
    """The same value for every statement."""
    return dict.fromkeys(survey.statements.values_list("pk", flat=True), value)


def answer(survey: Survey, chosen: Mapping[int, int] | int, *, comment: str = "") -> SurveyAnswer:
    """One answer from a form of its own."""
    rated = ratings(survey, chosen) if isinstance(chosen, int) else chosen
    return actions.answer_survey(survey, token=uuid.uuid4(), ratings=rated, comment=comment)


def closed(survey: Survey, *values: int) -> Survey:
    """The survey, closed after somebody chose each of `values` for everything."""
    for value in values:
        answer(survey, value)
    return actions.close_survey(survey)


def first_statement(survey: Survey) -> Statement:
    """The survey's first statement."""
    return survey.statements.earliest("position")


def begun(unit: Unit, *, hours: int = 1) -> Training:
    """A training of the unit that began so many hours ago."""
    training = Training.objects.create(
        title="Tidiga tecken", starts_at=clock.now() - dt.timedelta(hours=hours), booked_by=factories.user()
    )
    training.rounds.add(factories.open_round(unit))
    return training
