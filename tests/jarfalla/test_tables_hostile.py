"""Reading a list: whatever comes, it is a table or a sentence, in time."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jarfalla.tables import UnreadableFile, read_table
from tests.jarfalla.test_tables import BROKEN_SHEET, NO_LIST, REAL_LIST, refusal, workbook
from tests.timing import processor_seconds


def read_or_refuse(file_name: str, data: bytes) -> None:
    """Fails on any other exception than UnreadableFile, and on a table that breaks its promises."""
    try:
        table = read_table(file_name, data)
    except UnreadableFile:
        return
    assert any(table.header)
    assert all(any(row.cells) and len(row.cells) >= len(table.header) for row in table.rows)
    assert "\x00" not in str(table)


@st.composite
def mutations(draw: st.DrawFn, original: bytes) -> bytes:
    """`original` with some bytes changed, cut out or put in."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        cut = draw(st.sampled_from([0, 1, 4, 100]))
        data[at : at + cut] = draw(st.binary(max_size=8) | st.sampled_from([b'"', b";", b"\x00", b"\r", b"\xff\xfe"]))
    return bytes(data)


many = settings(max_examples=400)


@many
@given(data=st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: text.encode("utf-8", "replace")))
@example(data=b'"' * 100_000)
@example(data=b'";' * 100_000)
@example(data=b"\xff\xfe\x00\xd8")
@example(data=b"sep=\x00\n")
@example(data=b'sep="\nnamn\n')
@example(data=b"sep=\r\nnamn\n")
def test_read_table_of_any_bytes_reads_or_refuses(data: bytes) -> None:
    read_or_refuse("lista.csv", data)


@many
@given(data=mutations(REAL_LIST) | mutations(REAL_LIST.decode().encode("utf-16")) | mutations(b'a;"b\nc"\n' * 20))
def test_read_table_of_a_damaged_list_reads_or_refuses(data: bytes) -> None:
    read_or_refuse("lista.csv", data)


@settings(many, max_examples=80)
@given(data=mutations(workbook([["namn", "typ"], ["Åsskolan", "Grundskola"], [24, None]])))
def test_read_table_of_a_damaged_workbook_reads_or_refuses(data: bytes) -> None:
    read_or_refuse("lista.xlsx", data)


@pytest.mark.parametrize("name", ["lista.csv", "lista.xlsx"])
def test_read_table_of_noise_refuses_quickly(name: str) -> None:
    noise = random.Random(1).randbytes(21 * 1024 * 1024)

    def refused() -> None:
        assert refusal(name, noise) == "Filen är för stor. Den får vara högst 20 MB."
        assert refusal(name, noise[: 20 * 1024 * 1024]) in (NO_LIST, BROKEN_SHEET)

    assert processor_seconds(refused) < 10


@pytest.mark.parametrize(
    "data",
    [
        b"n;" * 10_000_000,
        b"e\xcc\x81" * 6_800_000,
        b'"' * 20_000_000,
        b'""' + b'"x";' * 4_800_000,
        b"\n" * 20_000_000,
        b"n\n" * 10_000_000,
        b" " * 20_000_000,
        b"\x81" * 20_000_000,
        b"namn\n" + "\u0301\u0323".encode() * 60_000,
        b'"n\n";' * 4_000_000,
        "ÅÄÖ;".encode("utf-16-le") * 2_500_000,
        b"namn;typ\n" + b"\xe5;1\n" * 5_000_000,
    ],
    ids=range(12),
)
def test_read_table_of_twenty_hostile_megabytes_answers_in_time(data: bytes) -> None:
    assert processor_seconds(lambda: read_or_refuse("lista.csv", data)) < 15
