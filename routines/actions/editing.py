"""Writing in a version: its sections, and what is printed about it. Nobody's words are ever written over."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import rich_text
from routines import queries
from routines.actions.deciding import UNDER_WAY, reopen
from routines.actions.locking import lock_version
from routines.models import (
    Contact,
    LegalReference,
    Markup,
    PlacedContact,
    PlacedReference,
    RoutineSection,
    RoutineVersion,
    SectionKind,
    Situation,
)
from routines.queries.writing import DETAILS, Content, Overlap
from units.models import Refused, User


class UnderReview(Refused):
    """The version is being reviewed, and the writer has not said that the review shall start over."""


@transaction.atomic
def write_sections(
    version: RoutineVersion,
    contents: Mapping[str, str | Mapping[str, Any]],
    *,
    by: User,
    seen: Mapping[str, str] | None = None,
    may_reopen: bool = True,
) -> list[Overlap]:
    """Save what the sections say, by key: a text, or the values of routines.forms.fields.fields_for by name.

    The same again changes nothing. `seen` (queries.seen_of, by key) says what the writer began from: a section that
    somebody else has changed since is not saved but returned, with both's changes put together. A version under
    review is taken back. Raises Refused when the version or the section can't be written, and UnderReview when the
    version is under review and may not be taken back.
    """
    version = lock_version(version)
    if not version.is_editable:
        raise Refused(_("Texten kan inte ändras nu. Läge: %(state)s.") % {"state": version.state.label})
    sections = {row.key: row for row in version.sections.prefetch_related("placed_contacts", "placed_references")}
    overlaps, changes = [], []
    for key, values in contents.items():
        if key not in sections:
            raise Refused(_("Ett avsnitt som du skrev i finns inte kvar. Kopiera din text och ladda om sidan."))
        section, began = sections[key], (seen or {}).get(key, "")
        mine = _tidied(section, {"body": values} if isinstance(values, str) else values)
        wanted = _wanted(section, mine, began, by=by)
        if isinstance(wanted, Overlap):
            overlaps.append(wanted)
        elif wanted != queries.content_of(section):
            changes.append((section, wanted))
    _save_all(version, changes, by=by, may_reopen=may_reopen)
    return overlaps


def _save_all(
    version: RoutineVersion, changes: list[tuple[RoutineSection, Content]], *, by: User, may_reopen: bool
) -> None:
    """Write what is to be changed; a version under review is taken back first."""
    for section, _wanted_now in changes:
        if section.is_locked:
            raise Refused(_("”%(heading)s” är låst: texten kommer från mallen.") % {"heading": section.heading})
    if changes and version.state in UNDER_WAY:
        if not may_reopen:
            raise UnderReview(
                _("Rutinen är skickad till granskning. Om du ändrar texten måste den skickas och granskas igen.")
            )
        reopen(version, by=by)
    for section, wanted in changes:
        _save(section, wanted)


def _wanted(section: RoutineSection, mine: Content, seen: str, *, by: User) -> Content | Overlap:
    """What the section shall say, or why that is not for the portal to decide."""
    now = queries.content_of(section)
    if not seen or mine == now:
        return mine
    base = queries.began_from(section, seen)
    if now.words == base.words:
        return Content(*mine.words, *_placed(queries.place(base, mine=mine, theirs=now)))
    try:
        merged, clashes = queries.merge(section.kind, base, mine=mine, theirs=now)
    except rich_text.TooMuch as too_much:
        raise Refused(
            _(
                "Någon annan har ändrat avsnittet medan du skrev, och bådas text får inte plats. Kopiera din text och "
                "ladda om sidan."
            )
        ) from too_much
    if merged.words == now.words:
        return merged
    [token] = queries.seen_of([section]).values()
    return Overlap(section, queries.last_writer(section), now, merged, clashes, token)


def _placed(content: Content) -> tuple[frozenset[int], frozenset[int]]:
    return content.contacts, content.references


def _tidied(section: RoutineSection, values: Mapping[str, Any]) -> Content:
    """What was written in its normal form; what is not mentioned stays."""
    now = queries.content_of(section)
    body = str(values.get("body", now.body))
    try:
        body = rich_text.tidy_points(body) if section.kind == SectionKind.CHECKLIST else rich_text.clean(body)
    except rich_text.TooMuch as too_much:
        raise Refused(_("Texten är för lång för ett avsnitt. Korta den.")) from too_much
    cells = {}
    for situation in Situation:
        if text := rich_text.tidy_points(str(values.get("cells", now.cells).get(situation.value, ""))):
            cells[situation.value] = text
    return Content(
        body=body,
        cells=cells if section.kind == SectionKind.DECISIONS else {},
        contacts=_keys(values.get("contacts"), now.contacts),
        references=_keys(values.get("references"), now.references),
    )


def _keys(chosen: Collection[Contact] | Collection[LegalReference] | None, now: frozenset[int]) -> frozenset[int]:
    return now if chosen is None else frozenset(row.pk for row in chosen)


def _save(section: RoutineSection, content: Content) -> None:
    """Write a section that is to say something else. What stays placed keeps its row."""
    now = queries.content_of(section)
    if content.words != now.words:
        section.body, section.cells, section.markup = content.body, dict(content.cells), Markup.HTML
        section.save()
    section.placed_contacts.exclude(contact__in=content.contacts).delete()
    section.placed_references.exclude(reference__in=content.references).delete()
    for contact in sorted(content.contacts - now.contacts):
        PlacedContact.objects.create(section=section, contact_id=contact)
    for reference in sorted(content.references - now.references):
        PlacedReference.objects.create(section=section, reference_id=reference)


@transaction.atomic
def update_details(
    version: RoutineVersion, *, by: User, is_minor: bool | None = None, seen: str = "", **values: Any
) -> RoutineVersion:
    """Save what is printed about a version (DETAILS), and whether it corrects or changes the substance.

    The same again changes nothing. The first version of a routine is always a major one. A version under review is
    taken back. Raises Refused when the version can't be written, and when somebody else was quicker.
    """
    version = lock_version(version)
    if not version.is_editable:
        raise Refused(_("Uppgifterna kan inte ändras nu. Läge: %(state)s.") % {"state": version.state.label})
    before = queries.details_of(version)
    now = {name: values.get(name, before[name]) for name in DETAILS}
    now |= dict(zip(("major", "minor"), _number(version, is_minor), strict=True))
    if now == before:
        return version
    if seen and seen != queries.details_seen(version):
        raise Refused(
            _(
                "Någon annan har ändrat uppgifterna medan du skrev. Det du har skrivit står kvar här. Spara igen om "
                "det ska gälla."
            )
        )
    reopen(version, by=by)
    for name, value in now.items():
        setattr(version, name, value)
    version.save()
    return version


def _number(version: RoutineVersion, is_minor: bool | None) -> tuple[int, int]:
    others = [row for row in version.routine.versions.all() if not row.discarded_at and row.pk != version.pk]
    latest = max(others, key=lambda row: (row.major, row.minor), default=None)
    if latest is None or is_minor is None or is_minor == bool(version.minor):
        return version.major, version.minor
    return (latest.major, latest.minor + 1) if is_minor else (latest.major + 1, 0)
