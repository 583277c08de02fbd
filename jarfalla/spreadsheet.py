"""Reads one spreadsheet from stdin and writes its rows as JSON to stdout. Run as a process of its own.

The reader is compiled code: a crafted file can make it ask for more memory than there is, and then it ends the
whole process, which a web worker would not survive. Imports nothing of the portal, so that it starts quickly.

    python -I jarfalla/spreadsheet.py MAX_ROWS < list.xlsx

Writes a line [row number in the sheet, [cell, …]] for each row of the first visible sheet that holds something,
empty rows left out; it stops at MAX_ROWS + 2 of them. Ends with another code than 0 for whatever can't be read.
"""

import datetime as dt
import io
import json
import resource
import sys
from collections.abc import Iterator

import python_calamine

# A list of 100,000 rows and 7 columns takes 113 MB and two seconds.
MAX_BYTES = 768 * 1024**2
MAX_SECONDS = 20
# A row repeats what the file says once: the rows can be longer than the file.
MAX_WRITTEN_BYTES = 200 * 1024**2


def main() -> None:
    """Answer on stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WRITTEN_BYTES, MAX_WRITTEN_BYTES))
    workbook = python_calamine.load_workbook(io.BytesIO(sys.stdin.buffer.read()))
    for count, row in enumerate(_rows(workbook)):
        if count > int(sys.argv[1]) + 1:
            break
        sys.stdout.write(json.dumps(row) + "\n")


def _rows(workbook: python_calamine.CalamineWorkbook) -> Iterator[tuple[int, list[str]]]:
    for sheet in workbook.sheets_metadata:
        if sheet.visible != python_calamine.SheetVisibleEnum.Visible:
            continue
        content = workbook.get_sheet_by_name(sheet.name)
        if content.start is None:
            continue
        for number, row in enumerate(content.iter_rows(), start=1):
            cells = [_text(cell) for cell in row]
            if any(cells):
                yield number, cells
        return


def _text(cell: object) -> str:
    """The cell as one would type it: 24, not 24.0; a date without the midnight that nobody typed."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return str(cell.date())
    return str(cell)


if __name__ == "__main__":
    main()
