"""The process that opens workbooks: run by its path, bounded in memory, time and output, without settings.

It reads a workbook from its standard input and writes rows to the file whose number it is given, a line of
JSON for so many of them. At the end it says on its standard output where each sheet begins and ends there, or
why there is none.
"""

from __future__ import annotations

import os
import resource
import sys
import types
from errno import EFBIG
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

MEMORY: Final = 1536 * 1024 * 1024
OUTPUT: Final = 384 * 1024 * 1024
SECONDS: Final = 60
"""Of computing: a million rows take a tenth of it."""
_LONGEST_TEXT: Final = 2000
_ROWS: Final = 1000
_ROOT: Final = Path(__file__).resolve().parents[3]
_PACKAGES: Final = ("portal", "portal.kernel", "portal.kernel.guid", "portal.kernel.spreadsheets")


def main(number: int) -> None:
    """Read one workbook, and write what it holds to an open file."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    _enter_packages()
    import orjson  # noqa: PLC0415 - within the limits

    with os.fdopen(number, "wb") as rows:
        index = _index(sys.stdin.buffer.read(), rows)
    sys.stdout.buffer.write(orjson.dumps(index))


def _enter_packages() -> None:
    """Enter packages without what they bring: Django takes half a second, and the settings hold secrets."""
    for name in _PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(_ROOT.joinpath(*name.split(".")))]
        sys.modules[name] = package


def _index(data: bytes, rows: IO[bytes]) -> dict[str, Any]:
    from portal.kernel.spreadsheets.files import FileProblem, FileRefused  # noqa: PLC0415
    from portal.kernel.spreadsheets.workbooks import workbook_tables  # noqa: PLC0415

    try:
        return {"sheets": [_written(table, rows) for table in workbook_tables(data)]}
    except FileRefused as refusal:
        return {"refused": refusal.problem.value}
    except MemoryError:
        return {"refused": FileProblem.UNPACKS_TOO_LARGE.value}
    except OSError as error:
        if error.errno != EFBIG:
            raise
        return {"refused": FileProblem.UNPACKS_TOO_LARGE.value}


def _written(table: Any, rows: IO[bytes]) -> dict[str, Any]:
    import orjson  # noqa: PLC0415

    begin = rows.tell()
    while some := list(islice(table.rows, _ROWS)):
        written = [(number, [cell[:_LONGEST_TEXT] for cell in cells]) for number, cells in some]
        rows.write(orjson.dumps(written, option=orjson.OPT_APPEND_NEWLINE))
    rows.flush()
    return {
        "name": table.name,
        "is_hidden": table.is_hidden,
        "begin": begin,
        "end": rows.tell(),
        "hidden_rows": table.hidden_rows.ranges,
        "hidden_columns": list(table.hidden_columns.items()),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
