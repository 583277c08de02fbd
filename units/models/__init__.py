"""Who and what goes through the four steps, and the record of it."""

from units.models.calendar import CalendarFeed
from units.models.contact import Outcome, SettledContact
from units.models.imports import ImportKind, ImportRow, ImportState, ListImport, UnitImport, Verdict
from units.models.message import Message
from units.models.people import Membership, MembershipRole, User, UserRole
from units.models.programme import MOST_CONTACTS, MOST_MONTHS, Anchor, Programme, QuietPeriod
from units.models.refusals import Refused, StepBlocked
from units.models.round import Round, Step, StepCompletion
from units.models.unit import DeclaredHeadcount, Kind, Ownership, Participation, ParticipationState, Unit

__all__ = [
    "MOST_CONTACTS",
    "MOST_MONTHS",
    "Anchor",
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
    "Outcome",
    "Ownership",
    "Participation",
    "ParticipationState",
    "Programme",
    "QuietPeriod",
    "Refused",
    "Round",
    "SettledContact",
    "Step",
    "StepBlocked",
    "StepCompletion",
    "Unit",
    "UnitImport",
    "User",
    "UserRole",
    "Verdict",
]
