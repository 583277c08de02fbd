"""Import a list of units on the command line: `manage.py import_units lista.csv`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla.tables import UnreadableFile, read_table
from units import actions
from units.imports import Problem, UnitList, read_units, split_known


class Command(BaseCommand):
    """Reads the file, says what it holds, and saves the new units unless a row has a problem."""

    help = gettext_lazy("Läser in enheter från en CSV-fil eller ett Excelark.")  # type: ignore[assignment]  # argparse takes its str()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and what to do with it."""
        parser.add_argument("file", type=Path, metavar="FILE", help=_("listan, som .csv eller .xlsx"))
        parser.add_argument("--skip-bad", action="store_true", help=_("läs in de andra raderna när någon har fel"))
        parser.add_argument("--dry-run", action="store_true", help=_("säg vad som skulle hända, men spara inget"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file. Raises CommandError (exit code 1) when it is refused."""
        unit_list = self.read(options["file"])
        new, existing = split_known(unit_list.rows)
        self.stdout.write(
            _("%(new)s nya enheter, %(existing)s finns redan, %(problems)s fel.")
            % {"new": len(new), "existing": len(existing), "problems": len(unit_list.problems)}
        )
        if unit_list.ignored_columns:
            self.stdout.write(_("Används inte: %(columns)s.") % {"columns": ", ".join(unit_list.ignored_columns)})
        for problem in unit_list.problems:
            self.stderr.write(describe(problem))
        if unit_list.problems and not options["skip_bad"]:
            raise CommandError(_("Inget är inläst. Rätta raderna, eller hoppa över dem med --skip-bad."))
        if options["dry_run"]:
            self.stdout.write(_("Inget är sparat (--dry-run)."))
        elif not new:
            self.stdout.write(_("Inget nytt att läsa in."))
        else:
            kept = actions.keep_import(unit_list, file_name=options["file"].name, by=None)
            count = actions.import_units(kept, by=None).created_count
            self.stdout.write(self.style.SUCCESS(_("%(count)s enheter är inlästa.") % {"count": count}))

    def read(self, path: Path) -> UnitList:
        """The checked rows of the file. Raises CommandError when it can't be read as a list of units."""
        try:
            with path.open("rb") as file:
                return read_units(read_table(path.name, file.read(settings.IMPORT_MAX_BYTES + 1)))
        except OSError as error:
            raise CommandError(
                _("%(file)s går inte att öppna: %(reason)s.") % {"file": path, "reason": error.strerror}
            ) from error
        except UnreadableFile as unreadable:
            raise CommandError(str(unreadable)) from unreadable


def describe(problem: Problem) -> str:
    """One line about one problem."""
    if problem["column"]:
        return _("Rad %(line)s, %(column)s: %(reason)s") % problem
    return _("Rad %(line)s: %(reason)s") % problem
