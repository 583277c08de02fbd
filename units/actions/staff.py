"""Saving a staff list: the rows that somebody chose, slice by slice, each with a few statements.

Written as SQL, because the ORM would carry every row to Python and back, three times as slowly: 50,000 people are to
be saved while somebody waits. The rows of the import lie in the same database, so each statement reads them there.
What is written is an account with the model's own defaults, and places in units; the history is kept by triggers,
whoever writes (units.models.people). tests/units/test_imports_staff.py holds the statements to their rules.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.imports.lists import ImportSpec, Slice, register
from units.imports.staff import judge_staff
from units.imports.staff_columns import FIELDS, REASONS, cells_of_staff, columns_of_staff, doubtful_staff
from units.models import ImportKind, ListImport, MembershipRole, Unit, User, UserRole, Verdict

# The rows of one slice with one verdict: "on" is the day, and "membership" the place that ends.
_CHOSEN = """
    chosen AS (
        SELECT id, data->>'email' AS email, data->>'name' AS name, (data->>'unit_id')::bigint AS unit_id,
               (data->>'on')::date AS day, (data->>'membership')::bigint AS membership_id,
               coalesce((data->>'unsaid')::boolean, FALSE) AS is_unsaid
        FROM units_importrow
        WHERE list_import_id = %(list_import)s AND id BETWEEN %(first)s AND %(last)s
        AND verdict = %(verdict)s AND NOT is_excluded
    )
"""
# The memberships that still hold. Somebody whose personal data became protected meanwhile doesn't leave because a
# list lacks them.
_END = f"""
    WITH {_CHOSEN}
    UPDATE units_membership AS membership
    SET ended_on = greatest(chosen.day, membership.started_on)
    FROM chosen, units_user AS person
    WHERE membership.id = chosen.membership_id AND person.id = membership.user_id
    AND (membership.ended_on IS NULL OR membership.ended_on > %(today)s)
    AND NOT (chosen.is_unsaid AND person.is_protected)
"""  # noqa: S608  nothing but our own text is put together
# An account for whoever has none, also when somebody else makes it at this moment: then we wait, and take theirs.
# The columns and their values are those of the model (`_new_account`).
_OPEN_ACCOUNTS = f"""
    WITH {_CHOSEN}
    INSERT INTO units_user (email, name, {{columns}})
    SELECT DISTINCT ON (email) email, name, {{values}} FROM chosen ORDER BY email, id
    ON CONFLICT DO NOTHING
"""  # noqa: S608  nothing but our own text is put together
# Somebody who comes back begins when the last time ended, or later; one who is there already is there. Whoever reads
# figures belongs to no unit.
_BEGIN = f"""
    WITH {_CHOSEN}
    INSERT INTO units_membership (user_id, unit_id, role, started_on)
    SELECT DISTINCT ON (person.id, chosen.unit_id) person.id, chosen.unit_id, %(member)s,
           greatest(chosen.day, earlier.last_end)
    FROM chosen
    JOIN units_user AS person ON lower(person.email) = chosen.email
    CROSS JOIN LATERAL (
        SELECT max(ended_on) AS last_end, coalesce(bool_or(ended_on IS NULL), FALSE) AS is_there
        FROM units_membership AS earlier
        WHERE earlier.user_id = person.id AND earlier.unit_id = chosen.unit_id
    ) AS earlier
    WHERE person.role <> %(reader)s AND NOT earlier.is_there AND greatest(chosen.day, earlier.last_end) <= %(today)s
    ORDER BY person.id, chosen.unit_id, chosen.id
    RETURNING user_id
"""  # noqa: S608  nothing but our own text is put together
_RENAME = f"""
    WITH {_CHOSEN}
    UPDATE units_user AS person SET name = chosen.name FROM chosen
    WHERE lower(person.email) = chosen.email AND person.name <> chosen.name
