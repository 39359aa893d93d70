"""The portal's visual language as template tags: `{% load portal_ui %}`.

Each tag draws one component of `templates/_components/`; `/styleguide/` shows all of them in every state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from django import template
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.template import Context
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.kernel.presentation import charts, day_columns, moments, numbers
from portal.kernel.presentation.fields import control_id, field_of
from portal.kernel.presentation.icons import icon as draw_icon
from portal.kernel.presentation.states import StateLook, look_of
from portal.kernel.references import reference_of
from portal.kernel.spreadsheets import SHEET_STEP

register: Final = template.Library()
_HEAT_LEVELS: Final = 5


# --- words: numbers, times, identifiers


@register.filter
def number(value: int | float | None) -> str:
    """Write a number with commas; nothing for None."""
    return "" if value is None else numbers.grouped(value)


@register.filter
def reference(number: int, kind: str) -> str:
    """Write what the thing of this kind with this id is called outside."""
    return reference_of(number, kind)


@register.filter
def share_of(part: int, total: int) -> str:
    """Write part of a whole in percent."""
    return numbers.share(part, total)


@register.filter
def sheet_line(line: int) -> str:
    """Write where a line of a file stands: its number, and of a later sheet which one."""
    place, row = divmod(line, SHEET_STEP)
    return f"{row:,} of sheet {place + 1}" if place else f"{row:,}"


@register.filter
def file_size(octets: int) -> str:
    """Write a size in bytes, kB, MB or GB."""
    return numbers.file_size(octets)


@register.filter
def local_time(at: datetime | None) -> str:
    """Write a moment in British time with its offset: 15 Mar 2027, 00:00 GMT."""
    return moments.long_time(at) if at else ""


@register.filter
def deadline(at: datetime | None) -> str:
    """Write a deadline in British time; midnight ends a day: end of 11 Jan 2027 (12 Jan, 00:00 GMT)."""
    return moments.deadline_time(at) if at else ""


@register.filter
def utc_time(at: datetime | None) -> str:
    """Write a moment in UTC, as it is kept: 14 Apr 2027, 23:00 UTC."""
    return moments.utc_time(at) if at else ""


@register.filter
def local_date(on: date | None) -> str:
    """Write a day: 15 Mar 2027."""
    return moments.long_date(on) if on else ""


@register.simple_tag(takes_context=True)
def when(
    context: Context, at: datetime | None, *, now: datetime | None = None, never: str = numbers.NOTHING
) -> str:
    """Write a moment as a `time` element, with how far away it is from `now` (or `portal_now`)."""
    if at is None:
        return never
    seen_at = now or context.get("portal_now")
    away = moments.since(at, now=seen_at) if seen_at else ""
    return format_html(
        '<time class="when" datetime="{}">{}{}</time>',
        at.isoformat(),
        moments.long_time(at),
        format_html(' <span class="when__away">{}</span>', away) if away else "",
    )


@register.simple_tag
def guid(value: object, *, url: str = "") -> SafeString:
    """Write a GUID in the one spelling of the portal, as a link when there is a page behind it."""
    if url:
        return format_html('<a class="guid" href="{}">{}</a>', url, value)
    return format_html('<span class="guid">{}</span>', value)


@register.simple_tag
def count_of(n: int, singular: str, plural: str = "") -> str:
    """Write a number with its noun: 1 hub, 1,204 hubs."""
    return numbers.count_of(n, singular, plural)


# --- states


@register.simple_tag
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """Draw an icon; with a label if it stands alone."""
    return draw_icon(name, label=label, css=css)


@register.simple_tag
def look(state: object, kind: str = "target") -> StateLook:
    """Return how a state looks and reads, for templates that compose their own: `{% look state as it %}`."""
    return look_of(state, kind=kind)


@register.simple_tag
def badge(state: object, kind: str = "target") -> str:
    """Draw the badge of a target, consent or rollout state."""
    return _drawn_badge(look_of(state, kind=kind))


# There are a few dozen states, and fifty badges on a page of an estate: each is drawn once a process.
@cache
def _drawn_badge(it: StateLook) -> str:
    parts = {"icon_name": it.icon, "tone": it.tone, "word": it.word, "meaning": it.meaning}
    return get_template("_components/badge.html").render(parts)


@register.inclusion_tag("_components/badge.html")
def mark(word: str, *, tone: str = "neutral", icon: str = "") -> dict[str, Any]:
    """Draw a badge for anything else: a severity, a delivery, a job."""
    return {"icon_name": icon, "tone": tone, "word": word}


@register.inclusion_tag("_components/state_bar.html")
def state_bar(
    segments: Iterable[charts.Segment], *, label: str, kind: str = "target", legend: bool = True
) -> dict[str, Any]:
    """Draw a stacked bar of hubs by state with its legend; without it for a row of a table."""
    return {"bar": charts.state_bar(segments, kind=kind), "label": label, "legend": legend}


@register.inclusion_tag("_components/progress.html")
def progress(value: int, total: int, *, label: str, unit: str = "hubs") -> dict[str, Any]:
    """Draw how far something is."""
    return {
        "value": value,
        "total": total,
        "label": label,
        "unit": unit,
        "share": numbers.share(value, total),
    }


# --- times


@register.inclusion_tag("_components/time_left.html", takes_context=True)
def time_left(
    context: Context, at: datetime | None, *, now: datetime | None = None, label: str = "", owed: bool = False
) -> dict[str, Any]:
    """Draw a deadline: what is left in words, the exact local time, the working days.

    With `owed` something is still to be done by it: once it has passed it is overdue, and looks it.
    """
    seen_at = now or context["portal_now"]
    return {"left": moments.Countdown(at, seen_at, owed) if at else None, "label": label}


@register.inclusion_tag("_components/timeline.html", takes_context=True)
def timeline(
    context: Context,
    points: Sequence[Mapping[str, Any]],
    *,
    now: datetime | None = None,
    label: str = "Timeline",
) -> dict[str, Any]:
    """Draw a rollout's dates in order with today among them.

    Each point is a mapping: `label`, `at` (or None: not fixed yet), and if wanted `note`, `icon`, `url`.
    """
    seen_at = now or context["portal_now"]
    return {"line": charts.timeline(points, now=seen_at), "now": seen_at, "label": label}


@register.simple_tag
def filters_set(form: BaseForm) -> str:
    """Say how many filters of a form are set; nothing where none is."""
    count = sum(1 for name in form.fields if form.is_bound and form.data.get(form.add_prefix(name)))
    return f"{count} set" if count else ""


# --- charts


@register.inclusion_tag("_components/chart_curve.html")
def chart_curve(
    points: Sequence[charts.ChartPoint],
    *,
    title: str,
    total: int,
    now: datetime,
    forecast: Sequence[charts.ChartPoint] = (),
    deadline: datetime | None = None,
    unit: str = "hubs activated",
) -> dict[str, Any]:
    """Draw a cumulative curve towards a deadline, with its forecast and the table behind it."""
    drawn = charts.curve(points, forecast=forecast, total=total, deadline=deadline, now=now)
    return {"chart": drawn, "title": title, "unit": unit, "now": now, "deadline": deadline}


@register.inclusion_tag("_components/chart_days.html")
def chart_days(
    days: Mapping[date, Mapping[str, int]],
    *,
    title: str,
    series: Sequence[day_columns.Series],
    unit: str = "hubs",
    urls: Mapping[date, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Draw stacked columns by day, each a link to its list where it has one, with the table behind them."""
    return {"chart": day_columns.columns(days, series=series, urls=urls), "title": title, "unit": unit}


