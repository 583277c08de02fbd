"""`manage.py demo_data --units N --staff M --seed S`: an invented municipality of any size."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jarfalla.demo.municipality import Municipality
from units.models import Unit


class Command(BaseCommand):
    """Fill an empty portal with invented units and people, in every state that the portal knows."""

    help = "Fill an empty portal with an invented municipality, in every state that the portal knows."

    def add_arguments(self, parser: CommandParser) -> None:
        """Sizes and the seed."""
        parser.add_argument("--units", type=int, default=62, help="how many units (62 shows every state twice)")
        parser.add_argument("--staff", type=int, default=700, help="how many people on staff lists, about")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same municipality")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build it; refused when the portal holds units already."""
        if Unit.objects.exists():
            raise CommandError("The portal already holds units; demo_data only fills an empty one.")
        call_command("seed", stdout=self.stdout)
        town = Municipality(units=options["units"], staff=options["staff"], seed=options["seed"], say=self.stdout.write)
        town.build()
        self.stdout.write(f"An invented municipality of {options['units']} units is in place.")
