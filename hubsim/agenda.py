"""What comes due when: a queue of records, cheap however many wait.

Records lie in a few sorted runs. A new run is merged with its neighbours when they are not larger, so that
each record is moved a logarithmic number of times; what is due is the head of each run.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.void]

_MERGE: Final = 2


class Agenda:
    """Records of one type with a field `due`, handed out in order of it."""

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._dtype = dtype
        self._runs: list[Records] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, records: Records) -> None:
        """Take in records in any order."""
        if not len(records):
            return
        self._size += len(records)
        run = records[np.argsort(records["due"], kind="stable")]
        while self._runs and len(self._runs[-1]) <= _MERGE * len(run):
            both = np.concatenate([self._runs.pop(), run])
            run = both[np.argsort(both["due"], kind="stable")]
        self._runs.append(run)

    def due(self, now: float, *, limit: int) -> Records:
        """Remove and return what is due by now, earliest first; about `limit` at most."""
        ends = [int(np.searchsorted(run["due"], now, side="right")) for run in self._runs]
        if sum(ends) > limit:
            heads = [run["due"][:end][:limit] for run, end in zip(self._runs, ends, strict=True)]
            last = np.partition(np.concatenate(heads), limit - 1)[limit - 1]
            ends = [int(np.searchsorted(run["due"], last, side="right")) for run in self._runs]
        taken = [run[:end] for run, end in zip(self._runs, ends, strict=True) if end]
        if not taken:
            return np.zeros(0, dtype=self._dtype)
        self._runs = [run[end:] for run, end in zip(self._runs, ends, strict=True) if end < len(run)]
        self._size -= sum(map(len, taken))
        if len(taken) == 1:
            return taken[0]
        joined = np.concatenate(taken)
        return joined[np.argsort(joined["due"], kind="stable")]

    def next_due(self) -> float:
        """Return when the next record comes due; never, if there is none."""
        return min((float(run["due"][0]) for run in self._runs), default=float("inf"))
