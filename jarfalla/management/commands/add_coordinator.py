"""The first coordinator of a new portal; further ones can be added the same way."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from units import actions
from units.models import Refused


class Command(BaseCommand):
    """Give the person with this e-mail an account that sees and steers all units."""

    help = "Makes a person a coordinator; repeating it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who."""
        parser.add_argument("email", metavar="EMAIL", help="where the sign-in code is sent")
        parser.add_argument("name", metavar="NAME", help="first name and surname")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what holds now."""
        try:
            validate_email(options["email"])
        except ValidationError as invalid:
            raise CommandError(f"{options['email']} is not an e-mail address.") from invalid
        try:
            user = actions.add_coordinator(email=options["email"], name=options["name"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.name} <{user.email}> is a coordinator and signs in with a code by e-mail.")
