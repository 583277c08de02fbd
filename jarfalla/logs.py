"""What the logs may say. Imports no app.

Some addresses are secrets in themselves: whoever reads them in a log could use them. They are written without the
secret. An answer to a survey leaves no line at all: an IP address and a time beside it could tell who answered.
"""

import logging
import re
from typing import Any

from gunicorn.glogging import Logger

_SECRET = re.compile(r"(?<=/kalender/)[\w-]{20,}(?=\.ics)|(?<=/anmalan/)[0-9a-fA-F-]{36}")
_UNSEEN = re.compile(r"(https?://[^/]*)?/svara/")


def without_secrets(text: str) -> str:
    """`text` with a mark in place of each secret part of an address."""
    return _SECRET.sub("***", text)


class Line(logging.Formatter):
    """One line of the portal's own log: Django names the address of a request that went wrong."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it what went wrong, without secrets."""
        return without_secrets(super().format(record))


class AccessLog(Logger):  # type: ignore[misc]  # gunicorn says nothing about its types
    """gunicorn's access log (bin/web), without secrets."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> None:
        """One line for a request; none for an answer to a survey, nor for what its page fetches, which names it."""
        if not any(_UNSEEN.match(address or "") for address in (req.path, environ.get("HTTP_REFERER"))):
            super().access(resp, req, environ, request_time)

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        """What a line is made of."""
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return {name: without_secrets(value) if isinstance(value, str) else value for name, value in atoms.items()}
