"""Hubs and GPFs that stand twice in one file, found without holding its lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rollouts.services.estate.inventory.judging import JudgedBlock
from rollouts.states.inventory import LineProblem

Int64s: TypeAlias = npt.NDArray[np.int64]


class Repeats:
    """The GUIDs of a file so far: sixteen octets a line, and a sort at the end.

    A file in ascending order of GUIDs, as systems write them, needs no sort for the hubs.
    """

    def __init__(self) -> None:
        self._guids: list[Int64s] = []
        self._gpfs: list[Int64s] = []
        self._lines: list[Int64s] = []
        self._gpf_lines: list[Int64s] = []
        self._highest = -(1 << 63)
        self._is_ascending = True

    def add(self, judged: JudgedBlock) -> None:
        """Take note of the good lines of a piece."""
        if not len(judged):
            return
        self._guids.append(judged.guid)
        self._lines.append(judged.lines)
        self._gpfs.append(judged.gpf[judged.has_gpf])
        self._gpf_lines.append(judged.lines[judged.has_gpf])
        is_rising = bool((judged.guid[1:] > judged.guid[:-1]).all()) and judged.guid[0] > self._highest
        self._is_ascending = self._is_ascending and is_rising
        self._highest = int(judged.guid[-1])

    def problems_by_line(self) -> dict[int, LineProblem]:
        """Return the lines to be refused: of each repeated GUID all but the first."""
        if not self._guids:
            return {}
        guids, lines = np.concatenate(self._guids), np.concatenate(self._lines)
        gpfs, gpf_lines = np.concatenate(self._gpfs), np.concatenate(self._gpf_lines)
        problems: dict[int, LineProblem] = {}
        problems |= dict.fromkeys(self._hubs_used_as_gpf(guids, gpfs, gpf_lines), LineProblem.GPF_IS_A_HUB)
        problems |= dict.fromkeys(_later(gpfs, gpf_lines), LineProblem.DUPLICATE_GPF)
        if not self._is_ascending:
            problems |= dict.fromkeys(_later(guids, lines), LineProblem.DUPLICATE_IN_FILE)
        return problems

    def places_of(self, lines: Iterable[int]) -> list[int]:
        """Return the places of lines among the good ones, counted from 0."""
        wanted = np.fromiter(lines, dtype=np.int64)
        return [int(place) for place in np.flatnonzero(np.isin(np.concatenate(self._lines), wanted))]

    def guids_of(self, lines: Iterable[int]) -> dict[int, int]:
        """Return the hub of each line, in database form."""
        places = self.places_of(lines) if self._lines else []
        if not places:
            return {}
        known, guids = np.concatenate(self._lines)[places], np.concatenate(self._guids)[places]
        return dict(zip(known.tolist(), guids.tolist(), strict=True))

    def _hubs_used_as_gpf(self, guids: Int64s, gpfs: Int64s, lines: Int64s) -> list[int]:
        # Hubs and their GPFs come from ranges apart, as a rule: then there is nothing to compare.
        if not len(gpfs) or gpfs.min() > guids.max() or gpfs.max() < guids.min():
            return []
        return [int(line) for line in lines[np.isin(gpfs, guids)]]


def _later(values: Int64s, lines: Int64s) -> list[int]:
    """Return the lines of values that stand on an earlier line already."""
    ordered = np.sort(values)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return []
    held = np.flatnonzero(np.isin(values, twice))
    order = held[np.lexsort((lines[held], values[held]))]
    is_later = values[order][1:] == values[order][:-1]
    return [int(line) for line in lines[order[1:][is_later]]]
