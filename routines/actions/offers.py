"""What has changed in the template: a unit takes it over in its routine, or keeps its own words.

Both are about one section at a time. What is taken goes into the draft, or begins a new version.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from routines import queries
from routines.actions.deciding import reopen
from routines.actions.locking import lock_routine
from routines.actions.writing import start_version, take_from_template
from routines.models import (
    Markup,
    PlacedContact,
    PlacedReference,
    Routine,
    RoutineSection,
    RoutineVersion,
    Template,
    TemplateSection,
)
from routines.queries import Offer, OfferKind
from units.models import Refused, User

_TAKEN = ("kind", "heading", "guidance", "body", "cells", "is_mandatory", "is_locked", "is_acute")


@transaction.atomic
def take_offer(routine: Routine, key: str, *, by: User, seen: str = "") -> RoutineVersion | None:
    """Let a section of the routine say what its template says now, or go when the template no longer has it.

    Return the version with the section, or None when routine and template agreed already. Raises Refused when the
    choice is not the one that the page showed, and while the text waits for its PDF.
    """
    routine = _lock(routine)
    offer = queries.find_offer(routine, key)
    if offer is None:
        return None
    _require_seen(offer, seen)
    version = _open_for_writing(routine, by=by)
    ours = version.sections.filter(key=key).first()
    if offer.theirs is None:
        version.sections.filter(key=key).delete()
    elif ours is None:
        _insert(take_from_template(offer.theirs, version), version, offer.theirs)
    else:
        _replace(ours, offer.theirs)
    return version


@transaction.atomic
def decline_offer(routine: Routine, key: str, *, by: User, seen: str = "") -> None:
    """Keep the routine's own words although the template says something else; that wording is not offered again.

    Of a section that the template no longer has, the unit keeps it as its own: when it was locked, a draft has it
    unlocked. Doing it again changes nothing. Raises Refused for what must be taken, and when the choice is not the
    one that the page showed.
    """
    routine = _lock(routine)
    offer = queries.find_offer(routine, key)
    if offer is None or offer.is_declined:
        return
    _require_seen(offer, seen)
    if offer.must_be_taken:
        raise Refused(_("Texten är låst eller måste finnas i alla rutiner. Den behöver ni ta över som den är."))
    routine.declined_offers.create(key=key, template_sha256=offer.template_sha256, declined_by=by)
    if offer.kind == OfferKind.REMOVED and offer.ours and (offer.ours.is_locked or offer.ours.is_mandatory):
        version = _open_for_writing(routine, by=by)
        version.sections.filter(key=key).update(is_locked=False, is_mandatory=False, template_sha256="")


def _lock(routine: Routine) -> Routine:
    """The routine and its template as they are now, locked: nobody edits the one while it goes into the other."""
    routine = lock_routine(routine)
    if routine.template_id:
        routine.template = Template.objects.select_for_update(no_key=True, of=("self",)).get(pk=routine.template_id)
    return routine


def _require_seen(offer: Offer, seen: str) -> None:
    """Raise Refused when the choice is another than the person saw; "" when they have just asked for it."""
    if seen and seen != offer.seen:
        raise Refused(_("Mallen eller er text har ändrats sedan du öppnade sidan. Läs igen innan du väljer."))


def _open_for_writing(routine: Routine, *, by: User) -> RoutineVersion:
    """The draft, or a new one. What was decided about its text no longer counts."""
    version = start_version(routine, by=by)
    if not version.is_editable:
        raise Refused(_("Vänta tills PDF:en är klar. Sedan kan ni ta över det nya i en ny version."))
    return reopen(version, by=by)


def _replace(ours: RoutineSection, theirs: TemplateSection) -> None:
    """Let the section say what the template says, where it stands."""
    for name in _TAKEN:
        setattr(ours, name, getattr(theirs, name))
    ours.markup = Markup.HTML
    ours.template_sha256, ours.template_body = theirs.content_sha256(), theirs.body
    ours.save()
    ours.placed_contacts.all().delete()
    ours.placed_references.all().delete()
    contacts = [row for row in theirs.contacts.all() if row.retired_at is None]
    references = [row for row in theirs.legal_references.all() if row.retired_at is None]
    ours.placed_contacts.bulk_create([PlacedContact(section=ours, contact=row) for row in contacts])
    ours.placed_references.bulk_create([PlacedReference(section=ours, reference=row) for row in references])


def _insert(section: RoutineSection, version: RoutineVersion, theirs: TemplateSection) -> None:
    """Move a new section to where the template has it: after the nearest one before it that the routine has too."""
    before = list(
        theirs.template.sections.filter(position__lt=theirs.position)
        .order_by("-position")
        .values_list("key", flat=True)
    )
    order = list(version.sections.exclude(pk=section.pk).order_by("position"))
    places = {row.key: place for place, row in enumerate(order, start=1)}
    place = next((places[key] for key in before if key in places), 0)
    order.insert(place, section)
    for position, row in enumerate(order, start=1):
        row.position = position
    RoutineSection.objects.bulk_update(order, ["position"])
