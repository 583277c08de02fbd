"""Staff lists for tests: read and saved as the worker does it."""

import datetime as dt

from jarfalla.tables import open_table
from tests import factories
from units import actions
from units.actions.staff import STAFF
from units.imports.lists import guess_columns
from units.models import (
    ImportKind,
    ImportState,
    ListImport,
    MembershipRole,
    Unit,
    User,
    Verdict,
)

HEADER = "E-post;Namn;Enhet;Från och med;Slutdatum"
PERSONAL_NUMBER = "850709-9805"  # a test number
LONG_AGO = dt.date(2020, 1, 1)


def read(text: str, *, is_complete: bool = True, header: str = HEADER, by: User | None = None) -> ListImport:
    """The list as the worker leaves it, with its columns as the portal guesses them."""
    content = f"{header}\n{text}".encode()
    table = open_table("personal.csv", content)
    kept = actions.upload_list(ImportKind.STAFF, table, file_name="personal.csv", content=content, by=by)
    actions.map_columns(kept, mapping=guess_columns(STAFF, kept.header), is_complete=is_complete)
    assert actions.read_import(kept.pk)
    return ListImport.objects.get(pk=kept.pk)


def save(kept: ListImport, *, without: tuple[Verdict, ...] = (), by: User | None = None) -> ListImport:
    """The same list, saved by the worker."""
    chosen = [verdict for verdict in STAFF.verdicts if verdict not in without]
    actions.choose_rows(kept, verdicts=chosen, by=by)
    assert actions.save_import(kept.pk)
    kept = ListImport.objects.get(pk=kept.pk)
    assert kept.state == ImportState.SAVED, kept.refusal
    return kept


def verdicts(kept: ListImport) -> list[tuple[str, str, str]]:
    """Verdict, e-mail and unit of each row."""
    rows = kept.rows.order_by("verdict", "line", "pk")
    return [(row.verdict, row.data.get("email", ""), row.data.get("unit", "")) for row in rows]


def refusals(kept: ListImport) -> list[tuple[int | None, str, str]]:
    """Line, column and reason of each refused row."""
    return [(row.line, row.column, STAFF.sentence(row)) for row in kept.rows.filter(verdict="refused").order_by("line")]


def works_in(unit: Unit, email: str, *, name: str = "Anna Ek", role: MembershipRole = MembershipRole.MEMBER) -> User:
    return actions.add_person(unit, name=name, email=email, role=role, started_on=LONG_AGO, by=factories.user()).user


def present(unit: Unit) -> set[str]:
    return set(unit.memberships.present().values_list("user__email", flat=True))
