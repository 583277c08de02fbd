"""Moves the demonstration clock, so that months pass while you watch."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jarfalla import clock


class Command(BaseCommand):
    """Let every process of the demo believe that it is DAYS later."""

    help = "Moves the clock of the demo: DAYS ahead of the real date; 0 is the real date again."

    def add_arguments(self, parser: CommandParser) -> None:
        """How far."""
        parser.add_argument("days", type=int, metavar="DAYS", help="days ahead of the real date, 0 or more")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move it and print the new date."""
        if not settings.DEMO:
            raise CommandError("The clock can be moved only in demo mode; a portal in use shows the real date.")
        if options["days"] < 0:
            raise CommandError("DAYS is 0 or more: the clock runs ahead of the real date or shows it.")
        clock.move(options["days"])
        self.stdout.write(f"The demo's date is now {clock.today().isoformat()}.")
