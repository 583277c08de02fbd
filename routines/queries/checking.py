"""What a print can be asked about."""

from routines.models import RoutineVersion


def printed_with(code: str) -> RoutineVersion | None:
    """The version that is or was in force and whose print carries `code`, however it was typed; None when there is
    none. A version that was never in force has never been printed."""
    letters = "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())
    return RoutineVersion.objects.filter(check_code=letters, in_force_at__isnull=False).first()
