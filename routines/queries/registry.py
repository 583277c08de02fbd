"""The two registries: whom to call, what the law says, and which PDFs show an older wording of either."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from routines.models import (
    Contact,
    LegalReference,
    PlacedContact,
    PlacedReference,
    RegistryEntry,
    RoutineSection,
    RoutineVersion,
    RoutineVersionQuerySet,
)

Entry = TypeVar("Entry", bound=RegistryEntry)


def contacts() -> QuerySet[Contact]:
    """Whom to call, the most urgent first."""
    return Contact.objects.current().order_by("position", "name")


def contact_groups() -> list[tuple[str, list[Contact]]]:
    """The contacts by whom they are for: everybody, people at work, and then those who are exposed and the rest."""
    groups: dict[str, list[Contact]] = {"everybody": [], "at_work": [], "exposed": []}
    for contact in contacts():
        audience = contact.audience.lower()
        group = "at_work" if "yrkesverksam" in audience else "exposed"
        groups["everybody" if audience in ("", "alla") else group].append(contact)
    headings = {
        "everybody": _("Vid fara, och när du är orolig"),
        "at_work": _("Råd till dig i ditt arbete"),
        "exposed": _("Stöd att hänvisa till"),
    }
    return [(headings[name], rows) for name, rows in groups.items() if rows]


def laws() -> QuerySet[LegalReference]:
    """The places in the law that routines refer to, in the registry's order."""
    return LegalReference.objects.current().order_by("position", "label")


def fingerprint(entry: RegistryEntry) -> str:
    """What an entry says, as a hash: who edits it says what they began from."""
    said = [getattr(entry, name) for name in entry.EDITED]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def named(entry: Entry, name: str) -> Entry | None:
    """Another entry of the same registry with that name, retired or not, whatever its capitals."""
    others = type(entry)._default_manager.filter(**{f"{entry.NAMED_BY}__iexact": name}).exclude(pk=entry.pk)
    return others.order_by("-retired_at", "pk").last()


def load_entries(version: RoutineVersion) -> RoutineVersion:
    """Read the sections of `version` with the registries' entries as they are now, unless that is done: three to five
    queries. The PDF is made of these rows, and the revisions in them are what it printed."""
    prefetch_related_objects(
        [version],
        "sections__placed_contacts__contact",
        "sections__placed_references__reference",
    )
    return version


# --- PDFs with an older wording -----------------------------------------------------------------------------------

# A row without a revision belongs to a PDF of which nobody knows what it shows.
_OLD_CONTACT = Q(printed_revision__isnull=True) | Q(printed_revision__lt=F("contact__revision"))
_OLD_REFERENCE = Q(printed_revision__isnull=True) | Q(printed_revision__lt=F("reference__revision"))


def stale_versions() -> RoutineVersionQuerySet:
    """Versions in force whose PDF shows something else than the registries say now."""
    found: RoutineVersionQuerySet = RoutineVersion.objects.in_force().filter(
        Exists(PlacedContact.objects.filter(_OLD_CONTACT, section__version=OuterRef("pk")))
        | Exists(PlacedReference.objects.filter(_OLD_REFERENCE, section__version=OuterRef("pk")))
    )
    return found


def is_stale(version: RoutineVersion) -> bool:
    """Whether the version is in force and its PDF shows something else than the registries say now."""
    return stale_versions().filter(pk=version.pk).exists()


def changed_since_printed(versions: Collection[RoutineVersion]) -> dict[int, list[str]]:
    """What the PDF of each version shows in an older wording, by the version's key: two queries for any number."""
    changed: dict[int, list[str]] = defaultdict(list)
    in_versions = Q(section__version__in=[version.pk for version in versions])
    placed_contacts = PlacedContact.objects.filter(_OLD_CONTACT, in_versions)
    for key, name in placed_contacts.order_by("contact__position", "contact__name").values_list(
        "section__version_id", "contact__name"
    ):
        changed[key].append(name)
    placed_references = PlacedReference.objects.filter(_OLD_REFERENCE, in_versions).select_related("reference")
    for key, reference in (
        (row.section.version_id, row.reference)
        for row in placed_references.select_related("section").order_by("reference__position", "reference__label")
    ):
        changed[key].append(str(reference))
    return {key: list(dict.fromkeys(names)) for key, names in changed.items()}


def changed_on_page(sections: Iterable[RoutineSection]) -> list[str]:
    """The same for the loaded sections of one version in force, without a query."""
    names = []
    for section in sections:
        for contact_row in section.placed_contacts.all():
            if (contact_row.printed_revision or 0) < contact_row.contact.revision:
                names.append(str(contact_row.contact))
        for reference_row in section.placed_references.all():
            if (reference_row.printed_revision or 0) < reference_row.reference.revision:
                names.append(str(reference_row.reference))
    return list(dict.fromkeys(names))


def printed_in(entry: RegistryEntry) -> int:
    """How many routines in force an entry is placed in."""
    place = "placed_contacts__contact" if isinstance(entry, Contact) else "placed_references__reference"
    in_sections = RoutineSection.objects.filter(**{place: entry.pk})
    return RoutineVersion.objects.in_force().filter(Exists(in_sections.filter(version=OuterRef("pk")))).count()
