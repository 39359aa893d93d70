"""Short texts by the million: each different one is judged once, and is a number from then on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

U64s: TypeAlias = npt.NDArray[np.uint64]
Int32s: TypeAlias = npt.NDArray[np.int32]
Places: TypeAlias = npt.NDArray[np.int64]
Meaning: TypeAlias = tuple[int, ...]

_WORD: Final = 8
_LONGEST: Final = 96
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(29)
#: Keeps the first `n` octets of a word, by n.
_MASKS: Final = np.array([(1 << 8 * n) - 1 for n in range(_WORD + 1)], dtype=np.uint64)
_FACTORS: Final = np.array(
    [(0xBF58476D1CE4E5B9 * (2 * n + 1)) % (1 << 64) for n in range(_LONGEST)], dtype=np.uint64
)
#: Room behind a text, so that the widest can be read where the last one stands.
PADDING: Final = bytes(_LONGEST)


class Vocabulary:
    """What each text of one kind means: a row of numbers, asked for once a text and then remembered."""

    def __init__(self, learn: Callable[[bytes], Meaning], *, width: int) -> None:
        self._learn = learn
        self._keys: U64s = np.zeros(0, dtype=np.uint64)
        self._meanings: Int32s = np.zeros((0, width), dtype=np.int32)

    def look_up(self, padded: bytes, begins: Places, ends: Places) -> Int32s:
        """Return a row of numbers for each text, which lie between these places of the padded block."""
        keys = _keys_of(padded, begins, ends)
        places = self._places(keys)
        misses = np.flatnonzero(places < 0)
        if len(misses):
            fresh, firsts = np.unique(keys[misses], return_index=True)
            rows = misses[firsts]
            self._remember(fresh, [padded[begins[row] : ends[row]] for row in rows.tolist()])
            places = self._places(keys)
        return self._meanings[places]

    def _places(self, keys: U64s) -> Places:
        """Say where each key stands; -1 where it is not known."""
        if not len(self._keys):
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        places[self._keys[places] != keys] = -1
        return places

    def _remember(self, keys: U64s, texts: Sequence[bytes]) -> None:
        learnt = np.array([self._learn(text) for text in texts], dtype=np.int32)
        keys = np.concatenate((self._keys, keys))
        order = np.argsort(keys)
        self._keys = keys[order]
        self._meanings = np.concatenate((self._meanings, learnt))[order]


def _keys_of(padded: bytes, begins: Places, ends: Places) -> U64s:
    """Make one number of each text: up to eight letters it is the text itself, beyond that a mixture.

    A text that is longer than any the inventory knows is cut: what it becomes is not known either. What
    lies behind a text counts as zero, and zeros add nothing, so that its neighbours do not matter.
    """
    lengths = np.minimum(ends - begins, _LONGEST)
    shortest, longest = int(lengths.min(initial=_LONGEST)), int(lengths.max(initial=0))
    width = max(_WORD, -(-longest // _WORD) * _WORD)
    buffer = np.frombuffer(padded, dtype=np.uint8)
    words = np.lib.stride_tricks.sliding_window_view(buffer, width)[begins].view("<u8")
    keys: U64s = np.zeros(len(begins), dtype=np.uint64)
    for place in range(width // _WORD):
        word = words[:, place]
        offset = place * _WORD
        if shortest < offset + _WORD:
            word = word & _MASKS[np.clip(lengths - offset, 0, _WORD)]
        keys = word.copy() if not place else keys + _mixed(word * _FACTORS[place])
    return keys


def _mixed(words: U64s) -> U64s:
    mixed: U64s = (words ^ (words >> _SHIFT)) * _MIX
    return mixed
