"""What every form of the portal has in common: fields that refuse what must not be saved."""

import datetime as dt
import re
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.validators import EmailValidator, RegexValidator, validate_email
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from jarfalla.pdf import refuse_unprintable
from jarfalla.privacy import refuse_personal_numbers

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


class TimeField(forms.TimeField):
    """A time of day, typed in the browser's own field."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **kwargs)


def moment(day: dt.date, time: dt.time) -> dt.datetime:
    """The moment when the clocks here show that. In UTC: the night when they change may turn two of them round."""
    return timezone.make_aware(dt.datetime.combine(day, time)).astimezone(dt.UTC)


class GuardedFormMixin:
    """Every free-text field refuses personnummer, every one-line field also a line break.

    A hidden field is the portal's own word to itself, which nobody writes and nothing keeps: a fingerprint or a random
    key has digits that pass for a personnummer now and then, and whoever sent the form could do nothing about it.

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
            is_written = isinstance(field, forms.CharField) and not field.widget.is_hidden
            if is_written and refuse_personal_numbers not in field.validators:
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
