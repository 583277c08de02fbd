"""Forms of the units app, and what every form of the portal has in common."""

from units.forms.guarded import (
    EARLIEST,
    DateField,
    GuardedFormMixin,
    PortalForm,
    PortalModelForm,
    TimeField,
    mailable,
    moment,
    one_line,
)
from units.forms.imports import ChangesForm, ColumnsForm, ListFileForm, ListImportForm, UnitImportForm
from units.forms.units import (
    EndMembershipForm,
    LogoForm,
    ParticipationForm,
    PersonForm,
    ProgrammeForm,
    StepForm,
    UnitForm,
    WithdrawForm,
)

__all__ = [
    "EARLIEST",
    "ChangesForm",
    "ColumnsForm",
    "DateField",
    "EndMembershipForm",
    "GuardedFormMixin",
    "ListFileForm",
    "ListImportForm",
    "LogoForm",
    "ParticipationForm",
    "PersonForm",
    "PortalForm",
    "PortalModelForm",
    "ProgrammeForm",
    "StepForm",
    "TimeField",
    "UnitForm",
    "UnitImportForm",
    "WithdrawForm",
    "mailable",
    "moment",
    "one_line",
]
