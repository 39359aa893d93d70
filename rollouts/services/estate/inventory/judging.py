"""Judging the lines of a block: what each says about its hub, or why it is not taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from portal.kernel.guid import parse_block, parse_rows
from rollouts.services.estate.inventory.meanings import PROBLEMS, Meanings, number_of
from rollouts.services.estate.inventory.parsing import ParsedBlock
from rollouts.services.estate.inventory.words import LineMeanings
from rollouts.states.inventory import LineProblem

Int64s: TypeAlias = npt.NDArray[np.int64]
Int32s: TypeAlias = npt.NDArray[np.int32]
Bools: TypeAlias = npt.NDArray[np.bool_]

LONGEST_RAW: Final = 4_000
"""A line is given back to be corrected; one that is longer is cut."""
_SPELLING: Final = 23


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that was not taken: its number, how it reads, and why."""

    line: int
    raw: str
    problem: LineProblem


class Guids(NamedTuple):
    """One GUID a line in database form: is there any, and is what is there one."""

    values: Int64s
    is_given: Bools
    is_good: Bools


@dataclass(frozen=True, slots=True, eq=False)
class JudgedBlock:
    """The good lines of a block, with what their words mean to each of the vocabularies, and the others."""

    lines: Int64s
    guid: Int64s
    gpf: Int64s
    has_gpf: Bools
    words: tuple[LineMeanings, ...]
    refused: tuple[RefusedRow, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)


def judge(block: ParsedBlock, meanings: Meanings) -> JudgedBlock:
    """Judge every line of a block by itself; repeats within the file are found by `Repeats`."""
    guid, gpf = guids_in(block, "guid"), guids_in(block, "gpf_guid")
    words = [vocabulary.look_up(block) for vocabulary in meanings.vocabularies]
    problems = np.zeros(len(block), dtype=np.int32)
    for given in reversed(words):
        if (problem := given.meanings[:, -1]).any():
            of_lines = problem.take(given.places)
            problems = np.where(of_lines > 0, of_lines, problems)
    _mark(problems, gpf.is_good & (gpf.values == guid.values), LineProblem.GPF_IS_THE_HUB)
    _mark(problems, gpf.is_given & ~gpf.is_good, LineProblem.MALFORMED_GPF_ID)
    _mark(problems, ~guid.is_good, LineProblem.MALFORMED_ID)
    good = np.flatnonzero(problems == 0)
    # Most blocks are good throughout: then nothing is copied.
    only = slice(None) if len(good) == len(problems) else good
    return JudgedBlock(
        lines=block.numbers[only],
        guid=guid.values[only],
        gpf=gpf.values[only],
        has_gpf=gpf.is_given[only],
        words=tuple(given.of(only) for given in words),
        refused=_refused(block, problems),
    )


def guids_in(block: ParsedBlock, name: str) -> Guids:
    """Read a column of GUIDs in whatever spelling."""
    values = np.zeros(len(block), dtype=np.int64)
    is_good = np.zeros(len(block), dtype=np.bool_)
    column = block.columns.get(name)
    if column is None:
        return Guids(values, is_good, is_good)
    places, octets = _octets(column)
    lengths = np.diff(places)
    usual = lengths == _SPELLING
    if usual.any():
        windows = np.lib.stride_tricks.sliding_window_view(octets, _SPELLING)
        values[usual], is_good[usual] = parse_rows(windows[places[:-1][usual]])
    others = np.flatnonzero((lengths > 0) & ~is_good)
    if len(others):
        # An empty first line, so that no value is taken for a heading; no cell holds a line feed.
        parsed = parse_block(b"\n".join([b"", *column.take(others).to_pylist(), b""]))
        single = np.bincount(parsed.lines, minlength=len(others) + 2)[2:] == 1
        rows = others[parsed.lines - 2]
        values[rows] = parsed.values
        is_good[others] = single
    return Guids(values, lengths > 0, is_good)


def _octets(column: Any) -> tuple[Int64s, npt.NDArray[np.uint8]]:
    """Return where the texts of a column begin and end, and the octets they lie in."""
    _, places, octets = column.buffers()
    begins = np.frombuffer(places, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    return begins.astype(np.int64), np.frombuffer(octets or b"", dtype=np.uint8)


def _mark(problems: Int32s, where: Bools, problem: LineProblem) -> None:
    problems[where] = number_of(problem)


def _refused(block: ParsedBlock, problems: Int32s) -> tuple[RefusedRow, ...]:
    places = np.flatnonzero(problems)
    numbers = [*block.numbers[places].tolist(), *block.odd]
    reasons = [PROBLEMS[code - 1] for code in problems[places].tolist()]
    reasons += [LineProblem.MALFORMED_LINE] * len(block.odd)
    return tuple(
        RefusedRow(number, raw[:LONGEST_RAW], reason)
        for number, raw, reason in zip(numbers, block.raws(numbers), reasons, strict=True)
        # Separators alone, as spreadsheets leave them below a block, are no line of it.
        if raw.strip(' \t",;|')
    )
