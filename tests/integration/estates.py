"""What tests of estates share: hubs by their numbers, and all pages of a list."""

from __future__ import annotations

import csv
import io

from portal.kernel.guid import Guid
from rollouts.queries.estate.estate import (
    estate_page,
    export_estate,
)
from rollouts.queries.estate.keyset import EstateFilter

OWN = {*range(16)}


def numbers(world, rows):
    return [Guid.parse(row.guid).db - world.guid(0) for row in rows]


def all_rows(scope, *, size=7, **filters):
    rows, cursor = [], ""
    while True:
        page = estate_page(scope, filters=EstateFilter(**filters), cursor=cursor, size=size)
        rows += page.items
        if page.next is None:
            return rows
        cursor = page.next


def exported(scope, **filters):
    text = b"".join(export_estate(scope, filters=EstateFilter(**filters))).decode()
    return list(csv.DictReader(io.StringIO(text)))
