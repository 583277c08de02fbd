"""What people know, an open lecture with a waiting list, and a staff list that waits for a decision."""

import datetime as dt
import random

from django.utils import timezone

from courses.models import Purpose, Scale, Statement, Survey, Theme, Training
from jarfalla import clock
from jarfalla.tables import open_table
from units.actions import map_columns, upload_list
from units.imports.lists import guess_columns, spec_of
from units.models import ImportKind, Round, Unit, User

# How many of ten chose 1, 2, 3, 4 and 5: before the course, after the training, and of the training itself.
BEFORE = (2, 3, 3, 1, 1)
AFTER = (0, 1, 2, 4, 3)
EVALUATION = (0, 0, 1, 3, 6)
COMMENTS = [
    "Bra exempel från vår vardag.",
    "Jag hade gärna haft mer tid för samtalen i slutet.",
    "Nu vet jag vem jag ringer.",
]
GUESTS = [
    ("Rebin Ståhl", "Grannkommunens elevhälsa", 6),
    ("Åsa Lindqvist", "Kvinnojouren i grannkommunen", 4),
    ("Jamila Norling", "Bostadsbolaget i grannkommunen", 3),
    ("Örjan Hult", "Föreningen Solstrålen", 2),
]


def write_pulses(round_: Round, by: User, chance: random.Random, *, people: int) -> None:
    """Before and after as a picture, the follow-up's pulse just opened, and the evaluation of a training."""
    today, asked = clock.today(), max(people, 6)
    for purpose, days, weights in ((Purpose.BEFORE, 240, BEFORE), (Purpose.AFTER, 195, AFTER)):
        day = today - dt.timedelta(days=days)
        survey = Survey(purpose=purpose, round=round_, opened_by=by, opened_on=day, closed_on=day)
        _answered(survey, weights, asked, chance)
    _answered(Survey(purpose=Purpose.FOLLOW_UP, round=round_, opened_by=by), AFTER, 3, chance)
    if training := round_.trainings.filter(held_on__isnull=False).first():
        survey = Survey(purpose=Purpose.EVALUATION, training=training, opened_by=by, closed_on=today)
        _answered(survey, EVALUATION, asked, chance)
        for text in COMMENTS:
            survey.comments.create(text=text)


def _answered(survey: Survey, weights: tuple[int, ...], answers: int, chance: random.Random) -> None:
    """Save the survey with so many answers; a closed one shows them."""
    is_evaluation = survey.purpose == Purpose.EVALUATION
    survey.shown_count = answers if survey.closed_on else 0
    survey.save()
    statements = list(Statement.objects.filter(is_evaluation=is_evaluation, retired_at__isnull=True))
    survey.statements.set(statements)
    for statement in statements:
        chosen = chance.choices(Scale.values, weights, k=answers)
        for value in Scale.values:
            count = chosen.count(value)
            survey.tallies.create(statement=statement, value=value, count=count, shown=count if survey.closed_on else 0)
    for _number in range(answers):
        survey.answers.create(answered_on=survey.opened_on)


def write_open_lecture(by: User) -> None:
    """An open occasion in two weeks, full, with a waiting list."""
    day = timezone.localtime(clock.now()) + dt.timedelta(days=16)
    starts_at = day.replace(hour=14, minute=0, second=0, microsecond=0)
    lecture = Training.objects.create(
        title="Öppen föreläsning: när kontrollen kallas omtanke",
        themes=[Theme.BASICS, Theme.COOPERATION],
        aim="En gemensam grund för alla som möter barn, unga och vuxna i sitt arbete.",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=2),
        place="Kommunhusets hörsal",
        leader="Programmets samordnare",
        takes_sign_ups=True,
        capacity=12,
        told_sequence=0,
        booked_by=by,
    )
    free = 12
    for number, (name, organisation, seats) in enumerate(GUESTS):
        signed_up_at = clock.now() - dt.timedelta(days=6 - number)
        has_place = seats <= free
        free -= seats if has_place else 0
        lecture.sign_ups.create(
            name=name,
            email=f"gast{number + 1}@demo.example",
            organisation=organisation,
            seats=seats,
            signed_up_at=signed_up_at,
            placed_at=signed_up_at if has_place else None,
        )


def write_staff_list(units: list[Unit], by: User) -> None:
    """A list from the HR system: somebody new, a move, somebody who has left, and a row that can't be used.

    The worker reads it when the demonstration has started; what it changes waits for the coordinator's decision.
    """
    today = clock.today()
    first, second = units[:2]
    at_work = {
        unit: list(unit.memberships.present().filter(role="member").select_related("user").order_by("pk"))
        for unit in (first, second)
    }
    lines = ["E-postadress;Namn;Enhet;Anställd från"]
    for unit, other in ((first, second), (second, first)):
        for place, membership in enumerate(at_work[unit][1:]):  # the first one has left
            moved = unit == first and place == 0
            name = (other if moved else unit).name
            started = today if moved else membership.started_on
            lines.append(f"{membership.user.email};{membership.user.name};{name};{started}")
    lines += [
        f"nina.ny@demo.example;Nina Ny;{first.name};{today:%-d/%-m/%Y}",
        f"fel.datum@demo.example;Fatima Datum;{second.name};31/31/2026",
        "Summa;;;;",
    ]
    content = "\r\n".join(lines).encode("cp1252", "replace")
    name = "personal-fran-hr.csv"
    kept = upload_list(ImportKind.STAFF, open_table(name, content), file_name=name, content=content, by=by)
    map_columns(kept, mapping=guess_columns(spec_of(ImportKind.STAFF), kept.header), is_complete=True)
