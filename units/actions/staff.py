"""Saving a staff list: the rows that somebody chose, some thousand at a time."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.imports.lists import ImportSpec, batches, register
from units.imports.staff import judge_staff
from units.imports.staff_columns import FIELDS, REASONS, cells_of_staff, columns_of_staff, doubtful_staff
from units.models import ImportKind, ImportRow, ListImport, Membership, MembershipRole, Unit, User, UserRole, Verdict

ROWS_AT_ONCE = 2_000
# bulk_update writes a WHEN for each row, and looks at all of them for each.
UPDATES_AT_ONCE = 500

Data = dict[str, Any]


def save_staff(list_import: ListImport, rows: Iterable[ImportRow]) -> dict[str, int]:
    """Let people join, move, leave and change their names; how many of each verdict that changed something.

    What has been done since the list was read is passed over. Whoever joins becomes a member, and a closed account
    is opened again: the employer says that the person works there. The units are locked first, so that somebody who
    adds a person by hand (units.actions.add_person locks the unit too) waits until this transaction ends.
    """
    _lock_units(list_import)
    saved: Counter[str] = Counter()
    for batch in batches(rows, ROWS_AT_ONCE):
        by_verdict: dict[str, list[Data]] = {}
        for row in batch:
            by_verdict.setdefault(row.verdict, []).append(row.data)
        moves = by_verdict.get(Verdict.MOVE, [])
        saved[Verdict.LEAVER] += _end(by_verdict.get(Verdict.LEAVER, []))
        _end(moves)
        saved[Verdict.MOVE] += _begin(moves)
        saved[Verdict.JOINER] += _begin(by_verdict.get(Verdict.JOINER, []))
        saved[Verdict.RENAMED] += _rename(by_verdict.get(Verdict.RENAMED, []))
    return {verdict: count for verdict, count in saved.items() if count}


def _lock_units(list_import: ListImport) -> None:
    """Let nobody else change who works in the units of the list. NO KEY: steps may be logged there meanwhile."""
    pks: set[int] = set()
    for name in ("data__unit_id", "data__from_id"):
        named = list_import.rows.filter(verdict__in=list_import.chosen, **{f"{name}__isnull": False})
        pks |= set(named.order_by().values_list(name, flat=True).distinct())
    list(Unit.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk").values_list("pk"))


def _end(rows: list[Data]) -> int:
    """End the memberships, those that still hold; how many that were."""
    days = {row["membership"]: dt.date.fromisoformat(row["on"]) for row in rows}
    holds = Q(ended_on__isnull=True) | Q(ended_on__gt=clock.today())
    # Somebody whose personal data became protected meanwhile doesn't leave because a list lacks them.
    unsaid = Q(pk__in=[row["membership"] for row in rows if row.get("unsaid")])
    found = Membership.objects.filter(holds, pk__in=days).exclude(unsaid & Q(user__is_protected=True))
    ending = []
    for membership in found.select_for_update(of=("self",)).order_by("pk"):
        membership.ended_on = max(days[membership.pk], membership.started_on)
        ending.append(membership)
    Membership.objects.bulk_update(ending, ["ended_on"], batch_size=UPDATES_AT_ONCE)
    return len(ending)


def _begin(rows: list[Data]) -> int:
    """Put the people in their units, those who aren't there; how many that were."""
    users = _accounts(rows)
    earlier: dict[tuple[int, int], list[Membership]] = {}
    for membership in Membership.objects.filter(user__in=[user.pk for user in users.values()]):
        earlier.setdefault((membership.user_id, membership.unit_id), []).append(membership)
    beginning = {}
    for row in rows:
        user = users[row["email"]]
        place = (user.pk, row["unit_id"])
        if user.role == UserRole.READER or place in beginning:
            continue
        # Somebody who comes back begins when the last time ended, or later; one who is there already is there.
        ends = [membership.ended_on for membership in earlier.get(place, [])]
        day = max([dt.date.fromisoformat(row["on"]), *(end for end in ends if end)])
        if None not in ends and day <= clock.today():
            beginning[place] = Membership(user=user, unit_id=row["unit_id"], role=MembershipRole.MEMBER, started_on=day)
    Membership.objects.bulk_create(beginning.values())
    closed = [membership.user_id for membership in beginning.values() if not membership.user.is_active]
    User.objects.filter(pk__in=closed).update(is_active=True)
    return len(beginning)


def _accounts(rows: list[Data]) -> dict[str, User]:
    """E-mail → the person's account, made where there is none, also when somebody else makes it at this moment."""
    names = {row["email"]: row["name"] for row in rows}
    users = _users(list(names))
    no_password = make_password(None)
    new = [User(email=email, name=name, password=no_password) for email, name in names.items() if email not in users]
    User.objects.bulk_create(new, ignore_conflicts=True)
    return users | _users([user.email for user in new])


def _users(emails: list[str]) -> dict[str, User]:
    keyed = User.objects.annotate(key=Lower("email")).filter(key__in=emails)
    return {user.key: user for user in keyed}


def _rename(rows: list[Data]) -> int:
    """Give the people the names in the list; how many got another."""
    users = _users([row["email"] for row in rows])
    renamed = []
    for row in rows:
        user = users.get(row["email"])
        if user and user.name != row["name"]:
            user.name = row["name"]
            renamed.append(user)
    User.objects.bulk_update(renamed, ["name"], batch_size=UPDATES_AT_ONCE)
    return len(renamed)


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
