"""Carries the round, the participants and the place of each training over to where they stand now."""

from typing import Any

from django.db.models import F


def carry_over(apps: Any, schema_editor: Any) -> None:
    """A row for each training's round. What was booked before has been written about."""
    training = apps.get_model("courses", "Training")
    training_round = apps.get_model("courses", "TrainingRound")
    training_round.objects.bulk_create(
        training_round(training=row, round_id=row.round_id, headcount=row.attended) for row in training.objects.all()
    )
    training.objects.update(told_sequence=F("sequence"))
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no ALTER TABLE while checks are pending
