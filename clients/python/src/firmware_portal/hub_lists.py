"""Lists of hubs on their way to the portal: packed; a file in chunks, whatever its length."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

Hubs = Collection[str] | Path
_CHUNK: Final = 1 << 16
_GZIP: Final = 31
_OF_LINES: Final = {".ndjson", ".jsonl"}


class FileInChunks:
    """A file as the body of a request; no generator, so that it can be sent again after 401 or 429."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        """Yield it packed, from the beginning."""
        packer = zlib.compressobj(wbits=_GZIP)
        with self._path.open("rb") as file:
            while part := file.read(_CHUNK):
                if packed := packer.compress(part):
                    yield packed
        yield packer.flush()


class AsyncFileInChunks:
    """The same for tasks of an event loop: other tasks go on between chunks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield it packed, from the beginning."""
        for part in FileInChunks(self._path):
            yield part


def async_body_of(hubs: Hubs) -> AsyncIterable[bytes] | bytes:
    """Return the same as `body_of`, for tasks of an event loop."""
    return AsyncFileInChunks(hubs) if isinstance(hubs, Path) else packed(hubs)


def body_of(hubs: Hubs) -> Iterable[bytes] | bytes:
    """Return GUIDs, or a file of them, as a body packed with gzip."""
    if isinstance(hubs, Path):
        return FileInChunks(hubs)
    return packed(hubs)


def packed(hubs: Collection[str]) -> bytes:
    """Return GUIDs as lines of NDJSON, packed with gzip."""
    return gzip.compress("".join(f"{json.dumps(guid)}\n" for guid in hubs).encode())


def content_type_of(hubs: Hubs) -> str:
    """Return how the body is written: a file is CSV unless its name says otherwise."""
    is_csv = isinstance(hubs, Path) and hubs.suffix.lower() not in _OF_LINES
    return "text/csv" if is_csv else "application/x-ndjson"
