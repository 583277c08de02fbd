"""The permission is how a view gets its object. Outsider: 404. Reader or colleague who writes: 403."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from units.models import CalendarFeed, ImportRow, ListImport, Round, Unit, UnitImport, User


class PortalRequest(HttpRequest):
    """A request by somebody who has signed in; every view gets one unless it opts out of login."""

    user: User
    htmx: HtmxDetails  # put there by django_htmx's middleware


def require_coordinator(user: User) -> None:
    """Only the coordinator passes: 403 for a reader, 404 for everybody else."""
    if user.is_coordinator:
        return
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    raise Http404


def require_figures(user: User) -> None:
    """Figures are for the coordinator and for readers; 404 for everybody else."""
    if not (user.is_coordinator or user.is_reader):
        raise Http404


def require_calendar(user: User) -> None:
    """A calendar is for those who work with units; 404 for a reader, who sees figures only."""
    if user.is_reader:
        raise Http404(_("Du läser siffror."))


def get_feed_owner(token: str) -> User:
    """Whose calendar lies behind a secret address; 404 when it is unknown or closed, or no longer may be read."""
    feed = CalendarFeed.objects.select_related("user").filter(token=token, revoked_at__isnull=True).first()
    if feed is None or not feed.user.may_have_calendar:
        raise Http404
    return feed.user


def get_unit_import(user: User, pk: int) -> UnitImport:
    """A list that was uploaded, for any coordinator."""
    require_coordinator(user)
    return get_object_or_404(UnitImport, pk=pk)


def get_list_import(user: User, pk: int) -> ListImport:
    """A list of people that was uploaded, without its file, for any coordinator."""
    require_coordinator(user)
    return get_object_or_404(ListImport.objects.defer("content").select_related("uploaded_by", "chosen_by"), pk=pk)


def get_import_row(user: User, pk: int, row: int) -> ImportRow:
    """A row of a list that was uploaded, for any coordinator; not one about a protected person."""
    list_import = get_list_import(user, pk)
    return get_object_or_404(list_import.rows, pk=row, is_hidden=False)


def get_visible_unit(user: User, slug: str) -> Unit:
    """The unit, for the coordinator and those who work there; else 404."""
    return get_object_or_404(Unit.objects.visible_to(user), slug=slug)


def get_own_unit(user: User, slug: str) -> Unit:
    """The unit, for those who work there; 403 for readers and for a coordinator who doesn't, else 404."""
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    unit = get_visible_unit(user, slug)
    if not unit.memberships.present().filter(user=user).exists():
        raise PermissionDenied(_("Det här gör den som arbetar i enheten."))
    return unit


def get_managed_unit(user: User, slug: str) -> Unit:
    """The unit, for those who log its steps; 403 for its members and for readers, else 404."""
    unit = Unit.objects.managed_by(user).filter(slug=slug).first()
    if unit is not None:
        return unit
    if user.is_reader:
        raise PermissionDenied(_("Du läser siffror och kan inte ändra något."))
    get_visible_unit(user, slug)
    raise PermissionDenied(_("Det här gör enhetens chef eller samordnaren."))


def get_coordinated_unit(user: User, slug: str) -> Unit:
    """The unit, for the coordinator only; 403 for those who work there and for readers, else 404."""
    unit = get_managed_unit(user, slug)
    if not user.is_coordinator:
        raise PermissionDenied(_("Det här gör samordnaren."))
    return unit


def get_managed_round(user: User, slug: str) -> Round:
    """The unit's open round, for those who log its steps; 404 when the unit has none."""
    return get_object_or_404(
        Round.objects.select_related("unit").prefetch_related("completions__recorded_by"),
        unit=get_managed_unit(user, slug),
        closed_on__isnull=True,
    )


def get_coordinated_round(user: User, slug: str) -> Round:
    """The unit's open round, for the coordinator only; 404 when the unit has none."""
    get_coordinated_unit(user, slug)
    return get_managed_round(user, slug)
