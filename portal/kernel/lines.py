"""What stands in one line: names, titles, labels. One check for all, at forms and before they are kept.

A line break in a name is a header in somebody's mail; other control characters turn text around, or end it.
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from portal.kernel.refusals import BadInput

SAYS: Final = "Use one line of letters, digits and signs, without control characters."
_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HOLDS_MORE: Final = (forms.Textarea, forms.HiddenInput, forms.MultipleHiddenInput)


def is_one_line(text: str) -> bool:
    """Return whether a text has no line break or other control character, and nothing turns it around."""
    return (text.isascii() and text.isprintable()) or not any(
        unicodedata.category(letter) in _CONTROLS or letter in _TURNING for letter in text
    )


def one_line(text: str) -> str:
    """Return a text that others wrote as one line: what it may not hold is a space."""
    return " ".join("".join(letter if is_one_line(letter) else " " for letter in text).split())


def check_line(text: str) -> None:
    """Refuse a text that is not one line.

    Raises:
        BadInput: it is not.
    """
    if not is_one_line(text):
        raise BadInput(SAYS)


def check_kept(sender: type[models.Model], instance: models.Model, **_more: Any) -> None:
    """Refuse to keep a line that is not one, in whatever table; connected to `pre_save`.

    Raises:
        BadInput: one is not.
    """
    for field in sender._meta.concrete_fields:
        if isinstance(field, models.CharField):
            value = instance.__dict__.get(field.attname)
            if isinstance(value, str):
                check_line(value)


def check_typed(field: forms.CharField, value: str) -> None:
    """Refuse what was typed into a field of one line.

    Raises:
        ValidationError: it is not one line.
    """
    if value and not isinstance(field.widget, _HOLDS_MORE) and not is_one_line(value):
        raise ValidationError(SAYS, code="not_one_line")
