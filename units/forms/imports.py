"""Forms for lists that somebody uploads."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from jarfalla import tables
from jarfalla.privacy import refuse_personal_numbers
from units.forms.guarded import PortalForm
from units.imports import UnitList, read_units
from units.imports.lists import ImportSpec, personal_number_columns, short


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
