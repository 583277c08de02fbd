"""Import completions from the learning portal on the command line: `manage.py import_completions rapport.csv`."""

from courses.actions import COMPLETIONS
from units.management.list_command import ListCommand


class Command(ListCommand):
    """Reads the file, says who would get a completion, and saves that."""

    help = "Imports who has taken the web course, by e-mail. Refused rows are passed over."
    spec = COMPLETIONS
    needs_person = True
