"""Passwords that are guessed first: those that leaked most often, however they were dressed up.

The list comes with Django (20,000 of the most frequent that leaked), so that nothing is asked of anybody
else. Few of them have twelve characters: people put figures, signs or the same once more behind them, and so
do those who guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

_LOOKALIKES: Final = str.maketrans("013457@$!8", "oieastasib")
_AROUND: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_TWICE: Final = re.compile(r"(.{4,})(?:[\W\d_]*\1)+")


class LeakedPasswordValidator(CommonPasswordValidator):
    """Refuses a password that leaked often, also with figures, signs, lookalikes or itself around it."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse it.

        Raises:
            ValidationError: it is one of those, or made of one.
        """
        if any(each in self.passwords for each in _plain_forms(password)):
            raise ValidationError(
                "This password, or what it is made of, has leaked often and is guessed first.", code="leaked"
            )

    def get_help_text(self) -> str:
        """Say what is refused."""
        return "Not one that has leaked often, also with figures or signs added."


def _plain_forms(password: str) -> Iterator[str]:
    lower = password.lower().strip()
    for text in (lower, lower.translate(_LOOKALIKES), _AROUND.sub("", lower)):
        for form in (text, _AROUND.sub("", text), _AROUND.sub("", text.translate(_LOOKALIKES))):
            yield form
            if repeated := _TWICE.fullmatch(form):
                yield repeated[1]
