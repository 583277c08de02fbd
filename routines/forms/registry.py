"""What the two registries say: contacts and places in the law."""

import copy
import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routines import queries
from routines.forms.texts import REFUSALS
from routines.models import Contact, LegalReference
from units.forms import PortalModelForm

_FEWEST_DIGITS, _MOST_DIGITS = 3, 15  # 112 is a number; more than 15 digits is two numbers in one field


class EntryForm(PortalModelForm):
    """What both registries ask for. Without an entry it makes a new one. `seen` is what the writer began from."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    is_checked = forms.BooleanField(
        label=gettext_lazy("Jag har kontrollerat uppgifterna i dag"),
        required=False,
        help_text=gettext_lazy(
            "Utan kryss står det ”inte kontrollerad” i rutinerna tills någon har kontrollerat det som är nytt."
        ),
    )

    def __init__(self, *args: Any, entry: Contact | LegalReference | None = None, **kwargs: Any) -> None:
        self.entry = entry
        super().__init__(*args, instance=copy.copy(entry), **kwargs)
        self.initial["seen"] = queries.fingerprint(entry) if entry else ""
        for name in self.instance.EDITED:
            self.fields[name].error_messages.update(REFUSALS)

    def validate_unique(self) -> None:
        """`clean` has done it, in words that help."""

    def clean(self) -> dict[str, Any]:
        """The fields, free of doubled spaces; refused at the name when another entry has it.

        A new one may have the name of one that was taken out: it comes back.
        """
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for field in self.instance.EDITED:
            if field in cleaned:
                cleaned[field] = " ".join(cleaned[field].split())
        name = cleaned.get(self.instance.NAMED_BY)
        twin = queries.named(self.instance, name) if name else None
        if twin and not (self.entry is None and (twin.retired_at or self._is_sent_twice(twin))):
            taken = _("Det namnet finns redan, men används inte längre.") if twin.retired_at else _("Det finns redan.")
            self.add_error(self.instance.NAMED_BY, taken)
        return cleaned

    def values(self) -> dict[str, str]:
        """What was written, by field; only of a valid form."""
        return {name: self.cleaned_data[name] for name in self.instance.EDITED}

    def begin_again_from(self, entry: Contact | LegalReference) -> None:
        """Let the next save begin from the entry as it is now; what was typed stays on the page."""
        self.data = {**dict(self.data.items()), "seen": queries.fingerprint(entry)}

    def _is_sent_twice(self, twin: Contact | LegalReference) -> bool:
        """Whether this is the form that made `twin`, once more: the button was pressed twice."""
        return all(getattr(twin, name) == self.cleaned_data.get(name) for name in self.instance.EDITED)


class ContactForm(EntryForm):
    """Whom to call."""

    printed = Contact.PRINTED

    web = forms.URLField(
        label=gettext_lazy("Webbplats"),
        max_length=200,
        required=False,
        assume_scheme="https",
        error_messages={"invalid": gettext_lazy("Skriv en hel webbadress, till exempel https://www.exempel.se.")},
    )

    class Meta:
        model = Contact
        fields = Contact.EDITED
        error_messages = {"name": {"required": gettext_lazy("Skriv vem det är man ringer.")}}
        help_texts = {
            "phone": gettext_lazy("Anknytning eller tonval kan stå inom parentes efter numret."),
            "hours": gettext_lazy("Till exempel: vardagar 9–16."),
            "audience": gettext_lazy("Till exempel: barn, eller yrkesverksamma. Lämna tomt om det är för alla."),
            "source": gettext_lazy("Var uppgifterna kommer från. Det står inte i rutinerna."),
        }

    def clean_phone(self) -> str:
        """The number; refused at this field when no telephone could dial it."""
        phone: str = self.cleaned_data["phone"]
        digits = len(re.sub(r"\D", "", phone.split("(", maxsplit=1)[0]))
        if phone and not _FEWEST_DIGITS <= digits <= _MOST_DIGITS:
            raise forms.ValidationError(_("Skriv ett telefonnummer, till exempel 08-580 285 00."))
        return phone

    def clean_web(self) -> str:
        """The address; refused at this field unless a browser opens it as a page."""
        web: str = self.cleaned_data["web"]
        if web and urlsplit(web).scheme not in ("http", "https"):
            raise forms.ValidationError(_("Länken måste börja med https:// eller http://."))
        return web

    def clean(self) -> dict[str, Any]:
        """The fields; refused at the number when there is no way to reach anybody."""
        cleaned = super().clean()
        if not (cleaned.get("phone") or cleaned.get("web") or {"phone", "web"} & set(self.errors)):
            self.add_error("phone", _("Skriv ett telefonnummer eller en webbplats."))
        return cleaned


class LawForm(EntryForm):
    """A place in the law, and what it is about."""

    printed = LegalReference.PRINTED

    class Meta:
        model = LegalReference
        fields = LegalReference.EDITED
        error_messages = {
            "label": {"required": gettext_lazy("Skriv ett kort namn att känna igen lagrummet på.")},
            "law": {"required": gettext_lazy("Skriv lagens namn och nummer.")},
            "about": {"required": gettext_lazy("Skriv vad det handlar om, i några ord.")},
        }
        help_texts = {
            "label": gettext_lazy("Ett kort namn som den som skriver rutiner känner igen. Det står inte i rutinerna."),
            "law": gettext_lazy("Till exempel: Socialtjänstlag (2025:400)."),
            "place": gettext_lazy("Till exempel: 19 kap. 1 §. Lämna tomt om hela lagen avses."),
        }