@register.inclusion_tag("_components/sparkline.html")
def sparkline(values: Sequence[int] | None, *, label: str = "Activated") -> dict[str, Any]:
    """Draw what happened on each of the last days, and say how much it was; nothing where it was nothing."""
    days = values or ()
    total = sum(days)
    words = f"{label} in the last {len(days)} days: {total:,}, at most {max(days, default=0):,} in a day"
    return {"bars": charts.spark_bars(days), "total": total, "days": len(days), "words": words}


@register.inclusion_tag("_components/chart_rows.html")
def chart_rows(
    rows: Sequence[Mapping[str, Any]],
    *,
    title: str,
    heading: str,
    unit: str = "Hubs",
    tone: str = "info",
    total: int | None = None,
) -> dict[str, Any]:
    """Draw a bar a row in a table: failure reasons, regions.

    Each row is a mapping: `label`, `count` or `segments` (a stacked state bar), if wanted `url`, `note`.
    Shares are of `total`, or of the sum of the rows.
    """
    counts = [int(row.get("count") or sum(piece.count for piece in row.get("segments", ()))) for row in rows]
    denominator, top = (sum(counts) if total is None else total), max([1, *counts])
    drawn = [
        {
            **row,
            "count": count,
            "width": max(3, round(charts.FIELD * count / top)) if count else 0,
            "share": numbers.share(count, denominator),
            "bar": charts.state_bar(row["segments"]) if "segments" in row else None,
        }
        for row, count in zip(rows, counts, strict=True)
    ]
    return {
        "rows": drawn,
        "title": title,
        "heading": heading,
        "unit": unit,
        "tone": tone,
        "whole": denominator,
    }


