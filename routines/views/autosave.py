"""What the page for writing asks in the background: save a section, and who else is writing in it. JSON.

200 saved; 409 somebody else has changed it too, and both's changes come back put together; 422 not saved, and why.
"""

from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from jarfalla import clock
from routines import actions, permissions, queries
from routines.forms import WriteForm
from routines.models import RoutineSection, RoutineVersion
from routines.queries.writing import Content, Overlap
from units.models import Refused, User
from units.permissions import PortalRequest


@require_POST
def section_save(request: PortalRequest, slug: str, key: str) -> HttpResponse:
    """Save one section."""
    version = _version(request, slug)
    if version is None:
        return _refused(_("Texten kan inte ändras längre. Kopiera det du har skrivit innan du lämnar sidan."))
    section = _section(version, key)
    form = WriteForm(request.POST, version=version, only=key)
    if not form.is_valid():
        return _refused(" ".join(str(error) for errors in form.errors.values() for error in errors))
    try:
        overlaps = actions.write_sections(version, form.contents(), by=request.user, seen=form.seen(), may_reopen=False)
    except actions.UnderReview:
        return _refused(
            _("Rutinen har skickats till granskning medan du skrev. Tryck på Spara för att ta tillbaka den.")
        )
    except Refused as refused:
        return _refused(str(refused))
    if overlaps:
        return JsonResponse(_overlap(overlaps[0]), status=409)
    return JsonResponse(_saved(section, form, actions.note_writing(section, by=request.user)))


@require_POST
def section_presence(request: PortalRequest, slug: str, key: str) -> HttpResponse:
    """Note that the user is writing in the section, or with `left` that they are not, and say who else is."""
    version = _version(request, slug)
    if version is None:
        return JsonResponse({"others": ""})
    section = _section(version, key)
    if "left" in request.POST:
        actions.note_left(section, by=request.user)
        return JsonResponse({"others": ""})
    return JsonResponse({"others": _others(actions.note_writing(section, by=request.user))})


def _version(request: PortalRequest, slug: str) -> RoutineVersion | None:
    version = permissions.get_managed_routine(request.user, slug).being_written
    return version if version and version.is_editable else None


def _section(version: RoutineVersion, key: str) -> RoutineSection:
    section = version.sections.filter(key=key, is_locked=False).first()
    if section is None:
        raise Http404
    return section


def _refused(sentence: str) -> JsonResponse:
    return JsonResponse({"sentence": sentence}, status=422)


def _saved(section: RoutineSection, form: WriteForm, others: list[User]) -> dict[str, object]:
    """When it was saved, and what stands there now if that is not what was sent: a colleague's contact, perhaps."""
    placed = ("placed_contacts", "placed_references")
    section = RoutineSection.objects.prefetch_related(*placed).get(pk=section.pk)
    now = queries.content_of(section)
    time = date_format(timezone.localtime(clock.now()), "H.i")
    return {
        "sentence": _("Sparat kl. %(time)s.") % {"time": time},
        "seen": queries.seen_of([section])[section.pk],
        "others": _others(others),
        "now": _shown(now) if form.differs(section.key, now) else None,
    }


def _overlap(overlap: Overlap) -> dict[str, object]:
    return {
        "sentence": overlap.sentence,
        "seen": overlap.seen,
        "theirs": _shown(overlap.theirs),
        "now": _shown(overlap.merged),
        "clashes": [clash._asdict() for clash in overlap.clashes],
    }


def _shown(content: Content) -> dict[str, object]:
    """A section's content, as the page has its fields."""
    return {
        "body": content.body,
        "cells": dict(content.cells),
        "contacts": sorted(content.contacts),
        "references": sorted(content.references),
    }


def _others(people: list[User]) -> str:
    """One sentence about who else is writing here; "" for nobody."""
    names = [person.shown_name for person in people]
    if not names:
        return ""
    last = names.pop()
    who = _("%(names)s och %(last)s") % {"names": ", ".join(names), "last": last} if names else last
    return _("%(who)s skriver också här. Portalen för ihop era ändringar när ni sparar.") % {"who": who}
