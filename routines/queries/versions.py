"""A routine's versions, and what is different between two of them."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from django.db.models import Prefetch
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla.differences import as_list, side_by_side, text_side_by_side
from routines.models import Approval, Routine, RoutineSection, RoutineVersion, TemplateSection, VersionState
from routines.queries.deciding import approver

# What may be thrown away: nobody has worked by it, and no worker is at it.
DISCARDABLE = {
    VersionState.DRAFT,
    VersionState.IN_REVIEW,
    VersionState.RETURNED,
    VersionState.ENDORSED,
    VersionState.FAILED,
}


@dataclass(frozen=True)
class VersionOnPage:
    """A version in the list of them: what was done with it and by whom, and what can be done."""

    version: RoutineVersion
    decisions: list[tuple[Approval, str]]
    # What to compare it with first: the one that it was written from.
    before: RoutineVersion | None

    @property
    def approved_by(self) -> str:
        """Who approved it, by name, or by office for a protected person."""
        return approver(self.version)

    @property
    def withdrawn_by(self) -> str:
        """Who withdrew it."""
        return self.version.withdrawn_by.shown_name if self.version.withdrawn_by else ""

    @property
    def discarded_by(self) -> str:
        """Who threw it away."""
        return self.version.discarded_by.shown_name if self.version.discarded_by else ""

    @property
    def may_be_discarded(self) -> bool:
        """Whether it can be thrown away now."""
        return self.version.state in DISCARDABLE

    @property
    def has_a_page(self) -> bool:
        """Whether it can be opened: the number of one that was thrown away may be another's."""
        return self.version.discarded_at is None


def versions_on_page(routine: Routine) -> list[VersionOnPage]:
    """Every version of a routine, the newest first, for those who write it: two queries for any number of them."""
    people = ("approved_by", "withdrawn_by", "discarded_by")
    decided = Prefetch("approvals", Approval.objects.select_related("by").order_by("pk"))
    versions = list(routine.versions.select_related(*people).prefetch_related(decided).order_by("pk"))
    for version in versions:
        version.routine = routine
    kept = sorted((row for row in versions if row.discarded_at is None), key=_number)
    ordered = sorted(versions, key=lambda row: (_number(row), row.discarded_at is None, row.pk), reverse=True)
    return [
        VersionOnPage(
            version=version,
            decisions=[(row, row.by.shown_name) for row in version.approvals.all()],
            before=_before(version, kept),
        )
        for version in ordered
    ]


def version_by_number(routine: Routine, number: str) -> RoutineVersion | None:
    """The version with the number as it is printed, "2.1"; None when there is none, or it was thrown away."""
    return next((row for row in kept_versions(routine) if row.number == number), None)


def kept_versions(routine: Routine) -> list[RoutineVersion]:
    """Every version that was not thrown away, the newest first."""
    versions = routine.versions.filter(discarded_at__isnull=True).select_related("approved_by")
    found = list(versions.prefetch_related("approvals").order_by("-major", "-minor"))
    for version in found:
        version.routine = routine
    return found


def _number(version: RoutineVersion) -> tuple[int, int]:
    return version.major, version.minor


def _before(version: RoutineVersion, kept: Sequence[RoutineVersion]) -> RoutineVersion | None:
    """The one that a version was written from, else the one with the number before."""
    older = [row for row in kept if _number(row) < _number(version)]
    return next((row for row in older if row.pk == version.based_on_id), older[-1] if older else None)


class Change(StrEnum):
    """What happened to a section between two versions."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"

    @property
    def label(self) -> str:
        """In words."""
        return str(_CHANGES[self])


_CHANGES: dict[Change, Promise] = {
    Change.SAME: gettext_lazy("oförändrat"),
    Change.CHANGED: gettext_lazy("ändrat"),
    Change.ADDED: gettext_lazy("nytt"),
    Change.REMOVED: gettext_lazy("borttaget"),
}


@dataclass(frozen=True)
class SectionDifference:
    """A section of two versions side by side; headings and texts are marked HTML."""

    key: str
    name: str
    change: Change
    has_moved: bool
    old_heading: SafeString
    new_heading: SafeString
    old: SafeString
    new: SafeString


@dataclass(frozen=True)
class FactDifference:
    """What a municipality prints about the document, in two versions."""

    name: str
    old: SafeString
    new: SafeString
    is_changed: bool


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side."""

    old: RoutineVersion
    new: RoutineVersion
    facts: list[FactDifference]
    sections: list[SectionDifference]

    @property
    def changed_facts(self) -> list[FactDifference]:
        """The facts that differ."""
        return [row for row in self.facts if row.is_changed]

    @property
    def changed_sections(self) -> list[SectionDifference]:
        """The sections that differ, or stand somewhere else."""
        return [row for row in self.sections if row.change != Change.SAME or row.has_moved]

    @property
    def unchanged_sections(self) -> list[SectionDifference]:
        """The sections that are the same, and stand where they stood."""
        return [row for row in self.sections if row.change == Change.SAME and not row.has_moved]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs but the number."""
        return not self.changed_facts and not self.changed_sections


def compared_first(versions: Sequence[RoutineVersion]) -> tuple[RoutineVersion, RoutineVersion] | None:
    """What a comparison begins with, of the versions that are kept, the newest first: the newest beside the one in
    force, or beside the one that it was written from; None with fewer than two."""
    if not versions:
        return None
    newest, in_force = versions[0], next((row for row in versions if row.state == VersionState.IN_FORCE), None)
    if in_force is not None and in_force != newest:
        return in_force, newest
    before = _before(newest, versions[::-1])
    return (before, newest) if before else None


def facts(version: RoutineVersion) -> list[tuple[str, str]]:
    """What a municipality prints about the document, what is empty left out."""
    return [(str(name), said) for name, value in (*_FACTS, *_WHEN) if (said := value(version))]


def readable_sections(version: RoutineVersion) -> list[RoutineSection]:
    """The sections of a version with what is placed in them: five queries for any number of them."""
    return list(_sections(version).values())


def compare(old: RoutineVersion, new: RoutineVersion) -> Comparison:
    """Everything that is written and printed in two versions, section by section in the new one's order."""
    before, after = _sections(old), _sections(new)
    moved = _moved(list(before), list(after))
    return Comparison(
        old=old,
        new=new,
        facts=[_fact(str(name), value(old), value(new)) for name, value in _FACTS],
        sections=[
            difference(before.get(key), after.get(key), has_moved=key in moved)
            for key in _in_order(list(before), list(after))
        ],
    )