@register.filter
def heat(value: int, top: int) -> str:
    """Return the class `heat-0` … `heat-5` of a cell in a calendar of volumes."""
    return f"heat-{-(-_HEAT_LEVELS * value // top) if value and top else 0}"


# --- forms


@register.inclusion_tag("_components/field.html")
def field(
    bound: BoundField, *, hint: str = "", width: str = "", label_hidden: bool = False
) -> dict[str, Any]:
    """Draw a form field: label, hint, error, control. `width` is 2, 3, 4, 5, 10, 20 or 30 characters."""
    return {"field": field_of(bound, hint=hint, width=str(width), is_label_hidden=label_hidden)}


@register.inclusion_tag("_components/error_summary.html")
def form_errors(form: object, *, title: str = "There is a problem") -> dict[str, Any]:
    """Draw what is wrong with a form, at the top of the page, each linked to its field."""
    if not isinstance(form, BaseForm) or not form.errors:
        return {}
    errors = [
        {"id": control_id(bound), "label": str(bound.label).removesuffix("?"), "message": message}
        for bound in form
        for message in bound.errors
    ]
    return {"title": title, "general": list(form.non_field_errors()), "found": errors}


# --- frames: tags with a body


@register.simple_block_tag
def page_header(content: str, *, title: str, caption: str = "", lead: str = "") -> str:
    """Draw the head of a page; the body holds its badges and buttons."""
    return _framed("page_header", content, title=title, caption=caption, lead=lead)


@register.simple_block_tag
def card(
    content: str,
    *,
    title: str = "",
    element_id: str = "",
    more: str = "",
    more_url: str = "",
    flush: bool = False,
) -> str:
    """Draw a titled panel; `flush` when its body is a table that reaches the edges."""
    return _framed(
        "card", content, title=title, element_id=element_id, more=more, more_url=more_url, flush=flush
    )


@register.simple_block_tag
def data_table(
    content: str,
    *,
    caption: str,
    caption_shown: bool = False,
    tall: bool = False,
    cards: bool = False,
    css: str = "",
) -> str:
    """Draw a dense table that scrolls in its own frame; the body holds `thead` and `tbody`.

    `tall` keeps the head in sight; `cards` turns rows into cards on a telephone (cells need `data-label`).
    """
    return _framed(
        "data_table", content, caption=caption, caption_shown=caption_shown, tall=tall, cards=cards, css=css
    )


@register.simple_block_tag
def notice(content: str, *, tone: str = "info", title: str = "", icon: str = "") -> str:
    """Draw a notice inside a page: info, good, warn or bad."""
    shown = icon or {"good": "check-circle", "warn": "alert", "bad": "x-circle"}.get(tone, "info")
    return _framed("notice", content, tone=tone, title=title, icon_name=shown)


def _framed(component: str, content: str, **parts: object) -> str:
    return get_template(f"_components/{component}.html").render({"content": content, **parts})
