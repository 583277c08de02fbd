"""QR codes: the path that is drawn holds the code, module for module."""

import re

import pytest
import segno
from django.template.loader import render_to_string

from jarfalla.qr import QUIET_ZONE, QrCode, qr_code

ADDRESS = "https://portalen.jarfalla.se/svara/aB3_-xyz0Q12/"


def modules(code: QrCode) -> list[list[int]]:
    """The matrix that the path draws."""
    drawn = [[0] * code.size for _ in range(code.size)]
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", code.path):
        for column in range(int(x), int(x) + int(width)):
            drawn[int(y)][column] = 1
    return drawn


@pytest.mark.parametrize("text", [ADDRESS, "å", "x" * 500])
def test_path_draws_every_module(text: str) -> None:
    code = qr_code(text)
    wanted = [list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=QUIET_ZONE)]
    assert modules(code) == wanted
    assert code.text == text


def test_quiet_zone_is_left_on_every_side() -> None:
    drawn = modules(qr_code(ADDRESS))
    rows = [y for y, row in enumerate(drawn) if any(row)]
    columns = [x for x in range(len(drawn)) if any(row[x] for row in drawn)]
    assert (rows[0], rows[-1]) == (columns[0], columns[-1]) == (QUIET_ZONE, len(drawn) - QUIET_ZONE - 1)


def test_drawing_has_a_name_and_no_inline_style() -> None:
    html = render_to_string("_qr.html", {"qr": qr_code(ADDRESS), "title": "QR-kod till enkäten"})
    assert html.count("QR-kod till enkäten") == 2
    assert "style=" not in html
