"""Reads one spreadsheet from stdin and writes its rows as JSON to stdout. Run as a process of its own.

The reader is compiled code: a crafted file can make it ask for more memory than there is, and then it ends the
whole process, which a web worker would not survive. Imports nothing of the portal, so that it starts quickly.

    python -I jarfalla/spreadsheet.py MAX_ROWS < list.xlsx

Writes [[row number in the sheet, [cell, …]], …] for the first visible sheet that holds something, empty rows left
out; it stops at MAX_ROWS + 2 of them. Ends with another code than 0 for whatever can't be read.
"""

import io
import json
import resource
import sys

import python_calamine

# A list of 20,000 rows takes 60 MB and half a second.
MAX_BYTES = 512 * 1024**2
MAX_SECONDS = 5


def main() -> None:
    """Answer on stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    workbook = python_calamine.load_workbook(io.BytesIO(sys.stdin.buffer.read()))
    json.dump(_rows(workbook, max_rows=int(sys.argv[1])), sys.stdout)


def _rows(workbook: python_calamine.CalamineWorkbook, *, max_rows: int) -> list[tuple[int, list[str]]]:
    for sheet in workbook.sheets_metadata:
        if sheet.visible != python_calamine.SheetVisibleEnum.Visible:
            continue
        content = workbook.get_sheet_by_name(sheet.name)
        if content.start is None:
            continue
        rows = []
        for number, row in enumerate(content.iter_rows(), start=1):
            cells = [_text(cell) for cell in row]
            if any(cells):
                rows.append((number, cells))
            if len(rows) > max_rows + 1:
                break
        return rows
    return []


def _text(cell: object) -> str:
    """The cell as one would type it: 24, not 24.0."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


if __name__ == "__main__":
    main()
