"""What a writer can change in a section, what they began from, and how two writers' changes go together."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from jarfalla import rich_text
from jarfalla.merging import Clash, Merged, merge_html, merge_lines, merge_sets
from routines.models import Markup, RoutineSection, RoutineVersion, SectionKind, Situation
from units.models import User


@dataclass(frozen=True, slots=True)
class Content:
    """What a section says and what is placed in it; the names are those of routines.forms.fields.fields_for."""

    body: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    contacts: frozenset[int] = frozenset()
    references: frozenset[int] = frozenset()

    @property
    def words(self) -> tuple[str, Mapping[str, str]]:
        """What is written, without what is placed."""
        return self.body, self.cells


@dataclass(frozen=True, slots=True)
class Overlap:
    """Somebody else has changed a section since the writer began. Nothing of the writer's is saved yet.

    `merged` has both's changes; where they changed the same words, both stand there, and in `clashes`.
    """

    section: RoutineSection
    by: User | None
    theirs: Content
    merged: Content
    clashes: list[Clash]
    seen: str

    @property
    def sentence(self) -> str:
        """What the writer is told."""
        who = self.by.shown_name if self.by else _("Någon annan")
        if self.clashes:
            return _(
                "%(who)s har ändrat avsnittet medan du skrev, på samma ställe som du. Här står nu bådas text. Ta bort "
                "det som inte ska vara med, och spara."
            ) % {"who": who}
        return _("%(who)s har ändrat avsnittet medan du skrev. Här står nu bådas ändringar. Läs igenom och spara.") % {
            "who": who
        }


def content_of(section: RoutineSection) -> Content:
    """What stands in a section now. No query when its placed rows are prefetched."""
    is_old = section.markup == Markup.PLAIN and section.kind != SectionKind.CHECKLIST
    return Content(
        body=rich_text.from_plain(section.body) if is_old else section.body,
        cells=section.cells,
        contacts=frozenset(row.contact_id for row in section.placed_contacts.all()),
        references=frozenset(row.reference_id for row in section.placed_references.all()),
    )


def seen_of(sections: Iterable[RoutineSection]) -> dict[int, str]:
    """What tells, when a writer saves, what they began from: the section's last row of history, and what is placed.

    By primary key. One query.
    """
    rows = list(sections)
    events = RoutineSection.pgh_event_model.objects.filter(pgh_obj__in=[row.pk for row in rows])  # type: ignore[attr-defined]  # pghistory adds it
    last = dict(events.values_list("pgh_obj").annotate(Max("pgh_id")))
    return {row.pk: _token(last.get(row.pk, 0), content_of(row)) for row in rows}


def _token(event: int, content: Content) -> str:
    placed = (".".join(str(pk) for pk in sorted(pks)) for pks in (content.contacts, content.references))
    return ":".join([str(event), *placed])


def began_from(section: RoutineSection, seen: str) -> Content:
    """What the section said when the writer began. When nobody knows any more, all that stands there now is news."""
    event, contacts, references = [*seen.split(":"), "", "", ""][:3]
    history = RoutineSection.pgh_event_model.objects  # type: ignore[attr-defined]  # pghistory adds it
    row = history.filter(pgh_obj=section.pk, pgh_id=_whole_number(event)).first()
    return Content(
        body=row.body if row else "",
        cells=row.cells if row else {},
        contacts=_pks(contacts),
        references=_pks(references),
    )


def _whole_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0  # noqa: PLR2004  fits a bigint


def _pks(text: str) -> frozenset[int]:
    return frozenset(filter(None, (_whole_number(part) for part in text.split("."))))


def last_writer(section: RoutineSection) -> User | None:
    """Who changed the section last, as its history says."""
    history = RoutineSection.pgh_event_model.objects  # type: ignore[attr-defined]  # pghistory adds it
    event = history.filter(pgh_obj=section.pk).select_related("pgh_context").order_by("-pgh_id").first()
    context: dict[str, Any] = event.pgh_context.metadata if event and event.pgh_context else {}
    return User.objects.filter(pk=context.get("user") or 0).first()


def merge(kind: str, base: Content, *, mine: Content, theirs: Content) -> tuple[Content, list[Clash]]:
    """Both's changes of a section of that kind, and where they changed the same words."""
    put_together: Callable[..., Merged] = merge_lines if kind == SectionKind.CHECKLIST else merge_html
    body = put_together(base.body, mine=mine.body, theirs=theirs.body)
    clashes, cells = list(body.clashes), {}
    for situation in Situation:
        had, my, their = (content.cells.get(situation.value, "") for content in (base, mine, theirs))
        cell = merge_lines(had, mine=my, theirs=their)
        clashes += cell.clashes
        if cell.text:
            cells[situation.value] = cell.text
    return replace(place(base, mine=mine, theirs=theirs), body=body.text, cells=cells), clashes


def place(base: Content, *, mine: Content, theirs: Content) -> Content:
    """Theirs, with the contacts and references that the writer has added, and without those taken away."""
    return replace(
        theirs,
        contacts=frozenset(merge_sets(base.contacts, mine=mine.contacts, theirs=theirs.contacts)),
        references=frozenset(merge_sets(base.references, mine=mine.references, theirs=theirs.references)),
    )


DETAILS = ("document_type", "owner_title", "applies_to", "diary_number", "review_months", "change_note")


def details_of(version: RoutineVersion) -> dict[str, Any]:
    """What is printed about a version, by name."""
    return {name: getattr(version, name) for name in (*DETAILS, "major", "minor")}


def details_seen(version: RoutineVersion) -> str:
    """What tells, when the details are saved, which ones the writer began from."""
    return hashlib.sha256(json.dumps(details_of(version), sort_keys=True).encode()).hexdigest()
