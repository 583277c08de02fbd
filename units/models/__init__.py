"""Who and what goes through the four steps, and the record of it."""

from units.models.calendar import CalendarFeed
from units.models.imports import ImportKind, ImportRow, ImportState, ListImport, UnitImport, Verdict
from units.models.message import Message
from units.models.people import Membership, MembershipRole, User, UserRole
from units.models.programme import Programme
from units.models.refusals import Refused, StepBlocked
from units.models.round import Round, Step, StepCompletion
from units.models.unit import DeclaredHeadcount, Kind, Ownership, Participation, ParticipationState, Unit

__all__ = [
    "CalendarFeed",
    "DeclaredHeadcount",
    "ImportKind",
    "ImportRow",
    "ImportState",
    "Kind",
    "ListImport",
    "Membership",
    "MembershipRole",
    "Message",
    "Ownership",
    "Participation",
    "ParticipationState",
    "Programme",
    "Refused",
    "Round",
    "Step",
    "StepBlocked",
    "StepCompletion",
    "Unit",
    "UnitImport",
    "User",
    "UserRole",
    "Verdict",
]
