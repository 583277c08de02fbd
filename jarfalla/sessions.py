"""Sessions in the database, for cookies as anybody may forge them. Imports no app."""

from typing import TypeGuard

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions


class SessionStore(DatabaseSessions):
    """Django's own, which hands the cookie to PostgreSQL as it is: a NUL byte in it would answer 500."""

    def _validate_session_key(self, key: str | None) -> TypeGuard[str]:
        return bool(key) and str(key).isalnum() and super()._validate_session_key(key)  # type: ignore[misc]  # the stubs leave it out
