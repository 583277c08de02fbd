"""Forms of the material library."""

from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courses import queries
from courses.models import Material, MaterialType
from jarfalla import uploads
from jarfalla.privacy import refuse_personal_numbers
from units.forms import PortalForm
from units.models import Kind
from units.queries import swedish_key

EVERYTHING = ("", pgettext_lazy("filter", "Alla"))


def kinds() -> list[tuple[str, Any]]:
    """The verksamhetstyper, sorted in the language of the user."""
    return sorted(Kind.choices, key=lambda choice: swedish_key(str(choice[1])))


class MaterialFilter(PortalForm):
    """What the library shows. What can't be understood is left out, never an error."""

    q = forms.CharField(
        label=_("Sök"), max_length=120, required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    verksamhet = forms.ChoiceField(label=_("För verksamhet"), required=False, choices=lambda: [EVERYTHING, *kinds()])
    typ = forms.ChoiceField(label=_("Typ"), required=False, choices=[EVERYTHING, *MaterialType.choices])

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> Self:
        """The filter that an address asks for, without the parts of it that mean nothing."""
        asked = cls(query)
        asked.full_clean()
        understood = cls({name: asked.cleaned_data.get(name, "") for name in asked.fields})
        understood.full_clean()
        return understood

    @property
    def is_used(self) -> bool:
        """Whether anything is left out."""
        return any(self.cleaned_data.values())


class MaterialForm(PortalForm):
    """A link or a file for the library, for new material or for `material` as it is."""

    title = forms.CharField(label=_("Titel"), max_length=200)
    description = forms.CharField(
        label=_("Vad är det bra för?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("En eller två meningar. Till exempel när det passar och hur lång tid det tar."),
    )
    publisher = forms.CharField(label=_("Utgivare"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Typ"), choices=MaterialType.choices)
    kinds = forms.MultipleChoiceField(
        label=_("Vilka är det gjort för?"),
        required=False,
        choices=kinds,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Lämna tomt om det passar alla verksamheter."),
    )
    web = forms.URLField(label=_("Länk"), max_length=200, required=False, assume_scheme="https")
    file = forms.FileField(
        label=_("Fil"),
        required=False,
        max_length=200,
        help_text=format_lazy(
            _("PDF, PNG, JPG, Word (.docx) eller PowerPoint (.pptx), högst {megabytes} MB."),
            megabytes=settings.MATERIAL_MAX_BYTES // 1024**2,
        ),
        widget=forms.FileInput(attrs={"accept": ",".join(uploads.SORTS)}),
        error_messages={
            "invalid": _("Filen kom inte fram. Välj den igen."),
            "empty": _("Filen är tom."),
            "max_length": _("Filens namn är för långt. Döp om den och välj den igen."),
        },
    )
    remove_file = forms.BooleanField(label=_("Ta bort filen som finns"), required=False)

    twin: Material | None = None  # another material with the same title

    def __init__(self, *args: Any, material: Material | None = None, **kwargs: Any) -> None:
        self.material = material
        super().__init__(*args, initial=self._values(material) if material else {}, **kwargs)
        kind_field = self.fields["kind"]
        assert isinstance(kind_field, forms.ChoiceField)
        if material and material.kind and material.kind not in MaterialType.values:
            kind_field.choices = [*MaterialType.choices, (material.kind, material.type_label)]
        if not (material and material.file):
            del self.fields["remove_file"]

    @staticmethod
    def _values(material: Material) -> dict[str, Any]:
        return {name: getattr(material, name) for name in ("title", "description", "publisher", "kind", "kinds", "web")}

    def clean_title(self) -> str:
        """The title, free of doubled spaces; refused at this field when another material has it."""
        title = " ".join(self.cleaned_data["title"].split())
        others = Material.objects.filter(title__iexact=title)
        twin = (others.exclude(pk=self.material.pk) if self.material else others).first()
        if twin and twin.retired_at:
            raise forms.ValidationError(
                _("Ett material med den titeln har tagits bort. Lägg till något, som ett årtal.")
            )
        self.twin = twin
        return title

    def clean_web(self) -> str:
        """The address; refused at this field unless a browser opens it as a page."""
        web: str = self.cleaned_data["web"]
        if web and urlsplit(web).scheme not in ("http", "https"):
            raise forms.ValidationError(_("Länken måste börja med https:// eller http://."))
        return web

    def clean_file(self) -> "UploadedFile[bytes] | None":
        """The file; refused at this field when it is too big, or not what it calls itself."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is None:
            return None
        refuse_personal_numbers(file.name or "")
        if (file.size or 0) > settings.MATERIAL_MAX_BYTES:
            megabytes = settings.MATERIAL_MAX_BYTES // 1024**2
            raise forms.ValidationError(
                _("Filen är för stor. Den får vara högst %(megabytes)s MB."), params={"megabytes": megabytes}
            )
        try:
            uploads.sort_of(file.name or "", file)
        except uploads.UnacceptableFile as unacceptable:
            raise forms.ValidationError(str(unacceptable)) from unacceptable
        return file

    def clean(self) -> dict[str, Any]:
        """The fields; refused at the link when there is neither link nor file to open."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.twin and not self._sent_twice(self.twin, cleaned):
            self.add_error("title", _("Det finns redan ett material med den titeln."))
        keeps = bool(self.material and self.material.file) and not cleaned.get("remove_file")
        if not (cleaned.get("web") or cleaned.get("file") or keeps or {"web", "file"} & set(self.errors)):
            self.add_error("web", _("Lägg in en länk eller välj en fil."))
        return cleaned

    def _sent_twice(self, twin: Material, cleaned: dict[str, Any]) -> bool:
        """Whether this is the form that made `twin`, once more: the button was pressed twice."""
        values = {name: cleaned.get(name) for name in ("title", "description", "publisher", "kind", "kinds", "web")}
        file = cleaned.get("file")
        name = uploads.clean_name(file.name or "") if file else ""
        return self.material is None and queries.says_the_same(twin, file_name=name, **values)
