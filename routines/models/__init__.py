"""Step 3: templates, routines and their versions, approvals, and the registry of contacts."""

from routines.models.contact import Contact
from routines.models.routine import (
    Approval,
    Routine,
    RoutineQuerySet,
    RoutineSection,
    RoutineVersion,
    Verdict,
    VersionState,
)
from routines.models.template import SectionKind, Template, TemplateSection

__all__ = [
    "Approval",
    "Contact",
    "Routine",
    "RoutineQuerySet",
    "RoutineSection",
    "RoutineVersion",
    "SectionKind",
    "Template",
    "TemplateSection",
    "Verdict",
    "VersionState",
]
