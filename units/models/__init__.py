"""Who and what goes through the four steps, and the record of it."""

from units.models.imports import UnitImport
from units.models.message import Message
from units.models.people import Membership, MembershipRole, User, UserRole
from units.models.programme import Programme
from units.models.refusals import Refused, StepBlocked
from units.models.round import Round, Step, StepCompletion
from units.models.unit import Kind, Ownership, Participation, ParticipationState, Unit

__all__ = [
    "Kind",
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
]
