"""Lists that were damaged on the way, 2,000 of them, through the pages and the worker's functions.

Whatever comes, no page answers with an error of the portal's own, and an import is saved whole or not at all. Every
case has a number, and the same damage each time: `damaged(sort, number)`.
"""

import csv
import io
import logging
import random
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Count, Q
from django.test import Client
from django.urls import reverse

from courses.models import Completion
from tests import factories
from tests.jarfalla import lists
from units import actions
from units.imports.lists import guess_columns, spec_of
from units.models import ImportState, ListImport, Membership, Message, User, Verdict

CASES_PER_TEST = 100
ROWS = 8
# Every so manyth case also looks at the pages between the steps; the others only send their forms.
LOOKS = 10
# What breaks readers: ends of strings, of cells and lines, marks of encodings, numbers at the edge, formulas.
NASTY = [
    *(
        b"\x00",
        b'"',
        b'""',
        b"\r",
        b"\n\n",
        b";",
        b",",
        b"\t",
        b"|",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\x1a",
    ),
    *(b"\xc3", b"\xe5", b"\xed\xa0\x80", b"=1+1", b"%s", b"%(text)s", b"{}", b"<b>", b"850709-9805", b"9" * 400),
    *(
        b"99999999",
        b"-1",
        b"0000-00-00",
        b"31/12/9999",
        b"1e999",
        b"NaN",
        "\u202e".encode(),
        b"A" * 5_000,
        b"@",
        b"sep=",
    ),
]
ADDRESSES = {"staff": "personal", "completions": "genomforda"}
FIRST_ROWS: dict[str, Callable[[random.Random, int], lists.Cells]] = {
    "staff": lists.staff,
    "completions": lists.completions,
}


class Sort(NamedTuple):
    """What is uploaded: a list of which kind, in which sort of file."""

    kind: str
    form: str  # csv, xlsx, xls, ods


# 20 times 100 cases; a spreadsheet starts a process of its own, once or twice.
TESTS = [(Sort(kind, "csv"), number) for kind in FIRST_ROWS for number in range(9)] + [
    (Sort(kind, "sheets"), 0) for kind in FIRST_ROWS
]


class Figures(NamedTuple):
    """What an import may change, counted."""

    users: int
    memberships: int
    ended: int
    completions: int


def figures() -> Figures:
    """As they are now."""
    counted = Membership.objects.aggregate(n=Count("pk"), ended=Count("pk", filter=Q(ended_on__isnull=False)))
    return Figures(User.objects.count(), counted["n"], counted["ended"], Completion.objects.count())


def damaged(sort: Sort, number: int) -> tuple[str, bytes]:
    """A file name, and a list with some bytes changed, cut out, put in or doubled."""
    chance = random.Random(f"{lists.SEED} {sort} {number}")
    rows = FIRST_ROWS[sort.kind](random.Random(lists.SEED), ROWS)
    if sort.form == "csv":
        encoding = chance.choice(lists.ENCODINGS)
        quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        text = lists.as_csv(rows, chance.choice(lists.DELIMITERS), quoting=quoting)
        return "lista.csv", damage(chance, lists.encode(lists.fits(text, encoding), encoding))
    form = chance.choice(["xlsx", "xlsx inside", "ods", "ods inside", "xls"])
    data = {"xlsx": lists.as_xlsx, "ods": lists.as_ods}.get(form[:4].strip(), lambda _rows: lists.XLS)(rows)
    name = f"lista.{form.partition(' ')[0]}"
    return name, damage_inside(chance, data) if "inside" in form else damage(chance, data)


def damage(chance: random.Random, original: bytes) -> bytes:
    """The bytes with one to five faults."""
    data = bytearray(original)
    for _fault in range(chance.randint(1, 5)):
        at, length = chance.randrange(len(data) or 1), chance.choice([1, 2, 20, 200])
        match chance.randrange(6):
            case 0 if data:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = chance.choice(NASTY)
            case 3:
                data[at:at] = data[at : at + length] * chance.choice([1, 2, 50])
            case 4:
                data[at:at] = chance.randbytes(length)
            case _ if chance.random() < 0.3:
                del data[at:]
    return bytes(data)


