"""What the commands that import a list of people have in common; one for each ImportSpec."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Count
from django.utils import translation

from jarfalla.tables import TableReader, UnreadableFile, open_table
from units import actions
from units.forms import ColumnsForm
from units.imports.lists import ImportSpec, guess_columns, heading_key
from units.models import ImportState, ListImport, User, UserRole, Verdict


class ListCommand(BaseCommand):
    """Reads the file, says what it would change, and saves that: all of it or nothing. Refused rows are passed over.

    It is one transaction: the worker never sees the import, and whatever stops it leaves nothing behind.
    """

    spec: ClassVar[ImportSpec]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and what to do with it."""
        names = ", ".join(field.name for field in self.spec.fields)
        parser.add_argument("file", type=Path, metavar="FILE", help="the list, as .csv or .xlsx")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="the coordinator who imports it")
        parser.add_argument(
            "--column", action="append", default=[], metavar="FIELD=HEADING", help=f"the column of a field: {names}"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and save nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file. Raises CommandError (exit code 1) when it can't be read or saved."""
        by = User.objects.filter(email__iexact=options["by"], role=UserRole.COORDINATOR, is_active=True).first()
        if by is None:
            raise CommandError(f"No coordinator has the address {options['by']}.")
        with translation.override("en"), transaction.atomic():
            kept = self.read(options["file"], options["column"], by)
            self.tell(kept)
            if options["dry_run"]:
                transaction.set_rollback(True)
                self.stdout.write("Nothing is saved (--dry-run).")
            else:
                self.save(kept, by)

    def read(self, path: Path, columns: list[str], by: User) -> ListImport:
        """The list with a verdict for each row. Raises CommandError when it can't be read."""
        try:
            with path.open("rb") as file:
                content = file.read(settings.IMPORT_MAX_BYTES + 1)
            table = open_table(path.name, content)
        except OSError as error:
            raise CommandError(f"{path} can't be opened: {error.strerror}.") from error
        except UnreadableFile as unreadable:
            raise CommandError(str(unreadable)) from unreadable
        mapping = self.choose_columns(table, columns)
        kept = actions.upload_list(self.spec.kind, table, file_name=path.name, content=content, by=by)
        actions.map_columns(kept, mapping=mapping, is_complete=False)
        actions.read_import(kept.pk)
        kept.refresh_from_db()
        if kept.state != ImportState.READY:
            raise CommandError(kept.refusal)
        return kept

    def choose_columns(self, table: TableReader, columns: list[str]) -> dict[str, int]:
        """Field → place of its column: as the options say, else as the portal guesses. Raises CommandError."""
        mapping = guess_columns(self.spec, table.labels)
        keys = [heading_key(label) for label in table.labels]
        fields = {field.name for field in self.spec.fields}
        for option in columns:
            name, _equals, heading = option.partition("=")
            if name not in fields or heading_key(heading) not in keys:
                raise CommandError(f"--column {option}: no such field, or no such column in the file.")
            mapping[name] = keys.index(heading_key(heading))
        form = ColumnsForm({name: str(place) for name, place in mapping.items()}, spec=self.spec, header=table.labels)
        if not form.is_valid():
            wrong = "; ".join(f"{name}: {' '.join(map(str, found))}" for name, found in form.errors.items())
            raise CommandError(f"{wrong} The file has: {', '.join(table.labels)}.")
        return form.mapping

    def tell(self, kept: ListImport) -> None:
        """Print how many rows have which verdict, and each row that can't be used."""
        counts = dict(kept.rows.order_by().values_list("verdict").annotate(Count("pk")))
        said = (*self.spec.verdicts, Verdict.UNCHANGED, Verdict.REFUSED)
        self.stdout.write(", ".join(f"{counts.get(verdict, 0)} {verdict.value}" for verdict in said) + ".")
        for row in kept.rows.filter(verdict=Verdict.REFUSED).order_by("line").iterator():
            place = f"Line {row.line}, {row.column}" if row.column else f"Line {row.line}"
            self.stderr.write(f"{place}: {self.spec.sentence(row)}")

    def save(self, kept: ListImport, by: User) -> None:
        """Save every change. Raises CommandError when that went wrong: then nothing is saved."""
        actions.choose_rows(kept, verdicts=list(self.spec.verdicts), by=by)
        actions.save_import(kept.pk)
        kept.refresh_from_db()
        if kept.state != ImportState.SAVED:
            raise CommandError(f"Nothing is saved. {kept.refusal}")
        self.stdout.write(self.style.SUCCESS(f"{sum(kept.saved.values())} rows are saved."))
