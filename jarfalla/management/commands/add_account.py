"""Accounts that belong to no unit: coordinators, the first one of a new portal too, and readers."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from units import actions
from units.models import Refused, UserRole


class Command(BaseCommand):
    """Give the person with this e-mail an account that steers all units, or reads their figures."""

    help = "Makes a person a coordinator or a reader; repeating it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, and as what."""
        parser.add_argument("email", metavar="EMAIL", help="where the sign-in code is sent")
        parser.add_argument("name", metavar="NAME", help="first name and surname")
        parser.add_argument("--role", choices=[UserRole.COORDINATOR, UserRole.READER], default=UserRole.COORDINATOR)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what holds now."""
        try:
            validate_email(options["email"])
        except ValidationError as invalid:
            raise CommandError(f"{options['email']} is not an e-mail address.") from invalid
        try:
            role = UserRole(options["role"])
            user = actions.add_account(email=options["email"], name=options["name"], role=role)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.name} <{user.email}> is a {role.value} and signs in with a code by e-mail.")
