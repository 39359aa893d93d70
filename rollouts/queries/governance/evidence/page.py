"""The report as one HTML page that needs nothing else: for any browser, a screen reader, and paper."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from rollouts.queries.governance.evidence.drawing import DotShape, Drawing, LineShape, Shape
from rollouts.queries.governance.evidence.sections import ReportSection, ReportTable

_STYLE: Final = """
body{font:16px/1.5 system-ui,Arial,sans-serif;color:#0b0c0c;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.875rem}
th,td{border-bottom:1px solid #b1b4b6;padding:.3rem .5rem;text-align:left;vertical-align:top}
.num{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1rem 0}svg{max-width:100%;height:auto}
@media print{section{break-inside:avoid-page}body{margin:0;max-width:none}}
"""


def html_page(title: str, sections: Sequence[ReportSection]) -> bytes:
    """Write the report as a page of its own."""
    body = "".join(_section(section) for section in sections)
    return (
        f'<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n"
    ).encode()


def svg(drawing: Drawing) -> str:
    """Draw a chart as SVG."""
    shapes = "".join(_shape(shape) for shape in drawing.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width:g} {drawing.height:g}"'
        f' width="{drawing.width:g}" role="img" font-size="12" font-family="Arial, sans-serif">'
        f"<title>{escape(drawing.title)}</title><desc>{escape(drawing.says)}</desc>{shapes}</svg>"
    )


def _section(section: ReportSection) -> str:
    paragraphs = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs)
    drawn = "".join(
        f"<figure><figcaption>{escape(drawing.title)}</figcaption>{svg(drawing)}</figure>"
        for drawing in section.drawings
    )
    tables = "".join(_table(table) for table in section.tables)
    return f"<section><h2>{escape(section.heading)}</h2>{paragraphs}{drawn}{tables}</section>"


def _table(table: ReportTable) -> str:
    looks = [' class="num"' if is_number else "" for is_number in table.numeric]
    head = "".join(
        f'<th scope="col"{look}>{escape(cell)}</th>' for look, cell in zip(looks, table.head, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{look}>{escape(cell)}</td>" for look, cell in zip(looks, row, strict=True))
        + "</tr>"
        for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _shape(shape: Shape) -> str:
    if isinstance(shape, LineShape):
        return (
            f'<line x1="{shape.x1:g}" y1="{shape.y1:g}" x2="{shape.x2:g}" y2="{shape.y2:g}"'
            f' stroke="{shape.colour}" stroke-width="{shape.width:g}"/>'
        )
    if isinstance(shape, DotShape):
        return f'<circle cx="{shape.x:g}" cy="{shape.y:g}" r="{shape.r:g}" fill="{shape.colour}"/>'
    anchor = ' text-anchor="end"' if shape.is_end else ""
    return f'<text x="{shape.x:g}" y="{shape.y:g}" fill="{shape.colour}"{anchor}>{escape(shape.text)}</text>'
