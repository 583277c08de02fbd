"""The clock of a demonstration runs ahead by days of the calendar."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from jarfalla import clock


@pytest.fixture(autouse=True)
def _clock(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    yield
    clock.move(0)


@pytest.mark.parametrize("days", [0, 1, 90, 180, 270, 366])
def test_moved_clock_shows_the_same_time_of_day_in_summer_and_in_winter(days: int) -> None:
    """Late in the evening an hour more is a day more: 23.30 in November was 00.30 in April."""
    clock.move(days)
    real, moved = timezone.localtime(), timezone.localtime(clock.now())
    gone = moved.replace(tzinfo=None) - real.replace(tzinfo=None)
    assert abs(gone - dt.timedelta(days=days)) < dt.timedelta(minutes=1)
    assert clock.now().tzinfo == dt.UTC


def test_clock_of_a_real_portal_is_never_moved(settings: Any) -> None:
    clock.move(30)
    settings.DEMO = False
    assert abs(clock.now() - timezone.now()) < dt.timedelta(minutes=1)
