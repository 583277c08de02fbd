"""Forms of step 1. What is wrong stands at its field, in a sentence."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import F
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from courses import queries
from courses.models import GroupSession
from courses.queries import Coverage
from jarfalla import clock
from units.forms import DateField, PortalForm
from units.imports import MAX_HEADCOUNT
from units.models import Refused, Unit, User

# A number that fits in its column; the real limit is the unit's size.
MOST_PARTICIPANTS = 100_000


class PeopleField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Checkboxes for those of the staff who lack the course; somebody who has it by now is no error."""

    def __init__(self, **kwargs: Any) -> None:
        messages = {
            "invalid_choice": _("En av personerna finns inte på personallistan längre. Välj igen."),
            "invalid_pk_value": _("En av personerna finns inte på personallistan längre. Välj igen."),
            "required": _("Välj minst en person."),
        }
        super().__init__(
            queryset=User.objects.none(),
            widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
            error_messages=messages,
            **kwargs,
        )

    def offer(self, unit: Unit | None, people: Iterable[User]) -> None:
        """Show `people`, with their address where two have the same name; accept whoever works in the unit.

        Without a unit only those who are shown are accepted.
        """
        people = list(people)
        same_name = Counter(person.name for person in people)
        shown = User.objects.filter(pk__in=[person.pk for person in people])
        self.queryset = queries.listed_staff(unit) if unit else shown
        self.choices = [
            (person.pk, person.name if same_name[person.name] == 1 else f"{person.name} ({person.email})")
            for person in people
        ]


class HeadcountField(forms.IntegerField):
    """How many took part: at least 1, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        messages = {
            "min_value": _("Antalet deltagare måste vara minst 1."),
            "max_value": _("Antalet deltagare är orimligt stort."),
        }
        super().__init__(
            required=False,
            min_value=1,
            max_value=MOST_PARTICIPANTS,
            error_messages=messages,
            widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            **kwargs,
        )


class GroupSessionForm(PortalForm):
    """A group session: named participants, a headcount of those without a name, or both."""

    held_on = DateField(label=_("När hölls gruppträffen?"), past=True)
    members = PeopleField(label=_("Vilka var med?"), required=False)
    headcount = HeadcountField(
        label=_("Hur många fler var med, utan namn?"),
        help_text=_("Till exempel vikarier, eller kollegor som inte står i listan. Räkna inte dem du har kryssat för."),
    )
    # Not from the form's own rendering: the page writes a fresh one each time (templates/courses/step_1.html).
    token = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, unit: Unit, staff: list[User], coverage: Coverage, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"held_on": clock.today()})
        super().__init__(*args, **kwargs)
        self.coverage = coverage
        self.lacking = {person.pk for person in staff}
        self.fields["members"].offer(unit, staff)  # type: ignore[attr-defined]  # it is a PeopleField
        if not staff:
            self.fields["headcount"].label, self.fields["headcount"].help_text = _("Hur många var med?"), ""

    def clean(self) -> dict[str, Any]:
        """Somebody took part, and no more than work in the unit. A form sent again is left to the action."""
        data = self.cleaned_data
        if {"members", "headcount"} - data.keys():
            return data
        chosen, headcount = list(data["members"]), data["headcount"]
        if not chosen and not headcount:
            field = "members" if self.lacking else "headcount"
            self.add_error(field, _("Välj minst en person, eller ange hur många som var med utan namn."))
        elif headcount and not self.was_sent_before():
            newcomers = [person for person in chosen if person.pk in self.lacking]
            try:
                self.coverage.require_room(headcount, len(newcomers))
            except Refused as refused:
                self.add_error("headcount", str(refused))
        return data

    def was_sent_before(self) -> bool:
        """Whether a session was recorded from this very form."""
        token = self.cleaned_data.get("token")
        return token is not None and GroupSession.objects.filter(token=token).exists()


class CountedInField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """The group session that counted these people without a name, before anybody knew who they were; none at first.

    A form in a unit without such sessions has no use for the question: `ask` takes it away.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=GroupSession.objects.none(),
            required=False,
            blank=True,
            empty_label=_("Nej"),
            widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
            error_messages={"invalid_choice": _("Gruppträffen finns inte längre. Välj igen.")},
            **kwargs,
        )

    def label_from_instance(self, obj: GroupSession) -> str:
        """The session by its day, with how many of those that it counted still have no name."""
        unnamed = (obj.headcount or 0) - getattr(obj, "names_later", 0)
        said = _("Ja, den %(day)s (%(n)s utan namn)")
        return str(said) % {"day": formats.date_format(obj.held_on, "j F Y"), "n": unnamed}

    @classmethod
    def ask(cls, form: PortalForm, name: str, unit: Unit) -> None:
        """Offer the unit's sessions with unnamed participants in the field `name`; no field when there are none."""
        sessions = queries.recorded_sessions(unit).filter(headcount__gt=F("names_later"))
        field = form.fields[name]
        assert isinstance(field, cls)
        field.queryset = sessions
        if not sessions.exists():
            del form.fields[name]


class CompletionsForm(PortalForm):
    """People who took the course by themselves."""

    users = PeopleField(label=_("Vilka har gått kursen?"))
    completed_on = DateField(label=_("När?"), past=True)
    counted_in = CountedInField(
        label=_("Var någon av dem redan räknad utan namn på en gruppträff?"),
        help_text=_(
            "Svaret gäller alla du kryssar för, och gruppträffens dag gäller. Var det bara några av dem: registrera "
            "dem för sig."
        ),
    )

    def __init__(self, *args: Any, unit: Unit, staff: list[User], **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"completed_on": clock.today()})
        super().__init__(*args, **kwargs)
        self.fields["users"].offer(unit, staff)  # type: ignore[attr-defined]  # it is a PeopleField
        CountedInField.ask(self, "counted_in", unit)


class OwnCompletionForm(PortalForm):
    """The person says: I have taken the course."""

    on = DateField(label=_("Vilken dag gick du kursen?"), past=True)
    counted_in = CountedInField(
        label=_("Räknades du utan namn på en gruppträff?"), help_text=_("Om ja gäller gruppträffens dag.")
    )

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"on": clock.today()})
        # The page holds other forms with fields of the same names.
        super().__init__(*args, auto_id="id_own_%s", **kwargs)
        CountedInField.ask(self, "counted_in", unit)


class HeadcountForm(PortalForm):
    """How many work in a unit whose staff have no accounts."""

    headcount = forms.IntegerField(
        label=_("Hur många arbetar här?"),
        required=False,
        min_value=1,
        max_value=MAX_HEADCOUNT,
        help_text=_("Lämna tomt om personallistan ska räknas igen."),
        error_messages={
            "min_value": _("Antalet anställda måste vara minst 1."),
            "max_value": _("Antalet anställda är orimligt stort."),
        },
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    declared_on = DateField(
        label=_("Från och med vilken dag?"),
        past=True,
        help_text=_("Täckningen räknas med det nya antalet från den dagen. Äldre dagar ändras inte."),
    )

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        declared = unit.declared_headcount()
        present = declared.headcount if declared else None
        kwargs.setdefault("initial", {"headcount": present, "declared_on": clock.today()})
        super().__init__(*args, auto_id="id_size_%s", **kwargs)
