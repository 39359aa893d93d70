"""Short texts by the million: each different one is judged once, and is a number from then on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

U64s: TypeAlias = npt.NDArray[np.uint64]
Int32s: TypeAlias = npt.NDArray[np.int32]
Octets: TypeAlias = npt.NDArray[np.uint8]
Places: TypeAlias = npt.NDArray[np.int64]
Meaning: TypeAlias = tuple[int, ...]

_WORD: Final = 8
_LONGEST: Final = 96
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_HALF: Final = np.uint64(32)
_TOP: Final = np.uint64(48)
#: Keeps the first `n` octets of a word, by n.
_MASKS: Final = np.array([(1 << 8 * n) - 1 for n in range(_WORD + 1)], dtype=np.uint64)
_FACTORS: Final = np.array(
    [pow(0xBF58476D1CE4E5B9, n + 1, 1 << 64) for n in range(_LONGEST // _WORD)], dtype=np.uint64
)
#: Room behind a text, so that the widest can be read where the last one stands.
PADDING: Final = bytes(_LONGEST)


class Vocabulary:
    """What each text of one kind means: a row of numbers, asked for once a text and then remembered."""

    def __init__(self, learn: Callable[[bytes], Meaning], *, width: int) -> None:
        self._learn = learn
        self._keys: U64s = np.zeros(0, dtype=np.uint64)
        self._meanings: Int32s = np.zeros((0, width), dtype=np.int32)
        # Where a key is likely to stand, by its scattered top bits: right for nearly all of them.
        self._guesses: npt.NDArray[np.uint32] = np.zeros(1 << 16, dtype=np.uint32)

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
        places: Places = self._guesses[(keys * _MIX) >> _TOP].astype(np.int64)
        wrong = np.flatnonzero(self._keys[places] != keys)
        if len(wrong):
            nearest = np.minimum(np.searchsorted(self._keys, keys[wrong]), len(self._keys) - 1)
            nearest[self._keys[nearest] != keys[wrong]] = -1
            places[wrong] = nearest
        return places

    def _remember(self, keys: U64s, texts: Sequence[bytes]) -> None:
        learnt = np.array([self._learn(text) for text in texts], dtype=np.int32)
        keys = np.concatenate((self._keys, keys))
        order = np.argsort(keys)
        self._keys = keys[order]
        self._meanings = np.concatenate((self._meanings, learnt))[order]
        self._guesses[(self._keys * _MIX) >> _TOP] = np.arange(len(self._keys), dtype=np.uint32)


def texts_at(block: bytes, begins: Places, width: int) -> Octets:
    """Return what stands at these places, a row of so many characters each."""
    if len(block) < width:
        return np.zeros((0, width), dtype=np.uint8)
    buffer = np.frombuffer(block, dtype=np.uint8)
    texts: Octets = np.lib.stride_tricks.sliding_window_view(buffer, width)[begins]
    return texts


def _keys_of(padded: bytes, begins: Places, ends: Places) -> U64s:
    """Make one number of each text: up to eight letters it is the text itself, beyond that a mixture.

    A text that is longer than any the inventory knows is cut: what it becomes is not known either. What
    lies behind a text counts as zero, and zeros add nothing, so that its neighbours do not matter.
    """
    lengths = np.minimum(ends - begins, _LONGEST)
    shortest, longest = int(lengths.min(initial=_LONGEST)), int(lengths.max(initial=0))
    width = max(_WORD, -(-longest // _WORD) * _WORD)
    words = texts_at(padded, begins, width).view("<u8")
    keys: U64s = np.zeros(len(begins), dtype=np.uint64)
    for place in range(width // _WORD):
        word = words[:, place].copy()
        offset = place * _WORD
        if shortest < offset + _WORD:
            word &= _MASKS[np.clip(lengths - offset, 0, _WORD)]
        # The upper half stirs the lower one: a product alone would leave the last letter near the top.
        if place:
            word = (word ^ (word >> _HALF)) * _FACTORS[place]
        keys += word
    return keys
