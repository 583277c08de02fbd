"""manage.py sweep: today's reminders now, without waiting for beat."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from followups import actions
from jarfalla import clock
from jarfalla.reminding import SOURCES
from units.models import Refused


class Command(BaseCommand):
    """Write the reminders that a day calls for. Nothing is ever written twice."""

    help = "Write the reminders that a day calls for (today when --on is not given) to the outbox."

    def add_arguments(self, parser: CommandParser) -> None:
        """The day."""
        parser.add_argument("--on", type=dt.date.fromisoformat, default=None, metavar="YYYY-MM-DD", help="which day")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep, and say how many reminders the day has."""
        on = options["on"] or clock.today()
        try:
            run = actions.sweep(on, SOURCES, again=True)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        if run is None:
            raise CommandError("Another process is sweeping right now; the reminders will be there in a moment.")
        self.stdout.write(f"{on}: {run.written} reminders in the outbox.")
