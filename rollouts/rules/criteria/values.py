"""From the value of a condition, as JSON has it, to the value it means."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from rollouts.rules.criteria.fields import CriteriaField, Kind
from rollouts.rules.criteria.trees import MAX_DAYS, MAX_LISTED, Scalar, Value
from rollouts.rules.criteria.vocabulary import Op, Shape

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2100


class Misread(Exception):
    """The value cannot be read: each fault is the place inside the value, and a message."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__(*faults)
        self.faults = faults


def read_value(field: CriteriaField, op: Op, written: object, *, known: Collection[str] | None) -> Value:
    """Read what stands beside an operator.

    Raises:
        Misread: with every fault of the value.
    """
    match op.shape:
        case Shape.NOTHING:
            return None
        case Shape.DAYS:
            return _days(written)
        case Shape.MANY:
            return _many(field, written, known=known)
        case Shape.RANGE:
            return _range(field, written)
        case Shape.ONE:
            return _scalar(field, written, known=known)


def _many(field: CriteriaField, written: object, *, known: Collection[str] | None) -> tuple[Scalar, ...]:
    if not isinstance(written, list | tuple) or not written:
        raise Misread(("", "Give a list with at least one value."))
    if len(written) > MAX_LISTED:
        raise Misread(("", f"List at most {MAX_LISTED} values: there are {len(written)}."))
    values, faults = _each(field, written, known=known)
    if faults:
        raise Misread(*faults)
    return tuple(dict.fromkeys(values))


def _range(field: CriteriaField, written: object) -> tuple[Scalar, ...]:
    if not isinstance(written, list | tuple) or len(written) != 2:  # noqa: PLR2004 - a pair
        raise Misread(("", "Give two values, the smaller first."))
    values, faults = _each(field, written, known=None)
    if faults:
        raise Misread(*faults)
    low, high = values
    if low > high:  # type: ignore[operator]  # both are of the field's own type
        raise Misread(("", "Give the smaller value first: nothing lies between these two."))
    return (low, high)


def _each(
    field: CriteriaField, written: Sequence[object], *, known: Collection[str] | None
) -> tuple[list[Scalar], list[tuple[str, str]]]:
    values: list[Scalar] = []
    faults: list[tuple[str, str]] = []
    for position, item in enumerate(written):
        try:
            values.append(_scalar(field, item, known=known))
        except Misread as misread:
            faults += [(f"/{position}{place}", message) for place, message in misread.faults]
    return values, faults


def _scalar(field: CriteriaField, written: object, *, known: Collection[str] | None) -> Scalar:
    match field.kind:
        case Kind.CHOICE:
            return _choice(field, written)
        case Kind.TEXT | Kind.LABELS:
            return _text(field, written, known=known)
        case Kind.NUMBER:
            return _number(field, written)
        case Kind.DATE:
            return _date(written)


def _choice(field: CriteriaField, written: object) -> str:
    codes = [choice.code for choice in field.choices]
    if not isinstance(written, str) or written not in codes:
        raise Misread(("", f"Choose from {', '.join(codes)}."))
    return written


def _text(field: CriteriaField, written: object, *, known: Collection[str] | None) -> str:
    text = written.strip() if isinstance(written, str) else ""
    if not text or len(text) > field.longest or not text.isprintable():
        raise Misread(("", f"Give a text of 1 to {field.longest} printable characters."))
    if field.upper:
        text = text.upper()
    if known is not None and text not in known:
        raise Misread(("", f"“{text}” does not occur as {field.label}: choose one that does."))
    return text


def _number(field: CriteriaField, written: object) -> int | float:
    wanted = "a number" if field.fractional else "a whole number"
    fault = Misread(("", f"Give {wanted} from {field.minimum} to {field.maximum}."))
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise fault
    if not math.isfinite(written) or not field.minimum <= written <= field.maximum:
        raise fault
    if written == int(written):
        return int(written)
    if not field.fractional:
        raise fault
    return round(float(written), 2)


def _date(written: object) -> date:
    words = f"Give a day from {_FIRST_YEAR} to {_LAST_YEAR}, such as 15/03/2027 (in JSON: 2027-03-15)."
    fault = Misread(("", words))
    if not isinstance(written, str) or not _DAY.fullmatch(written) or not written.isascii():
        raise fault
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise fault from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise fault
    return day


def _days(written: object) -> int:
    if isinstance(written, bool) or not isinstance(written, int) or not 0 <= written <= MAX_DAYS:
        raise Misread(("", f"Give a whole number of days from 0 to {MAX_DAYS}."))
    return written
