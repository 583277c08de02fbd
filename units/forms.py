"""Forms of the units app, and what every form of the portal has in common."""

import datetime as dt
import re
from typing import Any, cast

from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import EmailValidator, RegexValidator, validate_email
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from jarfalla import clock, tables
from jarfalla.pdf import refuse_unprintable
from jarfalla.privacy import refuse_personal_numbers
from units.imports import MAX_HEADCOUNT, UnitList, read_units
from units.imports.lists import ImportSpec, personal_number_columns, short
from units.models import Kind, MembershipRole, ParticipationState, Programme, Unit

EARLIEST = dt.date(2000, 1, 1)
# A browser never sends a line break from a field of one line; in the name of a sender or recipient no mail can leave.
one_line = RegexValidator(
    "[\x00-\x1f\x7f\x85\u2028\u2029]",
    _("Texten innehåller ett tecken som inte går att spara. Skriv om den."),
    code="line_break",
    inverse_match=True,
)
# Django's own takes four letters for others of the alphabet (ſ for s, İ for i): no mail leaves to such an address.
mailable = EmailValidator()
mailable.user_regex = re.compile(EmailValidator.user_regex.pattern, re.IGNORECASE | re.ASCII)


class DateField(forms.DateField):
    """A day, typed in the browser's own date field. `past=True` refuses tomorrow and later.

    A year such as 0026 is a slip of the finger: nothing in the portal is older than this century.
    """

    def __init__(self, *, past: bool = False, **kwargs: Any) -> None:
        self.past = past
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """The date; refused at this field when it lies in the future or before EARLIEST."""
        day = super().clean(value)
        if day and day < EARLIEST:
            raise forms.ValidationError(_("Året ser inte rätt ut. Skriv fyra siffror, till exempel 2026."))
        if self.past and day and day > clock.today():
            raise forms.ValidationError(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
        return day


class GuardedFormMixin:
    """Every free-text field refuses personnummer, every one-line field also a line break.

    The page around the form writes the <form> tag.
    """

    fields: dict[str, forms.Field]
    # The fields that stand in PDFs, whose fonts do not have every character.
    printed: tuple[str, ...] = ()

    @property
    def helper(self) -> FormHelper:
        """How crispy draws the form."""
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        return helper

    def guard(self) -> None:
        """Put the guards on each field that takes free text, and a warmer sentence on what is left empty."""
        for field in self.fields.values():
            if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _("Fyll i det här.")
            field.validators = [mailable if check is validate_email else check for check in field.validators]
            if isinstance(field, forms.CharField) and refuse_personal_numbers not in field.validators:
                field.validators.append(refuse_personal_numbers)
                if not isinstance(field.widget, forms.Textarea):
                    field.validators.append(one_line)
        for name in self.printed:
            self.fields[name].validators.append(refuse_unprintable)


class PortalForm(GuardedFormMixin, forms.Form):
    """The parent of every form that is not tied to one row."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guard()


class PortalModelForm(GuardedFormMixin, forms.ModelForm):  # type: ignore[type-arg]  # each child names its model
    """The parent of every form that shows one row's fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guard()


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

    class Meta:
        model = Unit
        fields = ["name", "kind", "ownership", "department", "district"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        declared = self.instance.declared_headcount() if self.instance.pk else None
        self.initial.setdefault("declared_headcount", declared.headcount if declared else None)
        self.initial.setdefault("declared_on", clock.today())

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


class ProgrammeForm(PortalModelForm):
    """The programme's names, thresholds, months and sender."""

    printed = ("municipality", "name")

    web_course_url = forms.URLField(label=_("Länk till webbkursen"), assume_scheme="https")

    class Meta:
        model = Programme
        fields = [
            "municipality",
            "name",
            "web_course_url",
            "coverage_threshold_percent",
            "course_validity_months",
            "follow_up_opens_months",
            "follow_up_closes_months",
            "sender_name",
            "sender_email",
        ]

    def clean_follow_up_closes_months(self) -> int:
        """The month in which the window closes; refused at this field when it does not come after the opening."""
        closes: int = self.cleaned_data["follow_up_closes_months"]
        opens = self.cleaned_data.get("follow_up_opens_months")
        if opens is not None and closes <= opens:
            raise forms.ValidationError(_("Uppföljningen måste öppna innan den stänger."))
        return closes


class ListFileForm(PortalForm):
    """A list to upload."""

    file = forms.FileField(
        label=_("Välj en fil"),
        help_text=format_lazy(
            _("CSV eller Excel (.xlsx), högst {megabytes} MB."), megabytes=settings.IMPORT_MAX_BYTES // 1024**2
        ),
        widget=forms.FileInput(attrs={"accept": ",".join(tables.TEXT_ENDINGS + tables.SHEET_ENDINGS)}),
        error_messages={
            "required": _("Välj filen med listan."),
            "missing": _("Välj filen med listan."),
            "invalid": _("Filen kom inte fram. Välj den igen."),
            "empty": _("Filen är tom."),
        },
    )

    file_name = ""

    def read_file(self) -> bytes:
        """What the file holds. Raises ValidationError for one that is too big or whose name has a personnummer."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        refuse_personal_numbers(file.name or "")
        # Asked before the file is read into memory.
        if (file.size or 0) > settings.IMPORT_MAX_BYTES:
            raise forms.ValidationError(tables.too_big())
        self.file_name = file.name or ""
        content: bytes = file.read()
        return content


class UnitImportForm(ListFileForm):
    """A list of units to upload. When it is valid, `file` is the UnitList that the file held."""

    def clean_file(self) -> UnitList:
        """The checked rows; refused at this field when the file can't be read as a list of units."""
        content = self.read_file()
        try:
            return read_units(tables.read_table(self.file_name, content))
        except tables.UnreadableFile as unreadable:
            raise forms.ValidationError(str(unreadable)) from unreadable


class ListImportForm(ListFileForm):
    """A list of people to upload. When it is valid, `file` is its TableReader and `content` its bytes."""

    content = b""

    def clean_file(self) -> tables.TableReader:
        """The list with its headings and first rows; refused at this field when it can't be a list of people."""
        self.content = self.read_file()
        try:
            table = tables.open_table(self.file_name, self.content)
        except tables.UnreadableFile as unreadable:
            raise forms.ValidationError(str(unreadable)) from unreadable
        for label in table.labels:
            refuse_personal_numbers(label)
        if not table.sample:
            raise forms.ValidationError(_("Listan har rubriker men inga rader."))
        if places := personal_number_columns(table.header, [row.cells for row in table.sample]):
            sentence = _("Kolumnen ”%(column)s” har personnummer. Ta bort den ur filen och välj filen igen.")
            raise forms.ValidationError(sentence, params={"column": short(table.labels[places[0]])})
        return table


class ColumnsForm(PortalForm):
    """Which column of a list holds which field. `mapping` is field → place when the form is valid."""

    def __init__(self, *args: Any, spec: ImportSpec, header: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec, self.header = spec, header
        places = [("", _("Finns inte i filen")), *((str(place), name) for place, name in enumerate(header))]
        for column in spec.fields:
            self.fields[column.name] = forms.TypedChoiceField(
                label=column.label,
                help_text=column.help_text,
                choices=places,
                coerce=int,
                empty_value=None,
                required=column.required,
                error_messages={
                    "required": _("Välj den kolumn i filen där det står."),
                    "invalid_choice": _("Välj en av kolumnerna i filen."),
                },
            )
        if spec.asks_if_complete:
            self.fields["is_complete"] = forms.BooleanField(
                label=_("Listan har alla som arbetar i enheterna"),
                help_text=_(
                    "Då visas de som finns i portalen men inte i listan som att de slutar. Bara enheter som listan "
                    "nämner berörs. Ta bort krysset om listan har en del av personalen."
                ),
                required=False,
            )

    @property
    def mapping(self) -> dict[str, int]:
        """Field → place of its column."""
        chosen = {column.name: self.cleaned_data.get(column.name) for column in self.spec.fields}
        return {name: place for name, place in chosen.items() if place is not None}

    def clean(self) -> dict[str, Any]:
        """Refuse a column that serves two fields, and a list without any of the groups of which one must be there."""
        labels: dict[int, Any] = {}
        for column in self.spec.fields:
            place = self.mapping.get(column.name)
            if place in labels:
                sentence = _("Kolumnen är redan vald för %(field)s.") % {"field": str(labels[place]).lower()}
                self.add_error(column.name, sentence)
            elif place is not None:
                labels[place] = column.label
        groups = self.spec.either
        if groups and not any(set(group) <= set(self.mapping) for group in groups):
            self.add_error(groups[0][0], str(self.spec.either_refusal))
        return self.cleaned_data


class ChangesForm(PortalForm):
    """Which sorts of changes are to be saved."""

    verdicts = forms.MultipleChoiceField(
        label=_("Det här sparas"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Välj minst en sorts ändringar.")},
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.MultipleChoiceField", self.fields["verdicts"])
        field.choices = choices
