"""Fields for days and times as people in Great Britain write them: day first, in local time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from portal.kernel.working_days import LONDON, local

LOCAL_HINT: Final = "For example, 15/03/2027 02:00. British time: GMT in winter, BST in summer."
DAY_HINT: Final = "For example, 15/03/2027."
_DAY: Final = r"(?:(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})|(?P<iso>\d{4}-\d{2}-\d{2}))"
_TIME: Final = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::(?P<second>\d{2}))?"
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_ONLY_DAY: Final = re.compile(_DAY)
_MOMENT: Final = re.compile(rf"{_DAY}(?:(?:T|,?\s+){_TIME}(?:\s*(?P<zone>GMT|BST))?)?", re.IGNORECASE)


def iso_day(text: str) -> str:
    """Return a day written day first as ISO 8601 has it; anything else as it is."""
    try:
        day = DayField(required=False).clean(text)
    except ValidationError:
        return text
    return day.isoformat() if day else text


class DayField(forms.Field):
    """A day, written day first; a year first is understood as well."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "data-calendar": "day"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", DAY_HINT)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Write a day as it is typed."""
        if isinstance(value, str) and _ISO_DAY.fullmatch(value):
            return f"{value[8:]}/{value[5:7]}/{value[:4]}"
        return f"{value:%d/%m/%Y}" if isinstance(value, date) else value

    def to_python(self, value: Any) -> date | None:
        """Read a day.

        Raises:
            ValidationError: it is none.
        """
        if value in self.empty_values or isinstance(value, date):
            return value or None
        match = _ONLY_DAY.fullmatch(str(value).strip())
        if match is None:
            raise ValidationError("Enter the day as day, month and year, for example 15/03/2027.")
        return _day(match)


class LocalTimeField(forms.Field):
    """A moment in the local time of Great Britain, written day first; it comes out aware, in UTC.

    The hour that comes twice in October is refused until GMT or BST stands behind it; the one that never
    comes in March is refused.
    """

    widget = forms.TextInput(attrs={"autocomplete": "off", "data-calendar": "time"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", LOCAL_HINT)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Write a moment as it is typed, with its zone where that is needed to know it."""
        if not isinstance(value, datetime):
            return value
        here = local(value)
        seconds = f":{here:%S}" if here.second else ""
        zone = f" {here:%Z}" if _offsets(here)[0] != _offsets(here)[1] else ""
        return f"{here:%d/%m/%Y %H:%M}{seconds}{zone}"

    def to_python(self, value: Any) -> datetime | None:
        """Read a moment.

        Raises:
            ValidationError: it is none, or there are two of it.
        """
        if value in self.empty_values or isinstance(value, datetime):
            return value or None
        match = _MOMENT.fullmatch(" ".join(str(value).split()))
        if match is None:
            raise ValidationError("Enter day and time, for example 15/03/2027 02:00.")
        day = _day(match)
        if match["hour"] is None:
            raise ValidationError(f"Enter the time too, for example {day:%d/%m/%Y} 02:00.")
        try:
            wall = datetime(
                day.year,
                day.month,
                day.day,
                int(match["hour"]),
                int(match["minute"]),
                int(match["second"] or 0),
                tzinfo=LONDON,
            )
        except ValueError as problem:
            raise ValidationError("Enter a time between 00:00 and 23:59.") from problem
        return _moment(wall, (match["zone"] or "").upper())


def _day(match: re.Match[str]) -> date:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError as problem:
        raise ValidationError("There is no such day. Enter day, month and year, in this order.") from problem


def _offsets(wall: datetime) -> tuple[Any, Any]:
    return wall.replace(fold=0).utcoffset(), wall.replace(fold=1).utcoffset()


def _moment(wall: datetime, zone: str) -> datetime:
    first, second = _offsets(wall)
    if first < second:
        raise ValidationError(
            f"There is no {wall:%H:%M} on {wall:%d/%m/%Y}: the clocks go from 01:00 GMT to 02:00 BST. "
            "Enter another time."
        )
    if first > second and not zone:
        raise ValidationError(
            f"{wall:%H:%M} comes twice on {wall:%d/%m/%Y}, when the clocks go back. "
            f"Enter {wall:%H:%M} BST for the first, {wall:%H:%M} GMT for the second."
        )
    possible = [each for each in (wall.replace(fold=0), wall.replace(fold=1)) if zone in {"", each.tzname()}]
    if not possible:
        raise ValidationError(f"British time is {wall:%Z} on {wall:%d/%m/%Y}, not {zone}: leave {zone} out.")
    return possible[0].astimezone(UTC)
