"""Signing in with a code by e-mail, through allauth: what it may do, what its forms ask, what it says."""

from email.headerregistry import Address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ConfirmLoginCodeForm, RequestLoginCodeForm
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from units.forms import GuardedFormMixin
from units.models import Programme, User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody makes an account by themselves: managers and the coordinator add people to a unit."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": gettext_lazy("Koden stämmer inte. Läs den i mejlet en gång till."),
        "too_many_login_attempts": gettext_lazy("Det blev för många försök. Vänta någon minut och be om en ny kod."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def get_from_email(self) -> str:
        """The programme's own sender, as in every other mail."""
        programme = Programme.current()
        return str(Address(programme.sender_name, addr_spec=programme.sender_email))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """The code's mail; its subject too may name the programme."""
        super().send_mail(template_prefix, email, context | {"programme": Programme.current()})

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Somebody whose account was closed after the code had left."""
        messages.error(request, _("Kontot är stängt. Fråga samordnaren om det är fel."))
        return redirect("account_login")


class EmailForm(GuardedFormMixin, RequestLoginCodeForm):  # type: ignore[misc]  # allauth has no types
    """Which address the code is to go to."""

    email = forms.EmailField(
        label=gettext_lazy("E-postadress"),
        help_text=gettext_lazy("Din adress på jobbet. Vi skickar en kod dit, så behövs inget lösenord."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": gettext_lazy("Skriv din e-postadress."),
            "invalid": gettext_lazy("Det ser inte ut som en e-postadress. Den ska vara som namn@kommun.se."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guard()

    def clean_email(self) -> str:
        """The address, within the limits of how often one may ask; whether it has an account stays unsaid."""
        email: str = super().clean_email().strip().lower()
        self._user = User.objects.filter(email__iexact=email, is_active=True).first()
        return email


class CodeForm(GuardedFormMixin, ConfirmLoginCodeForm):  # type: ignore[misc]  # allauth has no types
    """The code out of the mail; case, spaces and dashes do not matter."""

    code = forms.CharField(
        label=gettext_lazy("Kod"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "code-input",
            }
        ),
        error_messages={"required": gettext_lazy("Skriv koden som står i mejlet.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guard()
