"""Where in a routine the searched words stand, and the lines around them with the words marked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jarfalla import rich_text
from routines.models import Markup, RoutineSection, SectionKind
from routines.queries.words import Wanted

# So much of the text stands on each side of the first hit in a line.
_BEFORE, _AFTER = 60, 160


@dataclass(frozen=True)
class Place:
    """The section of a routine that answers a search best, and what it says there."""

    position: int
    heading: SafeString
    text: SafeString


class Looked:
    """What is looked for in a text, and how its words are found: every word that begins with one of the stems, since
    Swedish endings are taken off, never put in front."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        # By its stems, which places of the search something is wanted for; and the phrases of several words.
        self._places: dict[str, set[int]] = {}
        self._phrases: list[tuple[int, frozenset[str]]] = []
        for place, one in enumerate(wanted):
            for phrase in (*one.phrases, *((stem,) for stem in one.likely)):
                if len(phrase) > 1:
                    self._phrases.append((place, frozenset(phrase)))
                for stem in phrase:
                    self._places.setdefault(stem, set()).update([place] if len(phrase) == 1 else [])
        beginnings = sorted(self._places, key=lambda stem: (-len(stem), stem))
        any_of_them = "|".join(map(re.escape, beginnings)) or "(?!)"
        self.pattern = re.compile(rf"(?<![^\W_])({any_of_them})[^\W_]*", re.IGNORECASE)
        # Much faster than the same with IGNORECASE; the pattern is for marking.
        self._beginning = re.compile(rf"(?<![^\W_])(?:{any_of_them})")

    def hits(self, text: str) -> set[str]:
        """The longest of the stems that the words of the text begin with."""
        return set(self._beginning.findall(text.lower()))

    def answered(self, hits: set[str]) -> int:
        """How much of what is wanted is there; nothing of a phrase before all its words are."""
        there = {hit[:end] for hit in hits for end in range(1, len(hit) + 1)} & self._places.keys()
        places = {place for stem in there for place in self._places[stem]}
        return len(places | {place for place, phrase in self._phrases if phrase <= there})


def marked(text: str, words: re.Pattern[str]) -> SafeString:
    """The text, escaped, with each hit as <mark>."""
    parts, after = [], 0
    for hit in words.finditer(text):
        parts.append(format_html("{}<mark>{}</mark>", text[after : hit.start()], hit.group()))
        after = hit.end()
    return format_html("{}{}", format_html_join("", "{}", ((part,) for part in parts)), text[after:])


def best_place(sections: Iterable[RoutineSection], placed: Mapping[int, Sequence[str]], looked: Looked) -> Place | None:
    """The section that answers most of the search; of those that answer as much, the one whose heading does, and then
    the first. None when no section has any of the words.

    `placed` has the names of what is placed in each section, by its key.
    """
    best, most = None, (0, 0, False)
    for section in sections:
        lines = [section.heading, *_lines(section), *placed.get(section.pk, ())]
        all_hits = looked.hits("\n".join(lines))
        if (answered := looked.answered(all_hits)) < most[0]:
            continue
        if (says := (answered, looked.answered(looked.hits(section.heading)), bool(all_hits))) > most:
            best, most = (section, lines), says
    if best is None:
        return None
    section, (heading_line, *lines) = best
    line = max(lines, key=lambda line: len(looked.hits(line)), default="")
    return Place(section.position, marked(heading_line, looked.pattern), _around(line, looked.pattern))


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
