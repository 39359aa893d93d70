"""Schemathesis over the whole interface: whatever is sent, the answer is one that the description names."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.meta import TestPhase
from schemathesis.pytest._test_builder import build_operation_test

from portal.identity.api_scopes import SCOPES_OF_KIND
from portal.identity.models import OrganisationKind
from portal.rest.description import openapi_document
from portal.wsgi import application
from tests.api.conftest import Stage
from tests.api.systems import System
from tests.api.things import owned
from tests.fuzz.throwing import REQUESTS, THROWN

EXAMPLES: Final = max(5, REQUESTS // 1_000)
#: Of the systematic cases of an operation so many are left out between two that are tried: a minute for all of
#: them. `API_FUZZ=all` tries each.
STRIDE: Final = 1 if os.environ.get("API_FUZZ") == "all" or REQUESTS >= 10_000 else 6
#: What the portal refuses although it is well-formed is refused by a rule of the domain.
LEFT_OUT: Final = {
    "positive_data_acceptance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
}

PATIENCE: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
METHODS: Final = ("get", "put", "post", "patch", "delete")
OPERATIONS: Final = [
    (path, method)
    for path, methods in openapi_document()["paths"].items()
    for method, operation in methods.items()
    if method in METHODS and "x-served-by" not in operation  # a stream has no end that could be waited for
]
_numbers: Iterator[int] = itertools.count()


@cache
def described() -> Any:
    """The interface as schemathesis sees it: read by the first test that needs it, never at collection."""
    load_all_checks()
    schema = schemathesis.openapi.from_dict(openapi_document())
    schema.app = lambda environ, start: application({**environ, "REMOTE_ADDR": "127.0.0.1"}, start)
    schema.config.update(base_url="http://testserver")
    return schema


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: object) -> bytes:
    """Send whatever was thought of as one line."""
    return value if isinstance(value, bytes) else json.dumps(value, default=str).encode()


@pytest.fixture
def fuzzed(stage: Stage, settings: Any) -> Iterator[Stage]:
    """The stage, with things of every kind on it."""
    settings.API_REQUESTS_A_MINUTE = 10**9
    settings.ALLOWED_HOSTS = ["*"]
    owned(stage, "")
    # As Django's own client does it: the connection, with the transaction of the test, outlives a request.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield stage
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda part: part)
def test_whatever_is_sent_the_answer_is_described(path: str, method: str, fuzzed: Stage) -> None:
    schema = described()

    # Thinking of cases takes a second an operation. `schema.parametrize()` would think of all of them while
    # pytest collects, in every run of every test beside this one.
    attempts = build_operation_test(
        config=schema.config,
        operation=schema[path][method.upper()],
        test_func=lambda case: _try(case, fuzzed),
        given_kwargs={},
        feedback=FeedbackSources(),
        explicit_settings=PATIENCE,
    )

    attempts()


def _try(case: Any, stage: Stage) -> None:
    number = next(_numbers)
    if case.meta is not None and case.meta.phase.name == TestPhase.COVERAGE and number % STRIDE:
        return
    known = owned(stage, case.path)
    for name in case.path_parameters or {}:
        # Most of the time the thing exists: what is behind it is to be reached.
        if name in known and number % 4:
            case.path_parameters[name] = known[name]
    caller = _caller(stage, case, number)

    # Nobody unpacks here: gzip has tests of its own.
    headers = {"Authorization": f"Bearer {caller.token}", "Accept-Encoding": "identity"}
    answer = case.call(headers=headers)
    THROWN["schemathesis"] += 1

    case.validate_response(answer, excluded_checks=[CHECKS.get_one(name) for name in LEFT_OUT])


def _caller(stage: Stage, case: Any, number: int) -> System:
    """One of those whose scopes the operation asks for; some serve everybody."""
    needed = set(case.operation.definition.raw["security"][0]["clientCredentials"])
    callers = {"SUPPLIER": stage.supplier, "DCC": stage.dcc, "CSP": stage.csp}
    holders = [
        system for kind, system in callers.items() if needed <= set(SCOPES_OF_KIND[OrganisationKind(kind)])
    ]
    return holders[number % len(holders)]
