"""A visitor without a browser, for portals that run as processes of their own."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from django.conf import settings
from django.test import Client

from units.models import User


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A redirect is an answer, not a detour."""


class Visitor:
    """Signed in as `user` at the portal that answers at `address` and shares this process's database; or with a session
    of the portal's own database."""

    def __init__(self, address: str, user: User | None = None, *, session: str = "") -> None:
        if user:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.address = address
        self.session = session
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), _NoRedirect)
        self.text = ""

    def get(self, path: str) -> int:
        """The status of a page; its text is kept in `text`."""
        return self._ask(urllib.request.Request(self.address + path))

    def post(self, page: str, path: str, **fields: Any) -> int:
        """Send `fields` to `path`, with the hidden fields of `page`, where the form stands."""
        assert self.get(page) == 200, page
        hidden = {}
        for tag in re.findall(r"<input[^>]*>", self.text):
            attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if attributes.get("type") == "hidden" and "name" in attributes:
                hidden[attributes["name"]] = attributes.get("value", "")
        body = urllib.parse.urlencode({**hidden, **{name: str(value) for name, value in fields.items()}}).encode()
        return self._ask(urllib.request.Request(self.address + path, data=body))

    def _ask(self, request: urllib.request.Request) -> int:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)
        request.add_unredirected_header("Cookie", f"{settings.SESSION_COOKIE_NAME}={self.session}; {cookies}")
        try:
            with self.opener.open(request, timeout=90) as answer:
                self.text = answer.read().decode(errors="replace")
                return int(answer.status)
        except urllib.error.HTTPError as error:
            self.text = error.read().decode(errors="replace")
            return error.code
