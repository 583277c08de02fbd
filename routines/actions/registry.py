"""The two registries: contacts and legal references."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from jarfalla import clock
from routines import queries
from routines.models import Contact, LegalReference, PlacedContact, PlacedReference, RegistryEntry, RoutineVersion
from units.models import Refused, User

Entry = TypeVar("Entry", bound=RegistryEntry)

_SEED = Path(__file__).resolve().parent.parent / "seed"
FIRST_CONTACTS = _SEED / "kontakter.csv"
FIRST_LAWS = _SEED / "lagrum.csv"


@transaction.atomic
def add_entry(entry: Entry, *, by: User, is_checked: bool = False) -> Entry:
    """Put a new contact or law last in its registry; the same one sent twice is one.

    One with the same name that was taken out comes back, with what is written now. Raises Refused when the name is
    taken.
    """
    _lock_names(entry)
    name = getattr(entry, entry.NAMED_BY)
    if twin := queries.named(entry, name):
        if twin.retired_at is None:
            if queries.fingerprint(twin) == queries.fingerprint(entry):
                return twin
            raise Refused(_("”%(name)s” finns redan.") % {"name": name})
        return _bring_back(_locked(twin), entry, by=by, is_checked=is_checked)
    last = type(entry)._default_manager.aggregate(last=Max("position"))["last"] or 0
    entry.position = min(last + 1, 32_000)
    if is_checked:
        entry.checked_on, entry.checked_by = clock.today(), by
    entry.save()
    return entry


@transaction.atomic
def change_entry(
    entry: Entry, values: Mapping[str, str], *, by: User, seen: str = "", is_checked: bool = False
) -> Entry:
    """Write what a contact or a law says now; the same once more changes nothing.

    What stands in PDFs and changes without being checked counts as not checked. `seen` is the fingerprint of what the
    writer began from. Raises Refused when somebody else has changed it since, when the name is taken, and when it has
    been taken out of the registry.
    """
    _lock_names(entry)
    entry = _locked(entry)
    _refuse_retired(entry)
    changed = [name for name, value in values.items() if getattr(entry, name) != value]
    if changed and seen and seen != queries.fingerprint(entry):
        raise Refused(
            _("Någon annan har ändrat uppgifterna medan du skrev. Det du skrev står kvar. Spara igen om det ska gälla.")
        )
    if entry.NAMED_BY in changed and queries.named(entry, values[entry.NAMED_BY]):
        raise Refused(_("”%(name)s” finns redan.") % {"name": values[entry.NAMED_BY]})
    for name in changed:
        setattr(entry, name, values[name])
    is_printed_anew = bool(set(changed) & set(entry.PRINTED))
    if is_printed_anew and not is_checked:
        entry.checked_on = entry.checked_by = None
    _check(entry, is_checked=is_checked, is_printed_anew=is_printed_anew, by=by)
    entry.save()
    return entry


@transaction.atomic
def check_entry(entry: Entry, *, by: User) -> Entry:
    """A person has called or looked it up today: everything about the contact or the law is right.

    Raises Refused when it has been taken out of the registry.
    """
    entry = _locked(entry)
    _refuse_retired(entry)
    if entry.checked_on != clock.today():
        _check(entry, is_checked=True, is_printed_anew=False, by=by)
        entry.save()
    return entry


@transaction.atomic
def retire_entry(entry: Entry, *, by: User) -> Entry:
    """Take a contact or a law out of its registry: no page shows it and no new version carries it. PDFs that do are
    marked. Return it as it is when that is done already."""
    entry = _locked(entry)
    if entry.retired_at is None:
        entry.retired_at, entry.retired_by = clock.now(), by
        entry.revision += 1
        entry.save()
    return entry


def note_printed(version: RoutineVersion) -> None:
    """Keep which wording of each registry entry the PDF of `version` shows; called by its publication, before the
    version is in force.

    The rows are those that the PDF was made of (queries.load_entries reads them once): an entry that is changed
    meanwhile has a higher revision than what is written here, so that the PDF counts as old the moment it is stored.
    """
    sections = queries.load_entries(version).sections.all()
    placed_contacts = [row for section in sections for row in section.placed_contacts.all()]
    for contact_row in placed_contacts:
        contact_row.printed_revision = contact_row.contact.revision
    PlacedContact.objects.bulk_update(placed_contacts, ["printed_revision"])
    placed_references = [row for section in sections for row in section.placed_references.all()]
    for reference_row in placed_references:
        reference_row.printed_revision = reference_row.reference.revision
    PlacedReference.objects.bulk_update(placed_references, ["printed_revision"])


def _locked(entry: Entry) -> Entry:
    """The entry as it is now, locked until the transaction ends."""
    return type(entry)._default_manager.select_for_update(of=("self",)).get(pk=entry.pk)


def _lock_names(entry: RegistryEntry) -> None:
    """Nobody else gives an entry of the same registry a name until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [entry._meta.db_table])


def _refuse_retired(entry: RegistryEntry) -> None:
    if entry.retired_at:
        raise Refused(_("Det har tagits bort och används inte längre."))


def _check(entry: RegistryEntry, *, is_checked: bool, is_printed_anew: bool, by: User) -> None:
    """Date the entry if it was checked, and count what a PDF would print otherwise now: "inte kontrollerad" is print
    too, so the first check counts and the later ones don't."""
    if is_printed_anew or (is_checked and entry.checked_on is None):
        entry.revision += 1
    if is_checked:
        entry.checked_on, entry.checked_by = clock.today(), by


def _bring_back(entry: Entry, wanted: Entry, *, by: User, is_checked: bool) -> Entry:
    """An entry that was taken out is used again, with what `wanted` says."""
    for name in entry.EDITED:
        setattr(entry, name, getattr(wanted, name))
    entry.retired_at = entry.retired_by = entry.checked_on = entry.checked_by = None
    _check(entry, is_checked=is_checked, is_printed_anew=True, by=by)
    entry.save()
    return entry


@transaction.atomic
def seed_contacts() -> int:
    """Put the contacts of routines/seed/kontakter.csv in the registry; return how many were new.

    None of them counts as checked, and a name that is there already stays as the municipality has made it.
    """
    with FIRST_CONTACTS.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    made = [
        Contact.objects.get_or_create(
            name=row["namn"],
            defaults={
                "phone": row["telefon"],
                "web": row["webb"],
                "hours": row["oppettider"],
                "audience": row["malgrupp"],
                "source": row["kalla"],
                "position": position,
            },
        )[1]
        for position, row in enumerate(rows, start=1)
    ]
    return sum(made)


@transaction.atomic
def seed_legal_references() -> int:
    """Put the places in the law of routines/seed/lagrum.csv in the registry; return how many were new.

    None of them counts as checked, and one that is there already stays as the municipality has made it.
    """
    with FIRST_LAWS.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    made = [
        LegalReference.objects.get_or_create(
            label=row["beteckning"],
            defaults={"law": row["lag"], "place": row["lagrum"], "about": row["handlar_om"], "position": position},
        )[1]
        for position, row in enumerate(rows, start=1)
    ]
    return sum(made)
