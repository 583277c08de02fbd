"""The registry of contacts."""

import csv
from pathlib import Path

from django.db import transaction

from jarfalla import clock
from routines.models import Contact
from units.models import User

FIRST_CONTACTS = Path(__file__).resolve().parent.parent / "seed" / "kontakter.csv"


@transaction.atomic
def check_contact(contact: Contact, *, by: User) -> Contact:
    """A person has called or looked it up today: number, hours and the rest are right."""
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    if contact.checked_on != clock.today():
        contact.checked_on, contact.checked_by = clock.today(), by
        contact.save()
    return contact


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