def damage_inside(chance: random.Random, original: bytes) -> bytes:
    """A whole zip file, one of whose parts is damaged."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as old, zipfile.ZipFile(file, "w") as new:
        names = old.namelist()
        hit = chance.choice([name for name in names if "sheet" in name or "content" in name or "Strings" in name])
        for name in names:
            new.writestr(name, damage(chance, old.read(name)) if name == hit else old.read(name))
    return file.getvalue()


@pytest.fixture
def portal(coordinator: User, sign_in: Any) -> Client:
    """A coordinator who is signed in, to a portal that knows the units of the lists and most of the people."""
    units = {name: factories.unit(name=name) for name in lists.UNITS}
    for kind in FIRST_ROWS.values():
        for row in kind(random.Random(lists.SEED), ROWS)[1:-2]:
            email = next(cell for cell in row if "@" in cell)
            if not User.objects.filter(email=email).exists():
                person = factories.user(email=email)
                Membership.objects.create(user=person, unit=units[lists.UNITS[0]])
    client: Client = sign_in(coordinator)
    return client


def send_through(client: Client, kind: str, file_name: str, data: bytes, *, looks: bool) -> str:
    """Upload, choose columns, read, and save; how far it came. A page that fails raises."""
    file = SimpleUploadedFile(file_name, data or b" ")
    answer = client.post(reverse("import_new", args=[ADDRESSES[kind]]), {"file": file})
    if answer.status_code == 200:
        assert answer.context["form"].errors
        return "refused at once"
    kept = ListImport.objects.get()
    page, columns = (reverse(name, args=[kept.pk]) for name in ("list_import", "import_columns"))
    assert answer.headers["Location"] == columns
    if looks:
        assert answer_of(client, columns) == 200
    spec = spec_of(kind)
    # What can't be guessed any more is the column that has the same place.
    guess = {
        field.name: place for place, field in enumerate(spec.fields) if field.required and place < len(kept.header)
    }
    guess |= guess_columns(spec, kept.header)
    answer = client.post(columns, {name: str(place) for name, place in guess.items()})
    if answer.status_code == 200:
        assert answer.context["form"].errors
        return "columns refused"
    actions.read_import(kept.pk)
    if looks:
        assert answer_of(client, page) == answer_of(client, f"{page}?visa=refused") == 200
    if ListImport.objects.get().state != ImportState.READY:
        return "unreadable"
    end = save_through(client, kept.pk)
    if looks:
        assert answer_of(client, page) == 200
    return end


def answer_of(client: Client, address: str) -> int:
    """The status of a page, whose text was made to the end."""
    return client.get(address).status_code


def save_through(client: Client, pk: int) -> str:
    """Save everything that the list would change; all of it must have come, and nothing else."""
    kept, before = ListImport.objects.get(), figures()
    verdicts = spec_of(kept.kind).verdicts
    counts = {verdict: kept.rows.filter(verdict=verdict).count() for verdict in verdicts}
    if not any(counts.values()):
        return "nothing to save"
    client.post(reverse("import_save", args=[pk]), {"verdicts": [verdict for verdict in verdicts if counts[verdict]]})
    actions.save_import(pk)
    kept.refresh_from_db()
    assert kept.state == ImportState.SAVED, kept.refusal
    assert kept.saved == {verdict: count for verdict, count in counts.items() if count}
    joined, moved, left = (counts.get(verdict, 0) for verdict in (Verdict.JOINER, Verdict.MOVE, Verdict.LEAVER))
    assert figures()[1:] == (
        before.memberships + joined + moved,
        before.ended + moved + left,
        before.completions + counts.get(Verdict.COMPLETED, 0),
    )
    return "saved"


@pytest.mark.django_db
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("sort", "part"), TESTS, ids=lambda value: "-".join(value) if isinstance(value, Sort) else "")
def test_import_of_a_damaged_list_never_fails_and_is_saved_whole_or_not_at_all(
    sort: Sort, part: int, portal: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before = figures()
    ends: list[str] = []
    for number in range(part * CASES_PER_TEST, (part + 1) * CASES_PER_TEST):
        file_name, data = damaged(sort, number)
        case = f"damaged({sort!r}, {number})"
        with transaction.atomic():
            try:
                ends.append(send_through(portal, sort.kind, file_name, data, looks=number % LOOKS == 0))
            except Exception as fault:
                raise AssertionError(case) from fault
            if ends[-1] != "saved":
                assert figures() == before, case
            assert not Message.objects.exists(), case
            transaction.set_rollback(True)
        errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert not errors, (case, errors)
    assert len(ends) == CASES_PER_TEST
    # Neither does the damage always end the journey, nor never.
    assert {"saved", "refused at once"} <= set(ends), ends


def test_import_fuzz_has_two_thousand_cases() -> None:
    assert len(TESTS) * CASES_PER_TEST >= 2_000
