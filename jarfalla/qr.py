"""QR codes as SVG paths. Imports no app; the drawing is templates/_qr.html."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import segno

# The standard's quiet zone, in modules: without it phones miss a code that touches other print.
QUIET_ZONE = 4


@dataclass(frozen=True)
class QrCode:
    """A code to draw: a square of `size` × `size` modules, quiet zone included, whose dark modules are `path`."""

    text: str
    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """The QR code that reads as `text`, at least at level M: it can be read with 15 % of it worn or covered."""
    rows = list(segno.make_qr(text, error="m").matrix_iter(border=QUIET_ZONE))
    return QrCode(text, len(rows), "".join(_row(row, y) for y, row in enumerate(rows)))


def _row(modules: Iterable[int], y: int) -> str:
    """One rectangle of height 1 for each run of dark modules."""
    path, x = "", 0
    for dark, run in groupby(modules):
        width = len(list(run))
        path += f"M{x} {y}h{width}v1h-{width}z" if dark else ""
        x += width
    return path