def as_html(section: RoutineSection | TemplateSection) -> str:
    """Everything that a section says, as HTML: its text, its points or its table, and the names of what is placed."""
    parts = [str(section.html), as_list(section.points)]
    for situation, steps in section.decisions:
        parts.append(f"<h3>{escape(situation.label)}</h3>{as_list(steps)}")
    if isinstance(section, TemplateSection):
        contacts, references = list(section.contacts.all()), list(section.legal_references.all())
    else:
        contacts = [row.contact for row in section.placed_contacts.all()]
        references = [row.reference for row in section.placed_references.all()]
    parts.append(as_list([str(row) for row in contacts]))
    parts.append(as_list([row.label for row in references]))
    return "".join(parts)


def _sections(version: RoutineVersion) -> dict[str, RoutineSection]:
    placed = ("placed_contacts__contact", "placed_references__reference")
    return {row.key: row for row in version.sections.prefetch_related(*placed).order_by("position")}


def difference(
    before: RoutineSection | TemplateSection | None,
    after: RoutineSection | TemplateSection | None,
    *,
    has_moved: bool = False,
) -> SectionDifference:
    """One section, before and after, side by side; None where it was not there or is gone. At least one is given."""
    present = after or before
    assert present is not None  # each key comes from one of the two
    flags_before, flags_after = _flags(before), _flags(after)
    old_text, new_text = (as_html(row) if row else "" for row in (before, after))
    if flags_before != flags_after and before and after:
        old_text, new_text = old_text + flags_before, new_text + flags_after
    old, new = side_by_side(old_text, new_text)
    headings = text_side_by_side(before.heading if before else "", after.heading if after else "")
    change = Change.CHANGED
    if before is None or after is None:
        change = Change.ADDED if before is None else Change.REMOVED
    elif (before.heading, before.kind, old_text) == (after.heading, after.kind, new_text):
        change = Change.SAME
    return SectionDifference(present.key, present.heading, change, has_moved, *headings, old, new)


def _flags(section: RoutineSection | TemplateSection | None) -> str:
    """What a reader notices, or a writer, besides the text; compared only when it differs."""
    if section is None:
        return ""
    flags = {
        _("Visas överst på sidan."): section.is_acute,
        _("Måste fyllas i."): section.is_mandatory,
        _("Låst text."): section.is_locked,
    }
    return "".join(f"<p>{escape(sentence)}</p>" for sentence, holds in flags.items() if holds)


def _in_order(before: list[str], after: list[str]) -> list[str]:
    """Every key once: the new order, and each removed one behind the one that it stood behind."""
    order = list(after)
    for place, key in enumerate(before):
        if key not in after:
            order.insert(order.index(before[place - 1]) + 1 if place else 0, key)
    return order


def _moved(before: list[str], after: list[str]) -> set[str]:
    """Keys that both have, but not in the same order: the fewest that explain it."""
    common_before, common_after = [key for key in before if key in after], [key for key in after if key in before]
    blocks = SequenceMatcher(None, common_before, common_after, autojunk=False).get_matching_blocks()
    in_place = {key for block in blocks for key in common_before[block.a : block.a + block.size]}
    return set(common_after) - in_place


def _fact(name: str, old: str, new: str) -> FactDifference:
    return FactDifference(name, *text_side_by_side(old, new), is_changed=old != new)


def _date(at: "dt.datetime | dt.date | None") -> str:
    if isinstance(at, dt.datetime):
        at = timezone.localdate(at)
    return formats.date_format(at, "j F Y") if at else ""


_FACTS: list[tuple[Promise, Callable[[RoutineVersion], str]]] = [
    (gettext_lazy("Dokumenttyp"), lambda version: str(version.get_document_type_display())),
    (gettext_lazy("Vad är nytt"), lambda version: version.change_note),
    (gettext_lazy("Dokumentägare"), lambda version: version.owner_title),
    (gettext_lazy("Gäller för"), lambda version: version.applies_to),
    (gettext_lazy("Diarienummer"), lambda version: version.diary_number),
    (gettext_lazy("Ses över efter (månader)"), lambda version: str(version.review_months)),
]
# Also printed, but of course not the same in two versions.
_WHEN: list[tuple[Promise, Callable[[RoutineVersion], str]]] = [
    (gettext_lazy("Fastställd"), lambda version: _date(version.approved_at)),
    (gettext_lazy("Fastställd av"), approver),
    (gettext_lazy("Ses över senast"), lambda version: _date(version.review_on)),
]
