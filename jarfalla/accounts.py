"""Signing in with a code by e-mail, through allauth."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody makes an account by themselves: managers and the coordinator add people to a unit."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No."""
        return False
