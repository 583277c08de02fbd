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
from units.imports.lists import ImportSpec, guess_columns, heading_key
from units.models import ImportState, ListImport, User, UserRole, Verdict

NAMES = {
    Verdict.JOINER: "joiners",
    Verdict.MOVE: "moves",
    Verdict.LEAVER: "leavers",
    Verdict.RENAMED: "renamed",
    Verdict.COMPLETED: "completed",
    Verdict.UNCHANGED: "unchanged",
    Verdict.REFUSED: "refused",
}


class ListCommand(BaseCommand):
    """Reads the file, says what it would change, and saves that: all of it or nothing. Refused rows are passed over.

    It is one transaction: the worker never sees the import, and whatever stops it leaves nothing behind.
    """

    spec: ClassVar[ImportSpec]
    # Whether what is saved says who recorded it.
    needs_person: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and what to do with it."""
        fields = ", ".join(field.name for field in self.spec.fields)
        sorts = ",".join(NAMES[verdict] for verdict in self.spec.verdicts)
        parser.add_argument("file", type=Path, metavar="FILE", help="the list, as .csv or .xlsx")
        parser.add_argument(
            "--by", required=self.needs_person, metavar="EMAIL", help="the coordinator who imports the list"
        )
        parser.add_argument(
            "--column", action="append", default=[], metavar="FIELD=HEADING", help=f"the column of a field: {fields}"
        )
        parser.add_argument("--without", default="", metavar="SORTS", help=f"what not to save: {sorts}")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and save nothing")
        if self.spec.asks_if_complete:
            parser.add_argument("--partial", action="store_true", help="the list has some of the staff: nobody leaves")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file. Raises CommandError (exit code 1) when it can't be read or saved."""
        by = self.person(options["by"]) if options["by"] else None
        chosen = self.choose_sorts({name for name in options["without"].split(",") if name})
        is_complete = not options.get("partial", True)
        with translation.override("en"), transaction.atomic():
            kept = self.read(options["file"], columns=options["column"], is_complete=is_complete, by=by)
            self.tell(kept)
            if options["dry_run"]:
                transaction.set_rollback(True)
                self.stdout.write("Nothing is saved (--dry-run).")
            else:
                self.save(kept, chosen, by)

    def person(self, email: str) -> User:
        """The coordinator with this address. Raises CommandError when there is none."""
        by = User.objects.filter(email__iexact=email, role=UserRole.COORDINATOR, is_active=True).first()
        if by is None:
            raise CommandError(f"No coordinator has the address {email}.")
        return by

    def choose_sorts(self, unwanted: set[str]) -> list[Verdict]:
        """The verdicts to save: all but the unwanted. Raises CommandError for a name that isn't one of them."""
        if unknown := unwanted - {NAMES[verdict] for verdict in self.spec.verdicts}:
            raise CommandError(f"Unknown sort of change: {', '.join(sorted(unknown))}.")
        return [verdict for verdict in self.spec.verdicts if NAMES[verdict] not in unwanted]

    def read(self, path: Path, *, columns: list[str], is_complete: bool, by: User | None) -> ListImport:
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
        actions.map_columns(kept, mapping=mapping, is_complete=is_complete)
        actions.read_import(kept.pk)
        kept.refresh_from_db()
        if kept.state != ImportState.READY:
            raise CommandError(kept.refusal)
        return kept

    def choose_columns(self, table: TableReader, columns: list[str]) -> dict[str, int]:
        """Field → place of its column: as the options say, else as the portal guesses. Raises CommandError."""
        places = {heading_key(label): place for place, label in reversed(list(enumerate(table.labels)))}
        mapping = guess_columns(self.spec, table.labels)
        fields = {field.name for field in self.spec.fields}
        for option in columns:
            name, _equals, heading = option.partition("=")
            if name not in fields or heading_key(heading) not in places:
                raise CommandError(f"--column {option}: no such field, or no such column in the file.")
            mapping[name] = places[heading_key(heading)]
        missing = [field.name for field in self.spec.fields if field.required and field.name not in mapping]
        if self.spec.either and not any(set(group) <= set(mapping) for group in self.spec.either):
            missing.append(self.spec.either[0][0])
        if missing:
            raise CommandError(f"Missing columns: {', '.join(missing)}. The file has: {', '.join(table.labels)}.")
        return mapping

    def tell(self, kept: ListImport) -> None:
        """Print how many rows have which verdict, each row that can't be used, and what looks doubtful."""
        counts = dict(kept.rows.order_by().values_list("verdict").annotate(Count("pk")))
        told = (*self.spec.verdicts, Verdict.UNCHANGED, Verdict.REFUSED)
        self.stdout.write(", ".join(f"{counts.get(verdict, 0)} {NAMES[verdict]}" for verdict in told) + ".")
        for row in kept.rows.filter(verdict=Verdict.REFUSED).order_by("line").iterator():
            place = f"Line {row.line}, {row.column}" if row.column else f"Line {row.line}"
            self.stderr.write(f"{place}: {self.spec.sentence(row)}")
        for sentence in self.spec.doubtful(kept, counts).values():
            self.stderr.write(self.style.WARNING(sentence))

    def save(self, kept: ListImport, chosen: list[Verdict], by: User | None) -> None:
        """Save the chosen sorts of changes. Raises CommandError when that went wrong: then nothing is saved."""
        actions.choose_rows(kept, verdicts=chosen, by=by)
        actions.save_import(kept.pk)
        kept.refresh_from_db()
        if kept.state != ImportState.SAVED:
            raise CommandError(f"Nothing is saved. {kept.refusal}")
        self.stdout.write(self.style.SUCCESS(f"{sum(kept.saved.values())} rows are saved."))
