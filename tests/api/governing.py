"""Requests about how rollouts go on: rules, incidents, reviews."""

from __future__ import annotations

from typing import Any

import orjson

from tests.api.conftest import Stage
from tests.api.systems import PREFIX, System, body_of

RULE = {"name": "Too many", "kind": "ANY", "minimum_sample": 10, "lookback_hours": 24, "threshold": 0.02}


def put(system: System, path: str, body: object, *, kind: str = "application/json") -> Any:

    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return system.client.put(PREFIX + path, data, content_type=kind)


def raised(stage: Stage, title: str = "IHDs restart") -> str:
    """An incident of the first Supplier."""
    body = {"category": 2, "title": title, "guids": [stage.guid(0)]}
    return str(body_of(stage.supplier.post(stage.path("/incidents"), body))["id"])
