"""Forms of the surveys. What is wrong stands at its field, in a sentence."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Purpose, Scale, Statement, Survey
from units.forms import PortalForm


class AnswerForm(PortalForm):
    """The questions of a survey. Each statement may be left out, not all of them.

    `statements` are the bound fields of the statements, for the page to draw.
    """

    # Not from the form's own rendering: the page writes a fresh one each time (templates/courses/survey.html).
    token = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid"), _("Ladda om sidan och svara igen.")),
    )

    def __init__(self, *args: Any, survey: Survey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = {f"statement_{statement.pk}": statement for statement in survey.statements.all()}
        for name, statement in self.asked.items():
            self.fields[name] = forms.TypedChoiceField(
                label=statement.text,
                choices=Scale.choices,
                coerce=int,
                empty_value=None,
                required=False,
                widget=forms.RadioSelect,
                error_messages={"invalid_choice": _("Välj ett av de fem svaren.")},
            )
        if survey.purpose == Purpose.EVALUATION:
            self.fields["comment"] = forms.CharField(
                label=_("Vill du säga något mer?"),
                help_text=_("Skriv inget som pekar ut dig eller någon annan. Högst 500 tecken."),
                max_length=500,
                required=False,
                widget=forms.Textarea(attrs={"rows": 4}),
            )
            self.guard()

    @property
    def statements(self) -> list[forms.BoundField]:
        """The statements to draw, in order."""
        return [self[name] for name in self.asked]

    @property
    def comment_field(self) -> forms.BoundField | None:
        """The comment to draw, in an evaluation."""
        return self["comment"] if "comment" in self.fields else None

    def clean(self) -> dict[str, Any]:
        """At least one statement is answered; said at the first, so that the summary leads there."""
        if not self.errors and not self.ratings():
            self.add_error(next(iter(self.asked), None), _("Svara på minst ett påstående."))
        return self.cleaned_data

    def ratings(self) -> dict[int, int]:
        """The chosen value by the statement's key."""
        chosen = {statement.pk: self.cleaned_data.get(name) for name, statement in self.asked.items()}
        return {pk: value for pk, value in chosen.items() if value is not None}


class PulseForm(PortalForm):
    """The moment at which a unit is asked; the buttons of the page carry it."""

    purpose = forms.TypedChoiceField(
        label=_("När"),
        choices=[(purpose.value, purpose.label) for purpose in Purpose if purpose != Purpose.EVALUATION],
        coerce=Purpose,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Välj när ni svarar.")),
    )


class StatementForm(PortalForm):
    """A statement to add."""

    text = forms.CharField(
        label=_("Påstående"),
        max_length=300,
        help_text=_("Börja gärna med ”Jag vet” eller ”Jag vågar”, så går det att svara hur väl det stämmer."),
    )
    is_evaluation = forms.TypedChoiceField(
        label=_("Används i"),
        choices=[("pulse", _("kunskapspulsen")), ("evaluation", _("utvärderingar av utbildningar"))],
        coerce=lambda chosen: chosen == "evaluation",
        initial="pulse",
        widget=forms.RadioSelect,
    )


class MoveForm(PortalForm):
    """Which statement changes places with the one before or after it; the buttons of the page carry it."""

    move = forms.ModelChoiceField(Statement.objects.filter(retired_at__isnull=True))
    direction = forms.ChoiceField(choices=[("up", ""), ("down", "")])
