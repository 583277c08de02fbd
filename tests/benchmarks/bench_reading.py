"""How often the encoding and the delimiter of a list are seen right: by libraries, and by jarfalla.tables.

    python -m tests.benchmarks.bench_reading

Prints the table of docs/decisions/0014. Run by hand: two minutes.
"""

import csv
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from operator import itemgetter
from typing import TypeVar

import chardet
import charset_normalizer
import clevercsv
import django

from tests.jarfalla import lists

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")
django.setup()

from jarfalla import tables  # noqa: E402  it reads the settings

Given = TypeVar("Given")
CODE_PAGES = ["utf_8", "utf_16", "utf_16_le", "utf_16_be", "cp1252", "mac_roman", "cp850"]


def with_charset_normalizer(data: bytes) -> str:
    """The text as charset-normalizer reads it."""
    return str(charset_normalizer.from_bytes(data).best())


def with_charset_normalizer_of_ours(data: bytes) -> str:
    """The text as charset-normalizer reads it when it may only choose among our encodings."""
    return str(charset_normalizer.from_bytes(data, cp_isolation=CODE_PAGES).best())


def with_chardet(data: bytes) -> str:
    """The text as chardet reads it."""
    return data.decode(chardet.detect(data)["encoding"] or "ascii", "replace")


def with_tables(data: bytes) -> str:
    """The text as the portal reads it."""
    return data.decode(tables._encoding(data), "replace")


def with_sniffer(text: str) -> str:
    """The delimiter as Python's csv.Sniffer sees it."""
    return csv.Sniffer().sniff(text[: tables._DELIMITER_CHARACTERS], delimiters=";,\t|").delimiter


def with_first_line(text: str) -> str:
    """The delimiter that the first line has most of."""
    return max(";,\t|", key=text.splitlines()[0].count)


def with_clevercsv(text: str) -> str:
    """The delimiter as clevercsv sees it, among all that there are."""
    found = clevercsv.Detector().detect(text[: tables._DELIMITER_CHARACTERS])
    return found.delimiter or "" if found else ""


def with_tables_delimiter(text: str) -> str:
    """The delimiter as the portal sees it."""
    return tables._delimiter(text[: tables._DELIMITER_CHARACTERS])


def main() -> None:
    """Print both tables."""
    encodings: list[tuple[str, bytes, str]] = []
    delimiters: list[tuple[str, str, str]] = []
    for sample in lists.samples():
        delimiters.append((f"{sample.size} rader", sample.text, sample.delimiter))
        if sample.delimiter != "|" and sample.size <= 100:
            encodings += [
                (encoding, lists.encode(lists.fits(sample.text, encoding), encoding), lists.fits(sample.text, encoding))
                for encoding in lists.ENCODINGS
            ]
    for seen in (with_charset_normalizer, with_charset_normalizer_of_ours, with_chardet, with_tables):
        report(seen, encodings)
    for seen_in in (with_first_line, with_sniffer, with_clevercsv, with_tables_delimiter):
        report(seen_in, delimiters)


def report(seen: Callable[[Given], str], cases: list[tuple[str, Given, str]]) -> None:
    """Print how often `seen` is right, for each group, and how long it takes."""
    right, slowest, started = Counter[str](), 0.0, time.perf_counter()
    for group, given, wanted in cases:
        before = time.perf_counter()
        try:
            right[group] += seen(given).lstrip("\ufeff") == wanted
        except (csv.Error, LookupError, AttributeError):
            right[group] += 0
        slowest = max(slowest, time.perf_counter() - before)
    each = (time.perf_counter() - started) / len(cases)
    total = Counter(map(itemgetter(0), cases))
    figures = f"{right.total()} of {len(cases)}, {each * 1000:.1f} ms each, slowest {slowest * 1000:.0f} ms"
    groups = ", ".join(f"{group} {right[group]}/{total[group]}" for group in total)
    sys.stdout.write(f"{seen.__name__}: {figures}\n    {groups}\n")


if __name__ == "__main__":
    main()
