"""Reading the files that are sent to be imported, off the pages' time, and saying how far they are."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, BinaryIO, Final, cast

import structlog
from celery import shared_task
from django.core.files.storage import default_storage
from django.db import connections

from portal.kernel import clock
from portal.kernel.refusals import Refusal
from portal.recurring.ringing import ring
from rollouts import services

log = structlog.get_logger(__name__)
_SAID_EVERY: Final = 1.0


@shared_task(name="rollouts.tasks.tick_imports")
def tick_imports(**_later: object) -> None:
    """Ring for each file nobody reads: sent and not heard of, or left by a worker that was lost."""
    for import_file_id in services.waiting_imports(clock.wall()):
        ring(take_import, import_file_id=import_file_id)


@shared_task(name="rollouts.tasks.take_import")
def take_import(*, import_file_id: int, **_later: object) -> None:
    """Read one file; a second ring for the same file does nothing."""
    order = services.claim_import(import_file_id=import_file_id, at=clock.wall())
    if order is None:
        return
    try:
        with default_storage.open(order.file) as file, WatchedFile(order, file) as source:
            report = services.read_import(order, source=cast("BinaryIO", source), now=clock.now())
        services.finish_import(order, report, at=clock.wall())
    except services.ImportSuperseded:
        log.info("import.superseded", import_file_id=import_file_id)
    except Refusal as refusal:
        services.fail_import(order, problem=refusal.message, at=clock.wall())


@shared_task(name="rollouts.tasks.sweep_imports")
def sweep_imports(**_later: object) -> None:
    """Take away the files that are no longer kept."""
    services.sweep_imports(clock.wall())


class WatchedFile:
    """A file that says each second how far it has been read, until it is closed.

    It says so in a thread with a connection of its own: what the reading transaction writes is seen by nobody
    before its end.
    """

    def __init__(self, order: services.ImportOrder, file: Any) -> None:
        self._order, self._file = order, file
        self._is_over, self._is_unwanted = threading.Event(), threading.Event()
        self._done = 0
        self._thread = threading.Thread(target=self._say, name="import-progress", daemon=True)

    def __enter__(self) -> WatchedFile:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def read(self, size: int = -1) -> bytes:
        """Read on.

        Raises:
            ImportSuperseded: the file has been called off.
        """
        if self._is_unwanted.is_set():
            raise services.ImportSuperseded("The file is no longer wanted.")
        piece: bytes = self._file.read(size)
        self._done += len(piece)
        return piece

    def seek(self, place: int) -> None:
        """Go back to be read once more; it stays as far as it was."""
        self._file.seek(place)

    def _say(self) -> None:
        try:
            while not self._is_over.wait(_SAID_EVERY):
                services.report_import(self._order, done=self._done, at=clock.wall())
        except services.ImportSuperseded:
            self._is_unwanted.set()
        finally:
            connections.close_all()
