"""A conversation with the mail server that ends in time, and that knows when the server may have taken the mail
although it never said so. Imports no app.
"""

import contextlib
import functools
import re
import smtplib
import socket
import threading
import time
from typing import Any

from django.conf import settings
from django.core.mail.backends import smtp

GO_AHEAD = 354
OK = 250
# How long the server may take to say goodbye, which nobody needs to hear.
GOODBYE_SECONDS = 1.0


class UnansweredError(OSError):
    """The server got the whole mail and did not answer: it may have taken it, or not."""


class _InTime(smtplib.SMTP):
    """Ends at `until`, by time.monotonic(), however slowly the server talks.

    A timeout of the socket is for each read: a server that says a letter every nine seconds would never run into one
    of ten. An alarm hangs up instead, and nothing that the server could act on is sent after it was due to ring.
    """

    until: float
    _line: socket.socket | None = None
    _alarm: threading.Timer | None = None

    def _left(self) -> float:
        """Seconds; raises TimeoutError when there are none."""
        if (left := self.until - time.monotonic()) <= 0:
            raise TimeoutError("The conversation with the mail server took too long.")
        return left

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((host, port), min(timeout, self._left()), self.source_address)
        # A second handle on the same line: TLS puts the first one away.
        self._line = line.dup()
        self._alarm = threading.Timer(self._left(), self._hang_up, [self._line])
        self._alarm.daemon = True
        self._alarm.start()
        return line

    @staticmethod
    def _hang_up(line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, and let nobody wait for the alarm."""
        super().close()
        if self._alarm:
            self._alarm.cancel()
        if self._line:
            self._line.close()

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand the mail over. Until the line with the dot the server may not take it; after it, it may have.

        Raises UnansweredError when the answer to that line is lost.
        """
        code, words = self.docmd("data")
        if code != GO_AHEAD:
            raise smtplib.SMTPDataError(code, words)
        text = re.sub(rb"(?m)^\.", b"..", bytes(msg))
        self.send(text if text.endswith(b"\r\n") else text + b"\r\n")
        try:
            # The answer may take longer than others: the server looks for viruses and what else meanwhile.
            if self.sock:
                self.sock.settimeout(self._left())
        except TimeoutError:
            self.close()
            raise
        try:
            self.send(b".\r\n")
            code, words = self.getreply()
        except OSError as lost:
            raise UnansweredError(str(lost)) from lost
        if not OK <= code < 600:  # noqa: PLR2004  the codes of SMTP end there
            self.close()
            raise UnansweredError(f"{code} {words!r}")
        return (OK if code < 300 else code), words  # noqa: PLR2004  2xx is yes


class _Plain(_InTime):
    def __init__(self, *args: Any, until: float, **options: Any) -> None:
        self.until = until
        super().__init__(*args, **options)


class _Encrypted(smtplib.SMTP_SSL, _InTime):
    def __init__(self, *args: Any, until: float, **options: Any) -> None:
        self.until = until
        super().__init__(*args, **options)


class EmailBackend(smtp.EmailBackend):
    """Django's, with an end: `until` by time.monotonic(), or MAIL_SECONDS from now."""

    def __init__(self, *args: Any, until: float | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.until = time.monotonic() + settings.MAIL_SECONDS if until is None else until

    @property
    def connection_class(self) -> Any:
        """What makes the connection."""
        return functools.partial(_Encrypted if self.use_ssl else _Plain, until=self.until)

    def send_messages(self, email_messages: Any) -> int:
        """Send them; nothing stays open when that goes wrong."""
        try:
            return super().send_messages(email_messages)
        finally:
            self.close()

    def _close_connection(self, connection: smtplib.SMTP) -> None:
        """Say goodbye. What goes wrong now is no fault of the mail, which has been answered."""
        with contextlib.suppress(OSError):
            if connection.sock:
                connection.sock.settimeout(GOODBYE_SECONDS)
            connection.quit()
        connection.close()
