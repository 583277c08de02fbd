"""Step 3: templates, routines and their versions, approvals, receipts, exports, and the two registries."""

from routines.models.approval import Approval, Verdict
from routines.models.export import Export, ExportKind, ExportNight, ExportState
from routines.models.offer import DeclinedOffer
from routines.models.registry import Contact, LegalReference, RegistryEntry
from routines.models.routine import (
    PlanEntry,
    ReadReceipt,
    Routine,
    RoutineQuerySet,
    SearchWord,
    Sharing,
)
from routines.models.section import Markup, PlacedContact, PlacedReference, RoutineSection, Writing
from routines.models.template import GUARDIANS, SectionKind, Situation, Template, TemplateSection
from routines.models.version import DocumentType, RoutineVersion, RoutineVersionQuerySet, VersionState

__all__ = [
    "GUARDIANS",
    "Approval",
    "Contact",
    "DeclinedOffer",
    "DocumentType",
    "Export",
    "ExportKind",
    "ExportNight",
    "ExportState",
    "LegalReference",
    "Markup",
    "PlacedContact",
    "PlacedReference",
    "PlanEntry",
    "ReadReceipt",
    "RegistryEntry",
    "Routine",
    "RoutineQuerySet",
    "RoutineSection",
    "RoutineVersion",
    "RoutineVersionQuerySet",
    "SearchWord",
    "SectionKind",
    "Sharing",
    "Situation",
    "Template",
    "TemplateSection",
    "Verdict",
    "VersionState",
    "Writing",
]
