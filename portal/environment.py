"""Reading numbers and words from the environment."""

from __future__ import annotations

import os
from typing import Final

_WORDS: Final = {"": 0, "no": 0, "false": 0, "off": 0, "yes": 1, "true": 1, "on": 1}


def count(name: str) -> int:
    """Read a number that was once a yes or no.

    Raises:
        ValueError: it is neither.
    """
    text = os.environ.get(name, "").strip().lower()
    return _WORDS[text] if text in _WORDS else int(text)


def word(name: str, *allowed: str) -> str:
    """Read one of some words; nothing where none is given.

    Raises:
        ValueError: it is none of them.
    """
    text = os.environ.get(name, "").strip().lower()
    if text and text not in allowed:
        raise ValueError(f"{name} is {' or '.join(allowed)}, or empty.")
    return text


def chances(name: str) -> dict[str, float]:
    """Read names and their chances between 0 and 1: `after-claim=0.02 in-sequencing=0.01`.

    Raises:
        ValueError: a pair is not of this form.
    """
    pairs = (pair.partition("=") for pair in os.environ.get(name, "").replace(",", " ").split())
    return {key: float(chance) for key, _, chance in pairs}
