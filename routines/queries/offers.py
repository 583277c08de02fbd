"""What has changed in a template since a routine was made from it: offered to the unit, section by section."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from routines.models import DeclinedOffer, Routine, RoutineSection, RoutineVersion, TemplateSection, VersionState


class OfferKind(StrEnum):
    """How the routine and its template differ in one section."""

    CHANGED = "changed"
    NEW = "new"
    REMOVED = "removed"


@dataclass(frozen=True)
class Offer:
    """A section of which the template says something else than when the routine took it over.

    `ours` is the section in the routine, None when it has none; `theirs` the template's, None when that has none.
    """

    key: str
    ours: RoutineSection | None
    theirs: TemplateSection | None
    is_declined: bool = False

    @property
    def kind(self) -> OfferKind:
        """How the two differ."""
        if self.ours is None:
            return OfferKind.NEW
        return OfferKind.REMOVED if self.theirs is None else OfferKind.CHANGED

    @property
    def heading(self) -> str:
        """What the section is called, in the template before in the routine."""
        section = self.theirs or self.ours
        assert section is not None  # one of them is what the offer is about
        return section.heading

    @property
    def must_be_taken(self) -> bool:
        """Whether the unit has no choice: locked words, and what must stand in every routine but is missing."""
        if self.theirs is None:
            return False
        return self.theirs.is_locked or (self.theirs.is_mandatory and self.ours is None)

    @property
    def template_sha256(self) -> str:
        """What the template says, as the routine remembers it; "" when it says nothing any more."""
        return self.theirs.content_sha256() if self.theirs else ""

    @property
    def seen(self) -> str:
        """Exactly this choice, as a hash: an answer to another one than the page showed is not taken for this."""
        ours = self.ours
        content: list[object] = [self.kind, self.template_sha256]
        if ours:
            content += [ours.heading, ours.body, ours.cells, ours.is_mandatory, ours.is_locked, ours.is_acute]
            content += [sorted(row.contact_id for row in ours.placed_contacts.all())]
            content += [sorted(row.reference_id for row in ours.placed_references.all())]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def offered_version(routine: Routine) -> RoutineVersion | None:
    """The text that is compared with the template: the one on its way, else the one in force, else none."""
    return routine.being_written or routine.in_force


def template_offers(routine: Routine) -> list[Offer]:
    """Everything in which the template has changed, also what the unit has said no to, in the template's order."""
    version = offered_version(routine)
    return _offers(version) if version else []


def open_offers(routine: Routine) -> list[Offer]:
    """What the unit has not answered yet."""
    return [offer for offer in template_offers(routine) if not offer.is_declined]


def find_offer(routine: Routine, key: str) -> Offer | None:
    """The offer about one section; None when the routine and its template agree there."""
    return next((offer for offer in template_offers(routine) if offer.key == key), None)


def locked_behind(version: RoutineVersion) -> list[str]:
    """The headings of what the unit must take over before the version can be submitted: locked sections of which the
    template says something else now, and what every routine must have and this one lacks."""
    return [offer.heading for offer in _offers(version) if offer.must_be_taken]


def open_offer_counts(routines: Iterable[Routine]) -> dict[int, int]:
    """How many changes wait for an answer, by routine; those with none are left out. Five queries for any number of
    routines whose `versions` are prefetched."""
    routines = list(routines)
    compared = {row.pk: version for row in routines if (version := offered_version(row))}
    wanted = _current_hashes(row.template_id for row in routines)
    templates = {row.pk: row.template_id for row in routines}
    declined = {
        (row.routine_id, row.key, row.template_sha256)
        for row in DeclinedOffer.objects.filter(routine__in=compared.keys())
    }
    had: dict[int, dict[str, str]] = defaultdict(dict)
    sections = RoutineSection.objects.filter(version__in=[version.pk for version in compared.values()])
    for version_id, key, sha256 in sections.values_list("version", "key", "template_sha256"):
        had[version_id][key] = sha256
    counts = {}
    for pk, version in compared.items():
        says = wanted.get(templates[pk] or 0)
        if says is None:
            continue
        changed = _differing(says, had[version.pk])
        if open_ := [key for key in changed if (pk, key, says.get(key, "")) not in declined]:
            counts[pk] = len(open_)
    return counts


def drops_decisions(version: RoutineVersion) -> bool:
    """Whether taking something over takes the version back from those who review or approve it."""
    return version.state in (VersionState.IN_REVIEW, VersionState.ENDORSED)


def _current_hashes(template_ids: Iterable[int | None]) -> dict[int, dict[str, str]]:
    """What each section of each template in use says, as a hash, by template and key."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    sections = TemplateSection.objects.filter(
        template__in={pk for pk in template_ids if pk}, template__retired_at__isnull=True
    )
    for section in sections.order_by("position").prefetch_related("contacts", "legal_references"):
        found[section.template_id][section.key] = section.content_sha256()
    return found


def _differing(says: dict[str, str], had: dict[str, str]) -> list[str]:
    """The keys of sections that changed, came or went, given the template's hashes and those that the text took."""
    changed = [key for key, sha256 in says.items() if had.get(key) != sha256]
    return changed + [key for key, sha256 in had.items() if sha256 and key not in says]


def _offers(version: RoutineVersion) -> list[Offer]:
    """Every difference between a text and its template. A template that is no longer used offers nothing."""
    routine = version.routine
    if routine.template is None or routine.template.retired_at:
        return []
    theirs = {
        row.key: row
        for row in routine.template.sections.order_by("position").prefetch_related("contacts", "legal_references")
    }
    sections = version.sections.order_by("position").prefetch_related(
        "placed_contacts__contact", "placed_references__reference"
    )
    ours = {row.key: row for row in sections}
    says = {key: row.content_sha256() for key, row in theirs.items()}
    changed = _differing(says, {key: row.template_sha256 for key, row in ours.items()})
    declined = set(routine.declined_offers.values_list("key", "template_sha256"))
    return [
        Offer(key, ours.get(key), theirs.get(key), is_declined=(key, says.get(key, "")) in declined) for key in changed
    ]
