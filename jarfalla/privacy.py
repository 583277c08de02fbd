"""The personnummer guard. Imports no app."""


def refuse_personal_numbers(value: str) -> None:
    """Raise ValidationError when `value` holds a personnummer or samordningsnummer."""
