"""Signing up to an open occasion, and writing to those who did."""

import uuid
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from courses.models import SignUp, SignUpAudience, Training
from units.forms import PortalForm

MOST_SEATS = 20


class SignUpForm(PortalForm):
    """Who comes, from where, and how many."""

    name = forms.CharField(label=_("Ditt namn"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("E-postadress"),
        max_length=254,
        help_text=_("Dit skickas bekräftelsen, med en kalenderfil och en länk för att avanmäla dig."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": _("Det ser inte ut som en e-postadress. Den ska vara som namn@kommun.se.")},
    )
    organisation = forms.CharField(
        label=_("Enhet, kommun eller organisation"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    seats = forms.IntegerField(
        label=_("Antal platser"),
        min_value=1,
        max_value=MOST_SEATS,
        initial=1,
        help_text=format_lazy(_("Räkna med dig själv. Högst {most} platser."), most=MOST_SEATS),
        error_messages={
            "min_value": _("Anmäl minst en person."),
            "max_value": format_lazy(_("Anmäl högst {most} personer. Är ni fler, hör av er."), most=MOST_SEATS),
        },
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    # Written afresh by the page each time (templates/courses/sign_up.html).
    token = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, training: Training, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.training = training

    def clean_token(self) -> uuid.UUID:
        """The form's own token; a new one for a form that came without."""
        token: uuid.UUID | None = self.cleaned_data["token"]
        return token or uuid.uuid4()

    def clean(self) -> dict[str, Any]:
        """More seats than there are, refused at the field; a form that is sent again is left to the action.

        That an address is signed up already is the action's to say, after the view has counted how often it is asked:
        else anybody could try as many addresses as they like.
        """
        data = self.cleaned_data
        if self.was_sent_before():
            return data
        most = self.training.capacity
        if most is not None and data.get("seats", 0) > most:
            sentence = _("Utbildningen har %(n)s platser. Anmäl högst så många.")
            self.add_error("seats", sentence % {"n": most})
        return data

    def was_sent_before(self) -> bool:
        """Whether somebody was signed up from this very form."""
        token = self.cleaned_data.get("token")
        return token is not None and SignUp.objects.filter(token=token, training=self.training).exists()


class SignUpMailForm(PortalForm):
    """What the coordinator writes to those who signed up, and to whom."""

    audience = forms.ChoiceField(
        label=_("Till"),
        choices=SignUpAudience,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Välj vilka mejlet ska gå till.")},
    )
    subject = forms.CharField(label=_("Ämne"), max_length=150)
    text = forms.CharField(
        label=_("Vad vill du skriva?"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Mejlet börjar med ”Hej!” och slutar med tid, plats och länken till den egna anmälan."),
    )
    token = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, counts: dict[SignUpAudience, int], **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"audience": SignUpAudience.PLACED})
        super().__init__(*args, **kwargs)
        self.fields["audience"].choices = [  # type: ignore[attr-defined]  # it is a ChoiceField
            (audience.value, f"{audience.label} ({counts[audience]})") for audience in SignUpAudience
        ]

    def clean_token(self) -> uuid.UUID:
        """The form's own token; a new one for a form that came without."""
        token: uuid.UUID | None = self.cleaned_data["token"]
        return token or uuid.uuid4()
