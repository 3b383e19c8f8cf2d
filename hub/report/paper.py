"""The report as a PDF on A4, with our own letters (config/fonts). Takes time: call it in a thread."""

from __future__ import annotations

import io
import logging

from fpdf import FPDF
from fpdf.fonts import FontFace

from hub.places.picture import HEIGHT, WIDTH, draw
from hub.report.account import Account, lasted
from hub.report.page import corners
from hub.settings import CONFIG

# They tell of each table of each font, and of each letter that a font does not have: that may be of a name.
for _name in ("fontTools", "fpdf"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

LETTERS = "DejaVu"
ACROSS = 180.0
"""Millimetres between the margins."""
MAP, CURVE = 150.0, 45.0
INK, SOFT, BLUE, BROWN = (27, 36, 48), (77, 91, 107), (21, 66, 115), (122, 75, 0)


def as_pdf(account: Account) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_margin(15)
    pdf.set_auto_page_break(True, 15)
    pdf.set_title(account.title)
    pdf.set_lang(account.language)
    for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        pdf.add_font(LETTERS, style, CONFIG / "fonts" / name)
    pdf.add_page()
    _line(pdf, account.title, 18, bold=True)
    if account.practice:
        _line(pdf, account.practice, 12, bold=True, colour=BROWN)
    pdf.ln(2)
    for name, text in account.facts:
        pdf.set_font(LETTERS, "", 10)
        pdf.set_text_color(*SOFT)
        pdf.cell(60, 6, name)
        pdf.set_font(LETTERS, "B", 10)
        pdf.set_text_color(*INK)
        pdf.multi_cell(0, 6, text, new_x="LMARGIN", new_y="NEXT", align="L")
    if account.map is not None:
        _heading(pdf, account.words["map"], MAP * HEIGHT / WIDTH)
        pdf.image(io.BytesIO(draw(account.map)), w=MAP, alt_text=account.words["map"])
    _curve(pdf, account)
    for table in account.tables:
        if table.rows:
            _heading(pdf, table.title, 20)
            pdf.set_font(LETTERS, "", 8)
            head = FontFace(emphasis="BOLD", color=INK)
            with pdf.table(
                borders_layout="HORIZONTAL_LINES", headings_style=head, line_height=5, text_align="LEFT", padding=1
            ) as rows:
                for row in (table.header, *table.rows):
                    rows.row(row)
    pdf.ln(4)
    _line(pdf, account.made, 8, colour=SOFT)
    return bytes(pdf.output())


def _curve(pdf: FPDF, account: Account) -> None:
    _heading(pdf, account.words["curve"], CURVE + 25)
    _line(pdf, account.words["curve_lead"], 9, colour=SOFT)
    pdf.ln(2)
    left, top = pdf.l_margin + 14, pdf.get_y()
    wide = ACROSS - 14
    pdf.set_draw_color(203, 211, 220)
    pdf.rect(left, top, wide, CURVE)
    pdf.set_draw_color(*BLUE)
    pdf.set_line_width(0.6)
    pdf.polyline([(left + x, top + y) for x, y in corners(account.curve, wide, CURVE)])
    pdf.set_line_width(0.2)
    pdf.set_font(LETTERS, "", 8)
    pdf.text(pdf.l_margin, top + 3, "100 %")
    pdf.text(pdf.l_margin, top + CURVE, "0 %")
    pdf.text(left, top + CURVE + 5, "0 s")
    end = lasted(account.curve[-1][0])
    pdf.text(left + wide - pdf.get_string_width(end), top + CURVE + 5, end)
    pdf.set_y(top + CURVE + 6)


def _heading(pdf: FPDF, text: str, room: float) -> None:
    """On a new page where less than `room` mm would be left below it."""
    if pdf.will_page_break(room + 12):
        pdf.add_page()
    pdf.ln(5)
    _line(pdf, text, 13, bold=True)
    pdf.ln(1)


def _line(pdf: FPDF, text: str, size: int, *, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
    pdf.set_font(LETTERS, "B" if bold else "", size)
    pdf.set_text_color(*colour)
    pdf.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.set_text_color(*INK)
