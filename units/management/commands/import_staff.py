"""Import a staff list on the command line: `manage.py import_staff personal.csv`."""

from units.actions.staff import STAFF
from units.management.list_command import ListCommand


class Command(ListCommand):
    """Reads the file, says who would join, move, leave or get a new name, and saves that."""

    help = "Imports a staff list: who joins, moves, leaves or has a new name. Refused rows are passed over."
    spec = STAFF
