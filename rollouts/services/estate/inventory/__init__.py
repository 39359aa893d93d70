"""Inventory files by the million lines: text to tables, tables to rows as PostgreSQL takes them.

# Note [One word, one judgement]
Arrow reads a block of lines into columns of numbered words. What a word or a combination of them means (a
model, a pair of Suppliers, a day) is judged in plain Python once a block, however many lines have it; only
GUIDs differ on every line, and are read as arrays.
"""

from __future__ import annotations

from rollouts.services.estate.inventory.files import Inventory, NotAnInventory, open_inventory
from rollouts.services.estate.inventory.judging import LONGEST_RAW, JudgedBlock, RefusedRow, judge
from rollouts.services.estate.inventory.meanings import NONE, Meanings, UnlistedFirmware, read_day
from rollouts.services.estate.inventory.parsing import parsed_blocks
from rollouts.services.estate.inventory.repeats import Repeats
from rollouts.services.estate.inventory.rows import HUB_COLUMNS, rows_of

__all__ = [
    "HUB_COLUMNS",
    "LONGEST_RAW",
    "NONE",
    "Inventory",
    "JudgedBlock",
    "Meanings",
    "NotAnInventory",
    "RefusedRow",
    "Repeats",
    "UnlistedFirmware",
    "judge",
    "open_inventory",
    "parsed_blocks",
    "read_day",
    "rows_of",
]
