"""Judging the lines of a piece: what each says about its hub, or why it is not taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rollouts.services.estate.inventory.columns import Days, Guids, days_in, guids_in
from rollouts.services.estate.inventory.files import COLUMNS, Piece
from rollouts.services.estate.inventory.meanings import NONE, PROBLEMS, Meanings, number_of
from rollouts.services.estate.inventory.words import PADDING, Int32s, Vocabulary
from rollouts.states.inventory import LineProblem

Int64s: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

LONGEST_RAW: Final = 400
_PLACE: Final = {name: place for place, name in enumerate(COLUMNS)}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that was not taken: its number, how it reads, and why."""

    line: int
    raw: str
    problem: LineProblem


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPiece:
    """The good lines of a piece, column by column, and the others with their reasons."""

    lines: Int64s
    guid: Int64s
    gpf: Int64s
    has_gpf: Bools
    kind: Int32s
    status: Int32s
    registration: Int32s
    home: Int32s
    commissioned: Days
    installed: Days
    refused: tuple[RefusedRow, ...]

    def __len__(self) -> int:
        return len(self.lines)


def judge(piece: Piece, meanings: Meanings) -> JudgedPiece:
    """Judge every line of a piece by itself; repeats within the file are found by `Repeats`."""
    padded = piece.block + PADDING
    kind = _looked_up(meanings.kinds, padded, piece, "manufacturer", "region")
    status = _looked_up(meanings.statuses, padded, piece, "smi_status", "gpf_status")
    registration = _looked_up(meanings.registrations, padded, piece, "import_mpid", "gas_code")
    home = _looked_up(meanings.homes, padded, piece, "han_devices", "postcode_area")
    guid, gpf = guids_in(piece, _PLACE["guid"]), guids_in(piece, _PLACE["gpf_guid"])
    commissioned, installed = (days_in(piece, _PLACE[name]) for name in ("commissioned_on", "installed_on"))
    problems = np.zeros(len(piece.numbers), dtype=np.int32)
    for given in (home[:, 3], registration[:, 2], status[:, 2], kind[:, 4]):
        problems = np.where(given > 0, given, problems)
    _mark(problems, ~_is_fine(commissioned) | ~_is_fine(installed), LineProblem.BAD_DATE)
    _mark(problems, gpf.is_good & (gpf.values == guid.values), LineProblem.GPF_IS_THE_HUB)
    _mark(problems, ~_is_fine(gpf), LineProblem.MALFORMED_GPF_ID)
    _mark(problems, ~guid.is_good, LineProblem.MALFORMED_ID)
    good = np.flatnonzero(problems == 0)
    # Most pieces are good throughout: then nothing is copied.
    only = slice(None) if len(good) == len(problems) else good
    return JudgedPiece(
        lines=piece.numbers[only],
        guid=guid.values[only],
        gpf=gpf.values[only],
        has_gpf=gpf.is_given[only],
        kind=kind[only],
        status=status[only],
        registration=registration[only],
        home=home[only],
        commissioned=_only(commissioned, only),
        installed=_only(installed, only),
        refused=_refused(piece, problems),
    )


def _looked_up(vocabulary: Vocabulary, padded: bytes, piece: Piece, first: str, last: str) -> Int32s:
    return vocabulary.look_up(padded, piece.begins[:, _PLACE[first]], piece.ends[:, _PLACE[last]])


def _is_fine(column: Guids | Days) -> Bools:
    fine: Bools = column.is_good | ~column.is_given
    return fine


def _mark(problems: Int32s, where: Bools, problem: LineProblem) -> None:
    problems[where] = number_of(problem)


def _only(days: Days, rows: slice | Int64s) -> Days:
    return Days(days.values[rows], days.is_given[rows], days.is_good[rows])


def _refused(piece: Piece, problems: Int32s) -> tuple[RefusedRow, ...]:
    refused = [
        RefusedRow(int(piece.numbers[row]), piece.text(row)[:LONGEST_RAW], PROBLEMS[problems[row] - 1])
        for row in np.flatnonzero(problems).tolist()
    ]
    # A piece that was cut, not written anew, leaves its odd lines to be tried again.
    is_final = piece.separator == b"\x1f"
    odd = [
        RefusedRow(line, raw[:LONGEST_RAW], LineProblem.MALFORMED_LINE) for line, raw in piece.odd if is_final
    ]
    return tuple(refused + odd)


__all__ = ["NONE", "JudgedPiece", "RefusedRow", "judge"]
