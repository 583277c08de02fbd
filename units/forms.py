"""Forms of the units app, and what every form of the portal has in common."""

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from jarfalla.privacy import refuse_personal_numbers


class DateField(forms.DateField):
    """A day, typed in the browser's own date field. `past=True` refuses tomorrow and later."""

    def __init__(self, *, past: bool = False, **kwargs: Any) -> None:
        self.past = past
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """The date; refused at this field when it lies in the future."""
        day = super().clean(value)
        if self.past and day and day > clock.today():
            raise forms.ValidationError(_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."))
        return day


class GuardedFormMixin:
    """Every free-text field refuses personnummer; the page around the form writes the <form> tag."""

    fields: dict[str, forms.Field]

    @property
    def helper(self) -> FormHelper:
        """How crispy draws the form."""
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        return helper

    def guard(self) -> None:
        """Put the guard on each field that takes free text."""
        for field in self.fields.values():
            if isinstance(field, forms.CharField) and refuse_personal_numbers not in field.validators:
                field.validators.append(refuse_personal_numbers)


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
