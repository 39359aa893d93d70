"""Either lock on rows holds without the other: a Supplier reads nothing of others by filters alone, nor by policies alone."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import time_machine
from django.db import connection
from django.db.models.lookups import Exact
from django.test import Client

from portal.events.sequencer import sequence_all
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.row_security import row_policies
from tests.api.conftest import Stage, stage_of
from tests.api.estate.test_lost_hubs import DRAWN_BY_LOT, addresses
from tests.api.systems import PREFIX, System
from tests.api.things import owned
from tests.factories import make_world

pytestmark = [pytest.mark.requirement("R3.3"), pytest.mark.django_db]

WHOLE = int(os.environ.get("PROOF_ESTATES", "1")) > 1
"""Every address from two seats in `make proof`; one in four from one seat in `make test`."""
SEATS = ("third", "other") if WHOLE else ("third",)
EXAMPLES: Final = ("/help/", "/developers/")
"""Texts in which GUIDs stand as examples."""
_OWNERS: Final = r"import_supplier_id|gas_supplier_id|organisation_id|party_id"
_PARTIES: Final = r"party|party_id|organisation_id|organisation"
#: What a read is kept to its organisation by; which of a pair's roles is one's own is no filter, and stays.
_FILTER: Final = re.compile(
    rf"(?<!WHEN )\b(?:\w+\.)?(?:{_OWNERS}) = %\((?:{_PARTIES})\)s"
    rf"|(?<!WHEN )%\((?:{_PARTIES})\)s IN \((?:\w+\.)?(?:{_OWNERS}), (?:\w+\.)?(?:{_OWNERS})\)"
)
_READS: Final = re.compile(r"\s*(?:SELECT|WITH)\b(?!.*\b(?:INSERT INTO|UPDATE|DELETE FROM)\b)", re.DOTALL)
Answers = dict[str, tuple[int, bytes]]


@contextmanager
def filters_replaced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Have reads ask for the rows of everybody; yields how many filters were replaced."""
    replaced = [0]
    as_written, as_looked_up = sql._text_and_params, Exact.as_sql

    def without_filters(what: Any, params: Any) -> Any:
        text, values = as_written(what, params)
        if _READS.match(text):
            text, n = _FILTER.subn("true", text)
            replaced[0] += n
        return text, values

    def any_organisation(lookup: Any, compiler: Any, connection: Any) -> Any:
        target = getattr(lookup.lhs, "target", None)
        if (
            target is not None
            and target.column in {"organisation_id", "party_id"}
            and target.model._meta.db_table in row_policies()
        ):
            replaced[0] += 1
            return "TRUE", []
        return as_looked_up(lookup, compiler, connection)

    with monkeypatch.context() as patched:
        patched.setattr(sql, "_text_and_params", without_filters)
        patched.setattr(Exact, "as_sql", any_organisation)
        yield replaced


def crawl(stage: Stage, seat: System, person: Client) -> Answers:
    """Read every address as an organisation, with the first Supplier's things in it; each leaves nothing behind."""
    answers = {}
    every = [path for path in addresses(stage, stage.rollout) if not path.startswith(EXAMPLES)]
    chosen = every[:: 1 if WHOLE else 4]
    for path in dict.fromkeys(["/", "/estate/", f"{PREFIX}/estate", f"{PREFIX}/events", *chosen]):
        connection.ensure_connection()
        with connection.connection.transaction(force_rollback=True):
            answer = (seat.client if path.startswith(PREFIX) else person).get(path)
            try:
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            except Exception as problem:  # noqa: BLE001 - what nobody sends leaks nothing
                body = repr(problem).encode()
        answers[path] = (answer.status_code, DRAWN_BY_LOT.sub(b"", body))
    return answers


def traces(stage: Stage, own: int) -> list[bytes]:
    """What only others' rows hold: their hubs' GUIDs, and what they called things."""
    foreign = sql.rows(
        "SELECT guid FROM rollouts_hub WHERE coalesce(import_supplier_id, 0) <> %(own)s"
        " AND coalesce(gas_supplier_id, 0) <> %(own)s",
        {"own": own},
    )
    words = ["IHDs restart", "ihd.log", str(stage.things["instruction"]), stage.world.supplier_user.name]
    return [str(Guid.from_db(row.guid)).encode() for row in foreign] + [word.encode() for word in words]


def leaks(answers: Answers, marks: list[bytes]) -> dict[str, list[bytes]]:
    """Return what of others stands in answers, but for what was asked by."""
    return {
        path: shown
        for path, (_, body) in answers.items()
        if (shown := [mark for mark in marks if mark in body and mark.decode() not in path])
    }


@pytest.fixture
def stage(db: None, media: Any, settings: Any, fresh_cache: None) -> Stage:
    """A stage whose calls are not counted, with things of the first Supplier's of every kind."""
    settings.API_REQUESTS_A_MINUTE = 10**9
    settings.ACCOUNT_RATE_LIMITS = False
    made = stage_of(make_world(), now=datetime.now(UTC))
    owned(made, "")
    return made


@pytest.mark.parametrize("name", SEATS)
def test_either_lock_holds_without_the_other(name, stage, settings, monkeypatch, capsys, database_urls):
    if database_urls.application == database_urls.owner:
        pytest.skip("DATABASE_URL names one role")
    seat: System = getattr(stage, name)
    seat.client.raise_request_exception = False
    person = Client(raise_request_exception=False)
    person.force_login(getattr(stage.world, f"{name}_user"))
    with time_machine.travel(datetime.now(UTC).replace(microsecond=0), tick=False):
        sequence_all(seconds=5)
        both = crawl(stage, seat, person)
        with filters_replaced(monkeypatch) as replaced:
            policies_alone = crawl(stage, seat, person)
        settings.ROW_LEVEL_SECURITY = False
        filters_alone = crawl(stage, seat, person)
        with filters_replaced(monkeypatch):
            neither = crawl(stage, seat, person)
        settings.ROW_LEVEL_SECURITY = True

    marks = traces(stage, getattr(stage.world, name).pk)
    shown = leaks(neither, marks)
    with capsys.disabled():
        sys.stdout.write(
            f" {len(both):,} addresses, {replaced[0]:,} filters replaced: {sum(map(len, shown.values())):,} rows of"
            f" others by neither lock, {len(leaks(policies_alone, marks))} by either: "
        )
    assert shown, "what is looked for was there to be found"
    assert leaks(both, marks) == leaks(policies_alone, marks) == leaks(filters_alone, marks) == {}
    assert filters_alone == both
