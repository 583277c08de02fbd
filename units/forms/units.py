"""Forms about units, people, steps and the programme."""

import re
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from jarfalla import clock, images
from jarfalla.uploads import UnacceptableFile
from units.forms.guarded import DateField, PortalForm, PortalModelForm
from units.imports import MAX_HEADCOUNT
from units.models import MOST_CONTACTS, MOST_MONTHS, Kind, MembershipRole, ParticipationState, Programme, Unit, User

# Why somebody can't be the manager's manager.
_BY_COORDINATOR = _(
    "Den personen är samordnare och får redan veta när uppföljningen är försenad. Skriv den som är chef över enhetens "
    "chef, eller lämna tomt."
)
_BY_MANAGER = _(
    "Den personen är chef för enheten och påminns redan själv. Skriv den som är chef över enhetens chef, eller lämna "
    "tomt."
)


class UnitForm(PortalModelForm):
    """What is known about a unit."""

    printed = ("name", "department", "district")

    kind = forms.ChoiceField(label=_("Verksamhetstyp"), choices=[("", _("Välj i listan")), *Kind.choices])

    declared_headcount = forms.IntegerField(
        label=_("Antal anställda"),
        required=False,
        min_value=1,
        max_value=MAX_HEADCOUNT,
        help_text=_("Fyll i om personalen inte finns med namn i portalen. Lämna tomt om personallistan ska räknas."),
        error_messages={"min_value": _("Antalet anställda måste vara minst 1.")},
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    declared_on = DateField(label=_("Antalet gäller från och med"), past=True, required=False)
    superior = forms.EmailField(
        label=_("Chefens chef (e-postadress)"),
        required=False,
        max_length=254,
        help_text=_("Får veta när uppföljningen har varit försenad länge. Behöver ett konto i portalen."),
    )

    class Meta:
        model = Unit
        fields = ["name", "kind", "ownership", "department", "district"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        declared = self.instance.declared_headcount() if self.instance.pk else None
        self.initial.setdefault("declared_headcount", declared.headcount if declared else None)
        self.initial.setdefault("declared_on", clock.today())
        self.initial["superior"] = self.instance.superior.email if self.instance.superior else ""

    def clean_superior(self) -> User | None:
        """The person at that address; refused at this field when nobody there has an account that is open, and when
        it is somebody who hears of a late follow-up anyway: then nobody further up would."""
        address = self.cleaned_data["superior"]
        if not address:
            return None
        person = User.objects.filter(email__iexact=address, is_active=True).first()
        if person is None:
            raise forms.ValidationError(_("Ingen med den adressen har ett konto i portalen."))
        if person.is_coordinator:
            raise forms.ValidationError(_BY_COORDINATOR)
        if self.instance.pk and self.instance.managers().filter(pk=person.pk).exists():
            raise forms.ValidationError(_BY_MANAGER)
        return person

    def clean_name(self) -> str:
        """The name, free of doubled spaces; refused at this field when another unit has it."""
        name = " ".join(self.cleaned_data["name"].split())
        if Unit.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Det finns redan en enhet med det namnet."))
        return name


class ParticipationForm(PortalForm):
    """The unit's answer to the offer."""

    state = forms.ChoiceField(label=_("Deltagande"), choices=ParticipationState.choices, widget=forms.RadioSelect)
    since = DateField(label=_("Från och med"), past=True)
    note = forms.CharField(
        label=_("Anteckning"),
        max_length=300,
        required=False,
        help_text=_("Till exempel vem du talade med. Skriv aldrig om enskilda ärenden."),
    )


class PersonForm(PortalForm):
    """A person to put on a unit's staff list."""

    printed = ("name",)

    name = forms.CharField(label=_("Namn"), max_length=100)
    email = forms.EmailField(
        label=_("E-postadress i arbetet"), max_length=254, help_text=_("Dit skickas koden när personen loggar in.")
    )
    role = forms.ChoiceField(
        label=_("Roll"),
        choices=[(role.value, capfirst(role.label)) for role in MembershipRole],
        initial=MembershipRole.MEMBER,
    )
    started_on = DateField(label=_("Arbetar här från och med"), past=True)

    def __init__(self, *args: Any, may_add_managers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_add_managers:
            del self.fields["role"]


class EndMembershipForm(PortalForm):
    """The last day in a unit."""

    on = DateField(label=_("Slutade den"), past=True)


class StepForm(PortalForm):
    """The day on which the step was done; the coordinator may write why it counts although something is missing."""

    on = DateField(label=_("När blev steget klart?"), past=True)
    override_reason = forms.CharField(
        label=_("Skäl till undantag"),
        required=False,
        max_length=300,
        help_text=_("Bara om något saknas och steget ändå ska räknas som klart. Skälet står kvar i enhetens historik."),
    )

    def __init__(self, *args: Any, may_override: bool, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"on": clock.today()})
        super().__init__(*args, **kwargs)
        if not may_override:
            del self.fields["override_reason"]


class WithdrawForm(PortalForm):
    """Why a completed step is taken back."""

    reason = forms.CharField(
        label=_("Varför återtas steget?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Skälet står kvar i enhetens historik."),
    )


class MonthsField(forms.CharField):
    """Months after a day, written in one line: 6, 12."""

    def prepare_value(self, value: Any) -> Any:
        """The list as it is written; what somebody typed as they typed it."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The months as a list; refused at this field when they are none, too many, or not one later than the other."""
        words = re.split(r"[\s,;]+(?:och\s+|and\s+)?", super().clean(value))
        if not all(re.fullmatch("[0-9]{1,2}", word) for word in words):
            raise forms.ValidationError(_("Skriv månaderna med siffror och komma emellan, till exempel 6, 12."))
        months = [int(word) for word in words]
        if len(months) > MOST_CONTACTS or months != sorted(set(months)):
            raise forms.ValidationError(_("Skriv ett till fyra samtal, vart och ett senare än det förra."))
        if not all(1 <= month <= MOST_MONTHS for month in months):
            raise forms.ValidationError(_("Skriv månader mellan 1 och 60."))
        return months


class ProgrammeForm(PortalModelForm):
    """The programme's names, thresholds, months and sender."""

    printed = ("municipality", "name")

    web_course_url = forms.URLField(label=_("Länk till webbkursen"), assume_scheme="https")
    follow_up_months = MonthsField(
        label=_("Uppföljningens samtal (månader)"),
        max_length=40,
        help_text=_("Hur många månader efter steget som de siktar på. Skriv 6, 12 för två samtal."),
    )

    class Meta:
        model = Programme
        fields = [
            "municipality",
            "name",
            "web_course_url",
            "coverage_threshold_percent",
            "course_validity_months",
            "follow_up_months",
            "follow_up_anchor",
            "follow_up_opens_before_months",
            "follow_up_closes_after_months",
            "follow_up_extra_months",
            "sender_name",
            "sender_email",
        ]

    def clean(self) -> dict[str, Any]:
        """The fields; refused at its field when the first contact would open before the step that it counts from."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        months, before = cleaned.get("follow_up_months"), cleaned.get("follow_up_opens_before_months")
        if months and before is not None and before >= months[0]:
            self.add_error(
                "follow_up_opens_before_months",
                _("Det första samtalet öppnar innan steget det räknas från är klart."),
            )
        return cleaned


class LogoForm(PortalForm):
    """A picture to put in the head of printed documents, or a wish to be rid of the one that is there."""

    file = forms.FileField(
        label=_("Bild"),
        required=False,
        help_text=_("PNG eller JPG, högst 5 MB. Liggande bilder med vit eller genomskinlig bakgrund blir bäst."),
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg"}),
    )
    remove = forms.BooleanField(label=_("Ta bort logotypen"), required=False)

    def __init__(self, *args: Any, has_logo: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content = b""
        if not has_logo:
            del self.fields["remove"]

    def clean_file(self) -> "UploadedFile[bytes] | None":
        """The file, drawn anew in `content`; refused at this field when it is no picture that can be printed."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file:
            try:
                self.content = images.to_png(file)
            except UnacceptableFile as unacceptable:
                raise forms.ValidationError(str(unacceptable)) from unacceptable
        return file

    def clean(self) -> dict[str, Any]:
        """The fields; refused at the file when there is neither a picture nor a wish to be rid of one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not (cleaned.get("file") or cleaned.get("remove") or "file" in self.errors):
            self.add_error("file", _("Välj en bild."))
        return cleaned
