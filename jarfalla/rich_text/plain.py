"""Text without tags."""

import re

# Word pastes vertical tabs where a line breaks; no PDF can hold control characters, and no database half a character.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def plain(text: str) -> str:
    """The text without control characters, every line break a line feed."""
    return _UNWANTED.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def tidy_plain(text: str) -> str:
    """The text without control characters and trailing spaces, every line break a line feed."""
    return "\n".join(line.rstrip() for line in plain(text).split("\n")).strip()


def tidy_points(text: str) -> str:
    """The lines without control characters, typed bullets and empty lines."""
    lines = (line.strip().lstrip("-*•·–☐□").strip() for line in plain(text).split("\n"))
    return "\n".join(line for line in lines if line)
