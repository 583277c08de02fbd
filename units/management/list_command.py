"""What the commands that import a list of people have in common; one for each ImportSpec."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla.tables import TableReader, UnreadableFile, open_table
from units import actions
from units.forms import ColumnsForm
from units.imports.lists import ImportSpec, guess_columns, heading_key
from units.models import ImportState, ListImport, User, UserRole, Verdict


class ListCommand(BaseCommand):
    """Reads the file, says what it would change, and saves that unless a row can't be used.

    All of it is one transaction: the worker never sees the import, and whatever stops it leaves nothing behind.
    """

    spec: ClassVar[ImportSpec]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and what to do with it."""
        names = ", ".join(field.name for field in self.spec.fields)
        parser.add_argument("file", type=Path, metavar="FILE", help=_("listan, som .csv eller .xlsx"))
        parser.add_argument("--by", required=True, metavar="EMAIL", help=_("samordnaren som importerar"))
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=HEADING",
            help=_("var ett fält står, om rubriken inte säger det: %(names)s") % {"names": names},
        )
        parser.add_argument("--skip-bad", action="store_true", help=_("läs in de andra raderna när någon har fel"))
        parser.add_argument("--dry-run", action="store_true", help=_("säg vad som skulle hända, men spara inget"))
        if self.spec.asks_if_complete:
            parser.add_argument("--complete", action="store_true", help=_("listan har alla som arbetar i enheterna"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file. Raises CommandError (exit code 1) when it is refused."""
        by = User.objects.filter(email__iexact=options["by"], role=UserRole.COORDINATOR, is_active=True).first()
        if by is None:
            raise CommandError(_("Ingen samordnare har adressen %(email)s.") % {"email": options["by"]})
        with transaction.atomic():
            kept = self.read(options, by)
            bad = self.tell(kept)
            if bad and not options["skip_bad"]:
                raise CommandError(_("Inget är inläst. Rätta raderna, eller hoppa över dem med --skip-bad."))
            if options["dry_run"]:
                transaction.set_rollback(True)
                self.stdout.write(_("Inget är sparat (--dry-run)."))
                return
            actions.choose_rows(kept, verdicts=list(self.spec.verdicts), by=by)
            actions.save_import(kept.pk)
            kept.refresh_from_db()
            if kept.state != ImportState.SAVED:
                raise CommandError(kept.refusal)
        count = sum(kept.saved.values())
        self.stdout.write(self.style.SUCCESS(_("%(count)s ändringar är sparade.") % {"count": count}))

    def read(self, options: dict[str, Any], by: User) -> ListImport:
        """The list with a verdict for each row. Raises CommandError when it can't be read."""
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                content = file.read(settings.IMPORT_MAX_BYTES + 1)
            table = open_table(path.name, content)
        except OSError as error:
            raise CommandError(
                _("%(file)s går inte att öppna: %(reason)s.") % {"file": path, "reason": error.strerror}
            ) from error
        except UnreadableFile as unreadable:
            raise CommandError(str(unreadable)) from unreadable
        kept = actions.upload_list(self.spec.kind, table, file_name=path.name, content=content, by=by)
        mapping = self.columns(table, options["column"])
        actions.map_columns(kept, mapping=mapping, is_complete=options.get("complete", False))
        actions.read_import(kept.pk)
        kept.refresh_from_db()
        if kept.refusal:
            raise CommandError(kept.refusal)
        return kept

    def columns(self, table: TableReader, chosen: list[str]) -> dict[str, int]:
        """Field → place of its column. Raises CommandError for what isn't there."""
        columns = guess_columns(self.spec, table.labels)
        keys = [heading_key(label) for label in table.labels]
        fields = {field.name for field in self.spec.fields}
        for choice in chosen:
            name, _equals, heading = choice.partition("=")
            if name not in fields or heading_key(heading) not in keys:
                raise CommandError(_("”%(choice)s” är inget fält och ingen rubrik i filen.") % {"choice": choice})
            columns[name] = keys.index(heading_key(heading))
        form = ColumnsForm({name: str(place) for name, place in columns.items()}, spec=self.spec, header=table.labels)
        if not form.is_valid():
            raise CommandError("\n".join(f"{name}: {' '.join(map(str, found))}" for name, found in form.errors.items()))
        return form.mapping

    def tell(self, kept: ListImport) -> int:
        """Say how many rows there are of each sort and what is wrong with which; return how many are wrong."""
        counts = Counter(kept.rows.values_list("verdict", flat=True))
        found = [verdict for verdict in Verdict if counts[verdict]]
        self.stdout.write(", ".join(f"{verdict.label}: {counts[verdict]}" for verdict in found) + ".")
        for row in kept.rows.filter(verdict=Verdict.REFUSED).order_by("line").iterator():
            values = {"line": row.line, "column": row.column, "reason": self.spec.sentence(row)}
            line = _("Rad %(line)s, %(column)s: %(reason)s") if row.column else _("Rad %(line)s: %(reason)s")
            self.stderr.write(line % values)
        return counts[Verdict.REFUSED]
