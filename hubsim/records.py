"""Text lines made by the column: fixed-width fields padded with NUL, and the padding dropped at the end."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hubsim.guids import Text


def blank(rows: int, layout: list[tuple[str, str]]) -> npt.NDArray[np.void]:
    """Return a record array to be filled field by field."""
    return np.zeros(rows, dtype=layout)


def text_bytes(record: npt.NDArray[np.void]) -> bytes:
    """Return the text of all rows, without the padding. No field may hold a NUL of its own."""
    return record.tobytes().translate(None, b"\0")


def table(texts: Iterable[str | bytes]) -> Text:
    """Make a lookup table of texts, padded to the longest."""
    encoded = [text if isinstance(text, bytes) else text.encode() for text in texts]
    return np.array(encoded, dtype=f"S{max([1, *map(len, encoded)])}")
