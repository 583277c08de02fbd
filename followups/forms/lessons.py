"""A lesson on its way to other units: what is published, and why something is not."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from followups import queries
from followups.models import FollowUp
from units.forms import PortalForm

_TELLS = _("Det här visar var lärdomen kommer från: %(words)s. Skriv om det.")
_MAY_TELL = _("Visar det här var lärdomen kommer från: %(words)s? Skriv om det, eller kryssa i sista rutan.")
_NO_DOUBT = _("Det här visar inte var lärdomen kommer från: %(words)s")
_UNCHECKED = _("Läs texten en gång till och kryssa i rutan när det stämmer.")


def _check(label: Any) -> forms.BooleanField:
    """Something that only a person can see to."""
    return forms.BooleanField(label=label, error_messages={"required": _UNCHECKED})


class LessonForm(PortalForm):
    """The coordinator's own words for what a unit has learned. Refuses what plainly tells which unit it is."""

    title = forms.CharField(
        label=_("Rubrik"), max_length=120, help_text=_("Vad andra kan lära sig, i en rad: ”Börja i arbetslaget”.")
    )
    text = forms.CharField(
        label=_("Lärdomen, som andra läser den"), max_length=4000, widget=forms.Textarea(attrs={"rows": 8})
    )
    no_place = _check(_("Enhetens namn, ort och lokaler är borta"))
    no_person = _check(_("Ingen person går att känna igen, inte heller på sin roll, sin ålder eller sin bakgrund"))
    no_event = _check(_("Ingen enskild händelse och inget ärende går att känna igen"))
    no_doubt = forms.BooleanField(
        label=_("Orden som portalen frågade om visar inte var lärdomen kommer från"),
        required=False,
        widget=forms.HiddenInput,
    )
    # The words that the box above asks about: a yes to these is no yes to others that are written afterwards.
    asked = forms.CharField(required=False, max_length=6000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, follow_up: FollowUp, **kwargs: Any) -> None:
        self.follow_up = follow_up
        lesson = getattr(follow_up, "shared_lesson", None)
        first = {"title": lesson.title if lesson else "", "text": (lesson and lesson.text) or follow_up.lesson}
        super().__init__(*args, initial=first, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Look for what tells where the lesson comes from, in each of the two texts."""
        cleaned = super().clean() or {}
        doubtful = {}
        for name in ("title", "text"):
            surely, doubtful[name] = queries.telling_words(cleaned.get(name) or "", self.follow_up)
            if surely:
                self.add_error(name, _TELLS % {"words": ", ".join(surely)})
        words = list({word.casefold(): word for found in doubtful.values() for word in found}.values())
        answered = set((cleaned.get("asked") or "").casefold().split(","))
        is_yes = bool(cleaned.get("no_doubt")) and answered.issuperset(word.casefold() for word in words)
        self._ask_about(words, is_yes=is_yes)
        for name, found in doubtful.items():
            if found and not is_yes:
                self.add_error(name, _MAY_TELL % {"words": ", ".join(found)})
        return cleaned

    def _ask_about(self, words: list[str], *, is_yes: bool) -> None:
        """Show the box with the words that it is about, as it was left; without any there is no box and no yes."""
        data = cast("dict[str, str]", self.data.copy())  # type: ignore[attr-defined]  # a dict, or a QueryDict
        data[self.add_prefix("asked")] = ",".join(words)
        if not (words and is_yes):
            data.pop(self.add_prefix("no_doubt"), None)
        self.data = data
        if words:
            self.fields["no_doubt"].widget = forms.CheckboxInput()
            self["no_doubt"].label = _NO_DOUBT % {"words": ", ".join(words)}


class WithdrawLessonForm(PortalForm):
    """Why other units do not, or no longer, read a lesson."""

    reason = forms.CharField(
        label=_("Varför ska andra inte läsa den?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Enhetens chef ser skälet."),
    )
