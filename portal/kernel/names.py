"""Names people give to what they keep."""

from __future__ import annotations

from typing import Final

from portal.kernel.refusals import BadInput

LONGEST_NAME: Final = 80


def checked_name(name: str, *, of: str) -> str:
    """Return a name with single blanks, and none around it; `of` says what it names.

    Raises:
        BadInput: there is no name, or it is too long.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(f"Give the {of} a name of at most {LONGEST_NAME} characters.")
    return name
