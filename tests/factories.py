"""Rows for tests, made through the portal's own actions wherever there is one."""

import datetime as dt
import itertools
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from courses.actions import add_material
from courses.models import Material, MaterialType
from jarfalla import clock
from routines.actions import write_sections
from routines.models import RoutineVersion
from units import actions
from units.models import Kind, MembershipRole, ParticipationState, Round, Unit, User, UserRole

_numbers = itertools.count(1)


def user(*, name: str = "", email: str = "", role: UserRole = UserRole.STAFF, **fields: Any) -> User:
    """A user with an address of their own."""
    number = next(_numbers)
    return User.objects.create_user(
        email or f"person{number}@example.org", name or f"Person {number}", role=role, **fields
    )


def unit(*, name: str = "", kind: Kind = Kind.PRESCHOOL, **fields: Any) -> Unit:
    """A unit that has not been invited."""
    return actions.create_unit(by=None, name=name or f"Enhet {next(_numbers)}", kind=kind, **fields)


def taking_part(unit: Unit) -> Unit:
    """The same unit, now taking part, with an open round."""
    by = User.objects.filter(role=UserRole.COORDINATOR).first() or user(
        name="Första samordnaren", role=UserRole.COORDINATOR, is_active=False
    )
    actions.record_participation(unit, state=ParticipationState.TAKING_PART, by=by)
    return unit


def staff(unit: Unit, *, name: str = "", role: MembershipRole = MembershipRole.MEMBER) -> User:
    """A person on the unit's staff list, since two years."""
    number = next(_numbers)
    return actions.add_person(
        unit,
        name=name or f"Person {number}",
        email=f"person{number}@example.org",
        role=role,
        started_on=clock.today() - dt.timedelta(days=730),
        by=user(),
    ).user


def write_what_is_missing(version: RoutineVersion, *, by: User) -> None:
    """Write what the template leaves to the unit and a version can't be submitted without."""
    missing = version.sections.filter(is_mandatory=True, body="")
    write_sections(version, {section.key: "Chefen, eller den som vikarierar." for section in missing}, by=by)


def pdf(name: str = "Affisch åäö.pdf", text: str = "Affisch") -> SimpleUploadedFile:
    """A small PDF, as a browser sends it."""
    return SimpleUploadedFile(name, b"%PDF-1.7\n" + text.encode() + b"\n%%EOF\n", content_type="application/pdf")


def material(*, by: User, title: str = "Affisch i trapphuset", **fields: Any) -> Material:
    """A file in the material library."""
    values = {"kind": MaterialType.POSTERS, "kinds": [], "description": "", "publisher": "", "web": "", **fields}
    return add_material(by=by, title=title, file=pdf(), **values)


def open_round(unit: Unit) -> Round:
    """The unit's open round."""
    round_ = unit.open_round
    assert round_ is not None
    return round_
