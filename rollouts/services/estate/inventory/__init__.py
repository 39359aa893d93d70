"""Inventory files by the million lines: text to columns, columns to rows as PostgreSQL takes them.

# Note [Lines that are alike]
Lines in the usual form are read together, column by column, as arrays. A line in another form (quotes,
another order of columns, other spellings) is first written anew in the usual form, one by one; from there on
both are judged by the same code. A text such as a region is judged once however often it occurs.
"""

from __future__ import annotations

from rollouts.services.estate.inventory.files import Piece, pieces_of
from rollouts.services.estate.inventory.judging import JudgedPiece, RefusedRow, judge
from rollouts.services.estate.inventory.meanings import Meanings
from rollouts.services.estate.inventory.repeats import Repeats
from rollouts.services.estate.inventory.rows import HUB_COLUMNS, rows_of

__all__ = [
    "HUB_COLUMNS",
    "JudgedPiece",
    "Meanings",
    "Piece",
    "RefusedRow",
    "Repeats",
    "judge",
    "pieces_of",
    "rows_of",
]
