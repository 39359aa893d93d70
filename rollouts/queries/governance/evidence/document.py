"""The same report on paper: a PDF, by ReportLab."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Any, Final

from rollouts.queries.governance.evidence import drawing as charts
from rollouts.queries.governance.evidence.sections import ReportSection, ReportTable

_MARGIN: Final = 42
_WIDTH: Final = 595.28 - 2 * _MARGIN - 12  # of A4, in points, less the padding of a frame
_SMALL: Final = 7
_PADDING: Final = 3
_MOST: Final = 150
"""How broad a column may wish to be."""


def pdf_document(title: str, sections: Sequence[ReportSection]) -> bytes:
    """Write the report as a PDF of numbered A4 pages."""
    from reportlab.lib.styles import getSampleStyleSheet  # noqa: PLC0415 - heavy, and needed here alone
    from reportlab.platypus import SimpleDocTemplate, Spacer  # noqa: PLC0415

    styles = getSampleStyleSheet()
    styles["BodyText"].splitLongWords = 1
    for name in ("Heading2", "Heading4"):
        styles[name].keepWithNext = 1
    styles["Heading4"].fontName = "Helvetica-Bold"
    flow: list[Any] = [_words(title, styles["Title"])]
    for section in sections:
        flow.append(_words(section.heading, styles["Heading2"]))
        flow += [_words(paragraph, styles["BodyText"]) for paragraph in section.paragraphs]
        for drawing in section.drawings:
            flow += [_words(drawing.title, styles["Heading4"]), _drawn(drawing)]
        for table in section.tables:
            if table.rows:
                flow += [Spacer(1, 6), _table(table, styles["BodyText"])]
        flow.append(Spacer(1, 8))
    into = BytesIO()
    document = SimpleDocTemplate(
        into,
        pagesize=(595.28, 841.89),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title,
        lang="en-GB",
    )
    document.build(flow, onFirstPage=_numbered, onLaterPages=_numbered)
    return into.getvalue()


def _words(text: str, style: Any) -> Any:
    from reportlab.platypus import Paragraph  # noqa: PLC0415

    return Paragraph(escape(text), style)


def _table(table: ReportTable, style: Any) -> Any:
    from reportlab.lib import colors  # noqa: PLC0415
    from reportlab.lib.enums import TA_RIGHT  # noqa: PLC0415
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.platypus import LongTable, TableStyle  # noqa: PLC0415

    small = ParagraphStyle("cell", parent=style, fontSize=_SMALL, leading=8.5, splitLongWords=1)
    bold = ParagraphStyle("head", parent=small, fontName="Helvetica-Bold")
    numbers = [
        ParagraphStyle(f"{paragraph_style.name}-number", parent=paragraph_style, alignment=TA_RIGHT)
        for paragraph_style in (bold, small)
    ]
    looks = [numbers if is_number else [bold, small] for is_number in table.numeric]
    cells = [
        [_words(cell, look[min(number, 1)]) for cell, look in zip(row, looks, strict=True)]
        for number, row in enumerate((table.head, *table.rows))
    ]
    laid = LongTable(cells, colWidths=_widths(table), repeatRows=1)
    rules = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#b1b4b6")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
    ]
    laid.setStyle(TableStyle(rules))
    return laid


def _widths(table: ReportTable) -> list[float]:
    """Give each column the width of its longest word, and share the rest by how much text it has."""
    columns = [" ".join((head, *(row[place] for row in table.rows))) for place, head in enumerate(table.head)]
    least = [min(max(map(_breadth, words.split()), default=0), _MOST) for words in columns]
    longest = [
        min(max(len(head), *(len(row[place]) for row in table.rows)), 40)
        for place, head in enumerate(table.head)
    ]
    left = _WIDTH - sum(least)
    if left < 0:
        return [_WIDTH * each / sum(least) for each in least]
    return [each + left * pair / sum(longest) for each, pair in zip(least, longest, strict=True)]


def _breadth(text: str) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth  # noqa: PLC0415

    return float(stringWidth(text, "Helvetica-Bold", _SMALL)) + 2 * _PADDING + 0.5


def _drawn(drawing: charts.Drawing) -> Any:
    from reportlab.graphics.shapes import Circle, Drawing, Line, String  # noqa: PLC0415
    from reportlab.lib.colors import HexColor  # noqa: PLC0415

    scale = _WIDTH / drawing.width
    field = Drawing(_WIDTH, drawing.height * scale)
    field.scale(scale, scale)
    for shape in drawing.shapes:
        colour = HexColor(shape.colour)
        if isinstance(shape, charts.LineShape):
            top = drawing.height
            field.add(
                Line(
                    shape.x1,
                    top - shape.y1,
                    shape.x2,
                    top - shape.y2,
                    strokeColor=colour,
                    strokeWidth=shape.width,
                )
            )
        elif isinstance(shape, charts.DotShape):
            field.add(Circle(shape.x, drawing.height - shape.y, shape.r, fillColor=colour, strokeColor=None))
        else:
            anchor = "end" if shape.is_end else "start"
            y = drawing.height - shape.y
            look = {"fillColor": colour, "fontName": "Helvetica", "fontSize": 11, "textAnchor": anchor}
            field.add(String(shape.x, y, shape.text, **look))
    return field


def _numbered(canvas: Any, document: Any) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(595.28 - _MARGIN, _MARGIN / 2, f"Page {document.page}")
