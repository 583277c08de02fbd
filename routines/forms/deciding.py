"""Endorsing, approving and returning a version."""

from django import forms
from django.utils.translation import gettext_lazy

from routines.forms.texts import REFUSALS
from units.forms import PortalForm


class SeenForm(PortalForm):
    """An endorsement or an approval: of the text that was on the page."""

    seen = forms.CharField(
        widget=forms.HiddenInput,
        max_length=64,
        error_messages={"required": gettext_lazy("Läs rutinen på den här sidan innan du bestämmer dig.")},
    )


class ReturnForm(PortalForm):
    """What must change before the version can be reviewed again."""

    comment = forms.CharField(
        label=gettext_lazy("Vad behöver ändras?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={**REFUSALS, "required": gettext_lazy("Skriv vad som behöver ändras.")},
        help_text=gettext_lazy("Skriv så att den som ska ändra förstår vad och varför."),
    )
