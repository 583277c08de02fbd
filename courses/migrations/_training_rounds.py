"""Carries the round, the participants and the place of each training over to where they stand now."""

from typing import Any

from django.db.models import F


def carry_over(apps: Any, schema_editor: Any) -> None:
    """A row for each training's round. What was booked before has been written about: those who were, are invited."""
    training = apps.get_model("courses", "Training")
    training_round = apps.get_model("courses", "TrainingRound")
    training_round.objects.bulk_create(
        training_round(training=row, round_id=row.round_id, headcount=row.attended) for row in training.objects.all()
    )
    training.objects.update(told_sequence=F("sequence"))
    invite_those_who_know(apps)
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no ALTER TABLE while checks are pending


def invite_those_who_know(apps: Any) -> None:
    """An invitation for each letter about a training that still stands; the letter's key says whose it was."""
    stands = set(apps.get_model("courses", "Training").objects.filter(cancelled_at=None).values_list("pk", flat=True))
    letters = apps.get_model("units", "Message").objects.filter(key__startswith="training_booked:", cancelled_at=None)
    invitation = apps.get_model("courses", "Invitation")
    pairs = [(int(key.split(":")[1]), user) for key, user in letters.values_list("key", "recipient")]
    invitation.objects.bulk_create(
        invitation(training_id=training, user_id=user) for training, user in pairs if training in stands
    )
