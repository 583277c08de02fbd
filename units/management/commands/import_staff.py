"""Import a staff list on the command line: `manage.py import_staff personal.csv`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Count
from django.utils import translation

from jarfalla.tables import TableReader, UnreadableFile, open_table
from units import actions
from units.actions.staff import STAFF
from units.imports.lists import guess_columns, heading_key
from units.models import ImportState, ListImport, Verdict

NAMES = {
    Verdict.JOINER: "joiners",
    Verdict.MOVE: "moves",
    Verdict.LEAVER: "leavers",
    Verdict.RENAMED: "renamed",
    Verdict.UNCHANGED: "unchanged",
    Verdict.REFUSED: "refused",
}


class Command(BaseCommand):
    """Reads the file, says what it would change, and saves that: all of it or nothing."""

    help = "Imports a staff list: who joins, moves, leaves or has a new name. Refused rows are passed over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and what to do with it."""
        fields = ", ".join(field.name for field in STAFF.fields)
        parser.add_argument("file", type=Path, metavar="FILE", help="the list, as .csv or .xlsx")
        parser.add_argument(
            "--column", action="append", default=[], metavar="FIELD=HEADING", help=f"the column of a field: {fields}"
        )
        parser.add_argument("--partial", action="store_true", help="the list has some of the staff: nobody leaves")
        parser.add_argument(
            "--without", default="", metavar="SORTS", help="what not to save: joiners,moves,leavers,renamed"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and save nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file. Raises CommandError (exit code 1) when it can't be read or saved."""
        unwanted = {name for name in options["without"].split(",") if name}
        if unknown := unwanted - {NAMES[verdict] for verdict in STAFF.verdicts}:
            raise CommandError(f"Unknown sort of change: {', '.join(sorted(unknown))}.")
        chosen = [verdict for verdict in STAFF.verdicts if NAMES[verdict] not in unwanted]
        with translation.override("en"), transaction.atomic():
            kept = self.read(options["file"], columns=options["column"], is_complete=not options["partial"])
            self.tell(kept)
            if options["dry_run"]:
                transaction.set_rollback(True)
                self.stdout.write("Nothing is saved (--dry-run).")
            else:
                self.save(kept, chosen)

    def read(self, path: Path, *, columns: list[str], is_complete: bool) -> ListImport:
        """The list with a verdict for each row. Raises CommandError when it can't be read as a staff list."""
        try:
            with path.open("rb") as file:
                content = file.read(settings.IMPORT_MAX_BYTES + 1)
            table = open_table(path.name, content)
            mapping = choose_columns(table, columns)
        except OSError as error:
            raise CommandError(f"{path} can't be opened: {error.strerror}.") from error
        except UnreadableFile as unreadable:
            raise CommandError(str(unreadable)) from unreadable
        kept = actions.upload_list(STAFF.kind, table, file_name=path.name, content=content, by=None)
        actions.map_columns(kept, mapping=mapping, is_complete=is_complete)
        actions.read_import(kept.pk)
        kept.refresh_from_db()
        if kept.state == ImportState.UNREADABLE:
            raise CommandError(kept.refusal)
        return kept

    def tell(self, kept: ListImport) -> None:
        """Print how many rows have which verdict, and each row that can't be used."""
        counts = dict(kept.rows.order_by().values_list("verdict").annotate(Count("pk")))
        self.stdout.write(", ".join(f"{counts.get(verdict, 0)} {name}" for verdict, name in NAMES.items()) + ".")
        for row in kept.rows.filter(verdict=Verdict.REFUSED).order_by("line").iterator():
            place = f"Line {row.line}, {row.column}" if row.column else f"Line {row.line}"
            self.stderr.write(f"{place}: {STAFF.sentence(row)}")
        for sentence in STAFF.doubtful(kept, counts).values():
            self.stderr.write(self.style.WARNING(sentence))

    def save(self, kept: ListImport, chosen: list[Verdict]) -> None:
        """Save the chosen sorts of changes. Raises CommandError when that went wrong: then nothing is saved."""
        actions.choose_rows(kept, verdicts=chosen, by=None)
        actions.save_import(kept.pk)
        kept.refresh_from_db()
        if kept.state != ImportState.SAVED:
            raise CommandError(f"Nothing is saved. {kept.refusal}")
        self.stdout.write(self.style.SUCCESS(f"{sum(kept.saved.values())} rows are saved."))


def choose_columns(table: TableReader, columns: list[str]) -> dict[str, int]:
    """Field → place of its column: as the options say, else as the portal guesses. Raises CommandError."""
    places = {heading_key(label): place for place, label in reversed(list(enumerate(table.labels)))}
    mapping = guess_columns(STAFF, table.labels)
    fields = {field.name for field in STAFF.fields}
    for option in columns:
        name, _equals, heading = option.partition("=")
        if name not in fields or heading_key(heading) not in places:
            raise CommandError(f"--column {option}: no such field, or no such column in the file.")
        mapping[name] = places[heading_key(heading)]
    missing = [field.name for field in STAFF.fields if field.required and field.name not in mapping]
    if not any(set(group) <= set(mapping) for group in STAFF.either):
        missing.append(STAFF.either[0][0])
    if missing:
        raise CommandError(f"Missing columns: {', '.join(missing)}. The file has: {', '.join(table.labels)}.")
    return mapping
