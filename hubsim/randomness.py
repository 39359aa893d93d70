"""Chance without a state: the same question always draws the same number, in any order, in any process."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB


def mix(values: U64) -> U64:
    """Scramble 64-bit values one to one (the finaliser of SplitMix64)."""
    mixed = values + np.uint64(_GOLDEN)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
    scrambled: U64 = mixed ^ (mixed >> np.uint64(31))
    return scrambled


def key_of(*parts: int) -> int:
    """Fold integers, such as a seed and the name of a stream, into one 64-bit key."""
    key = 0
    for part in parts:
        key = _mix_one(key ^ (part & _MASK))
    return key


def hashes(identity: U64, number: npt.NDArray[np.unsignedinteger] | int, *, key: int) -> U64:
    """Return 64 random bits for each identity and attempt number, under a key."""
    salt = mix(np.atleast_1d(np.asarray(number, dtype=np.uint64)) + np.uint64(key))
    return mix(identity ^ salt)


def uniforms(identity: U64, number: npt.NDArray[np.unsignedinteger] | int, *, key: int) -> F64:
    """Return a number in [0, 1) for each identity and attempt number, under a key."""
    return (hashes(identity, number, key=key) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def permuted(places: U64, *, key: int) -> U64:
    """Map 32-bit values one to one onto 32-bit values."""
    mask = np.uint64(0xFFFFFFFF)
    mixed = (places + np.uint64(key & 0xFFFFFFFF)) & mask
    for multiplier, shift in ((0x21F0AAAD, 16), (0xD35A2D97, 15)):
        mixed ^= mixed >> np.uint64(shift)
        mixed = (mixed * np.uint64(multiplier)) & mask
    scrambled: U64 = mixed ^ (mixed >> np.uint64(15))
    return scrambled


def _mix_one(value: int) -> int:
    mixed = (value + _GOLDEN) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * _FIRST) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * _SECOND) & _MASK
    return mixed ^ (mixed >> 31)
