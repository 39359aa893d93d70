"""LineMeanings by the million: each different one, or combination of several, is judged once a block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.kernel.spreadsheets.csv_lines import decoded
from rollouts.services.estate.inventory.parsing import ParsedBlock

Int32s: TypeAlias = npt.NDArray[np.int32]
Int64s: TypeAlias = npt.NDArray[np.int64]
Meaning: TypeAlias = tuple[int, ...]

#: A file of nothing but different words may not fill the memory.
_MOST_REMEMBERED: Final = 100_000
#: So many fit a table in the processor's cache; more are sorted.
_FEW_COMBINATIONS: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class LineMeanings:
    """What the words of each line mean together."""

    meanings: Int32s
    """A row of numbers for each meaning."""
    places: Int64s
    """The row of each line."""

    def of(self, lines: Any) -> LineMeanings:
        return LineMeanings(self.meanings, self.places[lines])


class Vocabulary:
    """What the words of some columns mean together: a row of numbers."""

    def __init__(self, columns: Sequence[str], learn: Callable[..., Meaning]) -> None:
        self.columns = columns
        self._known = _Known(learn)

    def look_up(self, block: ParsedBlock) -> LineMeanings:
        """Return what each line means; a column the file lacks reads as empty."""
        columns = [block.columns.get(name) for name in self.columns]
        places, span = np.zeros(len(block), dtype=np.int64), 1
        for column in columns:
            if column is not None:
                size = len(column.dictionary)
                places, span = _dense(places * size + column.indices.to_numpy(), span * size)
        # Any line may stand for those that are like it.
        lines = np.zeros(span, dtype=np.int64)
        lines[places] = np.arange(len(block))
        words = [[b""] * span if column is None else _words(column, lines) for column in columns]
        meanings, rows = self._known.look_up(list(zip(*words, strict=True)))
        return LineMeanings(meanings, rows.take(places))


class _Known(dict[tuple[bytes, ...], int]):
    """The numbers of combinations of words, in the order in which they were learnt."""

    def __init__(self, learn: Callable[..., Meaning]) -> None:
        super().__init__()
        self._learn = learn
        self._meanings: list[Meaning] = []
        self._array = np.zeros((0, 0), dtype=np.int32)

    def look_up(self, combinations: Sequence[tuple[bytes, ...]]) -> tuple[Int32s, Int64s]:
        """Return all meanings, and which row of them each combination has."""
        if len(self) > _MOST_REMEMBERED:
            self.clear()
            self._meanings.clear()
        rows = np.fromiter(map(self.__getitem__, combinations), dtype=np.int64, count=len(combinations))
        if len(self._array) != len(self._meanings):
            self._array = np.array(self._meanings, dtype=np.int32)
        return self._array, rows

    def __missing__(self, words: tuple[bytes, ...]) -> int:
        self._meanings.append(self._learn(*(decoded(word).strip() for word in words)))
        self[words] = len(self._meanings) - 1
        return self[words]


def _dense(codes: Int64s, span: int) -> tuple[Int64s, int]:
    """Number the codes that occur from 0; they are less than `span`."""
    if span > _FEW_COMBINATIONS:
        distinct, places = np.unique(codes, return_inverse=True)
        return places, len(distinct)
    occurs = np.zeros(span, dtype=np.bool_)
    occurs[codes] = True
    numbers = np.cumsum(occurs)
    return numbers[codes] - 1, int(numbers[-1])


def _words(column: Any, lines: Int64s) -> list[bytes]:
    words = column.dictionary.to_pylist()
    return [words[place] for place in column.indices.to_numpy()[lines].tolist()]
