"""Forms of step 3."""

from routines.forms.deciding import ReturnForm, SeenForm
from routines.forms.exports import ExportForm
from routines.forms.reading import AdoptForm, ReadForm, SearchForm
from routines.forms.registry import ContactForm, LawForm
from routines.forms.routines import NewRoutineForm, RoutineFilter
from routines.forms.steps import PlanForm, RoutinesStepForm
from routines.forms.templates import NewSectionForm, NewTemplateForm, TemplateForm, TemplateSectionForm
from routines.forms.versions import CompareForm, DiscardForm, WithdrawForm
from routines.forms.writing import DetailsForm, WriteForm

__all__ = [
    "AdoptForm",
    "CompareForm",
    "ContactForm",
    "DetailsForm",
    "DiscardForm",
    "ExportForm",
    "LawForm",
    "NewRoutineForm",
    "NewSectionForm",
    "NewTemplateForm",
    "PlanForm",
    "ReadForm",
    "ReturnForm",
    "RoutineFilter",
    "RoutinesStepForm",
    "SearchForm",
    "SeenForm",
    "TemplateForm",
    "TemplateSectionForm",
    "WithdrawForm",
    "WriteForm",
]
