"""People and their memberships."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from jarfalla import clock
from units.models import Membership, MembershipRole, Refused, Unit, User, UserRole


@transaction.atomic
def add_person(
    unit: Unit,
    *,
    name: str,
    email: str,
    role: MembershipRole = MembershipRole.MEMBER,
    started_on: dt.date | None = None,
    by: User,
) -> Membership:
    """Put a person on the unit's staff list, with an account if there is none; return their present membership.

    A person who is there already in the other role changes role from today; one who comes back starts when the last
    time ended, or later. A name that the portal already knows is kept: only the person and the coordinator change it.

    Raises Refused when a manager would take over an account that may not be a unit's staff.
    """
    Unit.objects.select_for_update().get(pk=unit.pk)
    user = _account(email=email.strip(), name=name)
    if user.is_reader:
        raise Refused(_("Det kontot läser siffror och kan inte höra till en enhet."))
    earlier = unit.memberships.filter(user=user)
    present = earlier.present().first()
    if present and present.role == role:
        return present
    started_on = started_on or clock.today()
    if present:
        present.ended_on = started_on = clock.today()
        present.save()
    elif last := earlier.aggregate(day=Max("ended_on"))["day"]:
        started_on = max(started_on, last)
    return unit.memberships.create(user=user, role=role, started_on=started_on)


def _account(*, email: str, name: str) -> User:
    """The person with this e-mail, made if there is none, also when two units add them at the same moment."""
    known = User.objects.filter(email__iexact=email)
    try:
        with transaction.atomic():
            return known.first() or User.objects.create_user(email, name)
    except IntegrityError:
        return known.get()


@transaction.atomic
def end_membership(membership: Membership, *, on: dt.date, by: User) -> Membership:
    """The person works here until `on`, not including that day; return it as it is if it has ended already.

    Raises Refused when `on` lies before the first day.
    """
    # Whoever reckons with the unit's size, or changes its list, has it locked meanwhile.
    Unit.objects.select_for_update(no_key=True).get(pk=membership.unit_id)
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    if membership.ended_on:
        return membership
    if on < membership.started_on:
        raise Refused(_("Slutdatumet kan inte ligga före startdatumet."))
    membership.ended_on = on
    membership.save()
    return membership


@transaction.atomic
def add_account(*, email: str, name: str, role: UserRole) -> User:
    """Give the person with this e-mail a role of their own, with an account if there is none; from the command line.

    The name that the portal already knows is kept. Raises Refused without a name, and for a reader who works in a
    unit: readers see figures only.
    """
    if not name.strip():
        raise Refused(_("Skriv personens namn."))
    user = User.objects.select_for_update().filter(email__iexact=email.strip()).first()
    user = user or User.objects.create_user(email, name)
    if role == UserRole.READER and user.memberships.present().exists():
        raise Refused(_("Det kontot läser siffror och kan inte höra till en enhet."))
    user.role, user.is_active = role, True
    user.save()
    return user


def choose_language(user: User, *, language: str) -> User:
    """The person reads pages and mails in `language` ("sv" or "en") from now on."""
    user.language = language
    user.save(update_fields=["language"])
    return user