"""  # noqa: S608  nothing but our own text is put together


def save_staff(list_import: ListImport, slices: Iterable[Slice]) -> dict[str, int]:
    """Let people join, move, leave and change their names; how many of each verdict that changed something.

    What has been done since the list was read is passed over. Whoever joins becomes a member, and a closed account
    is opened again: the employer says that the person works there. The units are locked first, so that somebody who
    adds a person by hand (units.actions.add_person locks the unit too) waits until this transaction ends.
    """
    _lock_units(list_import)
    save = _StaffSaver()
    saved: Counter[str] = Counter()
    for part in slices:
        for verdict in list_import.chosen:
            saved[verdict] += save.rows(part, Verdict(verdict))
    return {verdict: count for verdict, count in saved.items() if count}


def _lock_units(list_import: ListImport) -> None:
    """Let nobody else change who works in the units of the list. NO KEY: steps may be logged there meanwhile."""
    pks: set[int] = set()
    for name in ("data__unit_id", "data__from_id"):
        named = list_import.rows.filter(verdict__in=list_import.chosen, **{f"{name}__isnull": False})
        pks |= set(named.order_by().values_list(name, flat=True).distinct())
    list(Unit.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk").values_list("pk"))


class _StaffSaver:
    """Saves slices, and holds what is the same for each of them."""

    def __init__(self) -> None:
        defaults = _new_account()
        self.open_accounts = _OPEN_ACCOUNTS.format(
            columns=", ".join(connection.ops.quote_name(column) for column in defaults),
            values=", ".join(f"%({column})s" for column in defaults),
        )
        self.values: dict[str, Any] = {
            **defaults,
            "today": clock.today(),
            "member": MembershipRole.MEMBER.value,
            "reader": UserRole.READER.value,
        }

    def rows(self, part: Slice, verdict: Verdict) -> int:
        """Save the rows of the slice with this verdict; how many that changed something."""
        values = {**self.values, "list_import": part.list_import.pk, "first": part.first, "last": part.last}
        values["verdict"] = verdict.value
        with connection.cursor() as cursor:
            if verdict in (Verdict.LEAVER, Verdict.MOVE):
                cursor.execute(_END, values)
            if verdict in (Verdict.JOINER, Verdict.MOVE):
                cursor.execute(self.open_accounts, values)
                cursor.execute(_BEGIN, values)
                begun = [user for (user,) in cursor.fetchall()]
                User.objects.filter(pk__in=begun, is_active=False).update(is_active=True)
                return len(begun)
            if verdict == Verdict.RENAMED:
                cursor.execute(_RENAME, values)
            return int(cursor.rowcount)


def _new_account() -> Mapping[str, Any]:
    """Column → value of an account that nobody has signed in to, but for its e-mail and its name."""
    account = User(password=make_password(None))
    fields = [field for field in User._meta.concrete_fields if field.name not in ("id", "email", "name")]
    return {field.attname: field.get_db_prep_save(getattr(account, field.attname), connection) for field in fields}


STAFF = register(
    ImportSpec(
        kind=ImportKind.STAFF,
        address="personal",
        fields=FIELDS,
        judge=judge_staff,
        save=save_staff,
        verdicts=(Verdict.JOINER, Verdict.MOVE, Verdict.LEAVER, Verdict.RENAMED),
        columns=columns_of_staff,
        cells=cells_of_staff,
        either=(("name",), ("first_name", "last_name")),
        either_refusal=_("Välj kolumnen med hela namnet, eller både förnamn och efternamn."),
        title=_("Importera personal"),
        about=(
            _("Hämta en personallista ur personalsystemet. Varje rad är en person i en enhet."),
            _("Listan ska ha e-postadress, namn och enhet. Från- och slutdatum får finnas."),
            _("Personnummer ska inte vara med."),
        ),
        asks_if_complete=True,
        doubtful=doubtful_staff,
        reasons=REASONS,
    )
)
