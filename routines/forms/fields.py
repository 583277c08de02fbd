"""Fields for what stands in a section, of a routine and of a template alike: formatted text, points on lines, the four
cells of a decision table, and what is placed from the registries.

All of them may be left empty: whether a section must be filled in is asked when the routine is submitted. `check`
guards the words that people see, not the tags between them. A page that has a RichTextField includes
routines/_editor_head.html in its head; without JavaScript the field is a textarea with the text's HTML.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla import rich_text
from jarfalla.pdf import refuse_unprintable
from jarfalla.privacy import refuse_personal_numbers
from routines.forms.texts import REFUSALS
from routines.models import Contact, LegalReference, SectionKind, Situation

# Some ten pages: more in one section is a mistake of the clipboard.
LONGEST_SECTION = 20_000
LONGEST_CELL = 2_000
# Nobody sees the tags, but they are read: text that Word has wrapped in many of them.
TOO_MUCH = gettext_lazy(
    "Det som klistrades in är för mycket för ett avsnitt. Klistra in en mindre del åt gången, eller klistra in utan "
    "formatering."
)


class RichTextarea(forms.Textarea):
    """A textarea that static/js/editor.js turns into an editor."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({"class": "form-control", "rows": 10, "data-editor": "", **(attrs or {})})

    def format_value(self, value: Any) -> str:
        """The HTML with each block on a line of its own, for those who read it without the editor."""
        return rich_text.with_line_breaks(str(value)) if value else ""


class RichTextField(forms.CharField):
    """Formatted text. What comes out is sanitised HTML in its one normal form (jarfalla/rich_text.py)."""

    def __init__(self, *, max_length: int = LONGEST_SECTION, **kwargs: Any) -> None:
        kwargs.setdefault("widget", RichTextarea)
        kwargs.setdefault("required", False)
        kwargs.setdefault("error_messages", REFUSALS)
        super().__init__(validators=[refuse_unprintable, refuse_personal_numbers], **kwargs)
        # Not the CharField's own: the browser would count the tags too.
        self.longest = max_length

    def to_python(self, value: Any) -> str:
        """The text as it is kept. Raises ValidationError for what is too much to look through."""
        try:
            return rich_text.clean(super().to_python(value) or "")
        except rich_text.TooMuch as too_much:
            raise forms.ValidationError(TOO_MUCH, code="max_length") from too_much

    def run_validators(self, value: Any) -> None:
        """Look at the words as a reader sees them, where no tag splits a number, and at where the links lead."""
        words = rich_text.to_plain(value)
        if len(words) > self.longest:
            raise forms.ValidationError(
                self.error_messages["max_length"],
                code="max_length",
                params={"show_value": len(words), "limit_value": self.longest},
            )
        super().run_validators(words)
        refuse_personal_numbers("\n".join(unquote(address) for address in rich_text.links(value)))


