"""Import completions from the learning portal on the command line: `manage.py import_completions rapport.csv`."""

from django.utils.translation import gettext_lazy

from courses.actions import COMPLETIONS
from units.management.list_command import ListCommand


class Command(ListCommand):
    """Reads the file, says who would get a completion, and saves that unless a row can't be used."""

    help = gettext_lazy("Läser in genomförda webbkurser från en CSV-fil eller ett Excelark.")  # type: ignore[assignment]  # argparse takes its str()
    spec = COMPLETIONS
