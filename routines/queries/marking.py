"""Where in a routine the searched words stand, and the lines around them with the words marked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jarfalla import rich_text
from routines.models import Markup, RoutineSection, SectionKind

# So much of the text stands on each side of the first hit in a line.
_BEFORE, _AFTER = 60, 160


@dataclass(frozen=True)
class Place:
    """The section of a routine that answers a search best, and what it says there."""

    position: int
    heading: SafeString
    text: SafeString


def pattern(stems: Iterable[str]) -> re.Pattern[str]:
    """What finds every word that begins with one of the stems: Swedish endings are taken off, never put in front."""
    beginnings = "|".join(re.escape(stem) for stem in sorted(stems, key=len, reverse=True)) or "(?!)"
    return re.compile(rf"(?<![^\W_])({beginnings})[^\W_]*", re.IGNORECASE)


def marked(text: str, words: re.Pattern[str]) -> SafeString:
    """The text, escaped, with each hit as <mark>."""
    parts, after = [], 0
    for hit in words.finditer(text):
        parts.append(format_html("{}<mark>{}</mark>", text[after : hit.start()], hit.group()))
        after = hit.end()
    return format_html("{}{}", format_html_join("", "{}", ((part,) for part in parts)), text[after:])


def best_place(
    sections: Iterable[RoutineSection], placed: Mapping[int, Sequence[str]], words: re.Pattern[str]
) -> Place | None:
    """The section with most of the words, the first of those that have as many; None when no section has any.

    `placed` has the names of what is placed in each section, by its key.
    """
    best, most = None, 0
    for section in sections:
        lines = [section.heading, *_lines(section), *placed.get(section.pk, ())]
        if (count := len(_hits("\n".join(lines), words))) > most:
            best, most = (section, lines), count
    if best is None:
        return None
    section, (heading, *lines) = best
    line = max(lines, key=lambda line: len(_hits(line, words)), default="")
    return Place(section.position, marked(heading, words), _around(line, words))


def _hits(text: str, words: re.Pattern[str]) -> set[str]:
    return {beginning.lower() for beginning in words.findall(text)}


def _lines(section: RoutineSection) -> list[str]:
    """What is written in a section, a paragraph, a point or a step on each line."""
    is_html = section.markup == Markup.HTML and section.kind != SectionKind.CHECKLIST
    lines = (rich_text.to_plain(section.body) if is_html else section.body).split("\n")
    lines += [step for _, steps in section.decisions for step in steps]
    return [line for line in lines if line.strip()]


def _around(line: str, words: re.Pattern[str]) -> SafeString:
    """The part of the line around its first hit, whole words only."""
    first = words.search(line)
    middle = first.start() if first else 0
    start, end = max(middle - _BEFORE, 0), min(middle + _AFTER, len(line))
    if start:
        start = line.find(" ", start, middle) + 1 or middle
    if end < len(line):
        end = max(line.rfind(" ", middle, end), first.end() if first else 0) or end
    before, after = "… " if start else "", " …" if end < len(line) else ""
    return format_html("{}{}{}", before, marked(line[start:end], words), after)