class PointsField(forms.CharField):
    """Plain text with a point on every line: a checklist."""

    def __init__(self, *, max_length: int = LONGEST_SECTION, rows: int = 8, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("error_messages", REFUSALS)
        kwargs.setdefault("help_text", gettext_lazy("En punkt på varje rad."))
        kwargs.setdefault("widget", forms.Textarea(attrs={"class": "form-control", "rows": rows}))
        super().__init__(
            max_length=max_length, strip=False, validators=[refuse_unprintable, refuse_personal_numbers], **kwargs
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """No maxlength: a browser would cut off what is pasted, without a word."""
        return {}

    def to_python(self, value: Any) -> str:
        """The points without empty lines and typed bullets."""
        return rich_text.tidy_points(super().to_python(value) or "")


class CellsWidget(forms.MultiWidget):
    """Four textareas, one for each situation, each with its own label."""

    template_name = "routines/_cells_widget.html"
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
            situation.value: forms.Textarea(attrs={"class": "form-control", "rows": 5}) for situation in Situation
        }
        super().__init__(boxes, attrs)

    def decompress(self, value: Any) -> list[str]:
        """The four texts of a section's `cells`."""
        cells = value or {}
        return [str(cells.get(situation.value, "")) for situation in Situation]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """With the label of each textarea. `decompress` is asked for a dictionary only: a list is what was typed."""
        context = super().get_context(name, value, attrs)
        for box, situation in zip(context["widget"]["subwidgets"], Situation, strict=True):
            box["label"] = situation.label
        return context


class CellsField(forms.MultiValueField):
    """A decision table: what to do in each of four situations, a step on every line. Gives and takes `cells`."""

    widget = CellsWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("help_text", gettext_lazy("Ett steg på varje rad."))
        fields = [PointsField(max_length=LONGEST_CELL, label=situation.label) for situation in Situation]
        super().__init__(fields, require_all_fields=False, **kwargs)

    def clean(self, value: Any) -> dict[str, str]:
        """The texts by situation; a refusal says which of the four it is about."""
        texts, problems = {}, []
        for situation, field, text in zip(Situation, self.fields, value or [""] * len(self.fields), strict=True):
            try:
                texts[situation.value] = field.clean(text)
            except forms.ValidationError as problem:
                problems += [f"{situation.label}: {message}" for message in problem.messages]
        if problems:
            raise forms.ValidationError(problems)
        return {key: text for key, text in texts.items() if text}

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another text was typed in one of the four."""
        typed = dict(zip(Situation.values, (rich_text.tidy_points(text or "") for text in data or []), strict=False))
        return (initial or {}) != {key: text for key, text in typed.items() if text}


class ContactsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Contacts to place in a section, ticked in the registry. `placed` stay choosable after they are retired."""

    def __init__(self, *, placed: Iterable[int] = (), **kwargs: Any) -> None:
        entries = Contact.objects.filter(Q(retired_at__isnull=True) | Q(pk__in=list(placed)))
        super().__init__(entries, **_ticked(kwargs, gettext_lazy("Kontakter")))

    def label_from_instance(self, obj: Any) -> str:
        """The name and the number, and what is wrong with them."""
        return _entry_label(" – ".join(filter(None, [obj.name, obj.phone])), obj)


class ReferencesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Legal references to place in a section, ticked in the registry."""

    def __init__(self, *, placed: Iterable[int] = (), **kwargs: Any) -> None:
        entries = LegalReference.objects.filter(Q(retired_at__isnull=True) | Q(pk__in=list(placed)))
        super().__init__(entries, **_ticked(kwargs, gettext_lazy("Lagrum")))

    def label_from_instance(self, obj: Any) -> str:
        """What it is about and where it stands, and what is wrong with it."""
        return _entry_label(f"{obj} – {obj.about}", obj)


def _ticked(kwargs: dict[str, Any], label: Any) -> dict[str, Any]:
    refusal = _("Välj bland dem som finns i registret.")
    messages = {"invalid_choice": refusal, "invalid_pk_value": refusal, "invalid_list": refusal}
    return {
        "label": label,
        "required": False,
        "widget": forms.CheckboxSelectMultiple,
        "error_messages": messages,
        **kwargs,
    }


def _entry_label(text: str, entry: Contact | LegalReference) -> str:
    if entry.retired_at:
        return _("%(entry)s (används inte längre)") % {"entry": text}
    if entry.checked_on is None:
        return _("%(entry)s (inte kontrollerad)") % {"entry": text}
    return text


def fields_for(kind: str, *, contacts: Sequence[int] = (), references: Sequence[int] = ()) -> dict[str, forms.Field]:
    """The fields of a section of that kind, by the name of what they fill: `body`, `cells`, `contacts`, `references`.

    The two lists are what is placed already, as primary keys.
    """
    if kind == SectionKind.CHECKLIST:
        return {"body": PointsField(label=gettext_lazy("Punkter"))}
    if kind == SectionKind.TEXT:
        return {"body": RichTextField(label=gettext_lazy("Text"))}
    fields: dict[str, forms.Field] = {"body": RichTextField(label=gettext_lazy("Inledning"))}
    if kind == SectionKind.DECISIONS:
        fields["cells"] = CellsField(label=gettext_lazy("Så gör ni"))
    elif kind == SectionKind.CONTACTS:
        fields["contacts"] = ContactsField(placed=contacts, initial=list(contacts))
    else:
        fields["references"] = ReferencesField(placed=references, initial=list(references))
    return fields
