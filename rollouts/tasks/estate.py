"""Writing the files people have ordered, off the pages' time; making the months ahead of the history."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from typing import IO, Final
from uuid import uuid4

import structlog
from celery import shared_task
from django.core.files import File
from django.core.files.storage import default_storage

from portal.kernel import clock
from portal.kernel.refusals import Refusal
from portal.recurring.ringing import ring
from rollouts import services
from rollouts.models import Export
from rollouts.queries.estate.estate import export_estate, write_estate_workbook
from rollouts.queries.estate.keyset import EstateFilter

log = structlog.get_logger(__name__)
_TOLD_EVERY: Final = 1.0


@shared_task(name="rollouts.tasks.tick_exports")
def tick_exports(**_later: object) -> None:
    """Ring for each file nobody writes: ordered and not heard of, or left by a worker that was lost."""
    for export_id in services.waiting_exports(clock.wall()):
        ring(write_export, export_id=export_id)


@shared_task(name="rollouts.tasks.write_export")
def write_export(*, export_id: int, **_later: object) -> None:
    """Write one file; a second ring for the same file does nothing."""
    order = services.claim_export(export_id=export_id, now=clock.wall())
    if order is None:
        return
    try:
        _write(order)
    except services.ExportSuperseded:
        log.info("export.superseded", export_id=export_id)
    except Refusal as refusal:
        services.fail_export(order, problem=refusal.message, now=clock.wall())


@shared_task(name="rollouts.tasks.sweep_exports")
def sweep_exports(**_later: object) -> None:
    """Delete expired files."""
    services.sweep_exports(clock.wall())


def _write(order: services.ExportOrder) -> None:
    tell = _teller(order)
    filters = EstateFilter.read(order.filters)
    with tempfile.TemporaryFile() as target:
        if order.form == Export.Form.XLSX:
            hubs = write_estate_workbook(order.scope, target=target, filters=filters, tell=tell)
        else:
            hubs = _write_csv(order, filters, target, tell)
        size = target.tell()
        target.seek(0)
        name = f"exports/{order.scope.organisation_id}/{uuid4().hex}.{order.form}"
        file = default_storage.save(name, File(target))
    if not services.finish_export(order, file=file, size=size, done=hubs, now=clock.wall()):
        default_storage.delete(file)


def _write_csv(
    order: services.ExportOrder, filters: EstateFilter, target: IO[bytes], tell: Callable[[int], None]
) -> int:
    lines = 0
    for block in export_estate(order.scope, filters=filters):
        target.write(block)
        lines += block.count(b"\n")
        tell(max(lines - 1, 0))  # the first line names the columns
    return max(lines - 1, 0)


def _teller(order: services.ExportOrder) -> Callable[[int], None]:
    told_at = float("-inf")

    def tell(done: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TOLD_EVERY:
            services.report_export(order, done=done, now=clock.wall())
            told_at = time.monotonic()

    return tell


@shared_task(name="rollouts.tasks.make_months")
def make_months(**_later: object) -> None:
    """Lay out the months ahead; a lost tick costs an hour of three months."""
    services.make_months(now=clock.now())
