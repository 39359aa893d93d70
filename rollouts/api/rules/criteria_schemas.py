"""The documents of rules, described: conditions, samples, and policies of time.

`docs/reference/api.md` says what they mean; `rollouts.rules.criteria` reads them and names each mistake.
"""

from __future__ import annotations

from typing import Final

from portal.rest.schemas import Schema, name_schema
from rollouts.rules.criteria.fields import HUB_FIELDS, RELEASE_FIELDS
from rollouts.rules.criteria.hashing import MAX_SEED
from rollouts.rules.criteria.policies import MAX_PER_NIGHT, MAX_POLICY_DAYS
from rollouts.rules.criteria.sampling import MAX_SAMPLE
from rollouts.rules.criteria.scoring import DIMENSIONS
from rollouts.rules.criteria.timing import DAYS, Milestone
from rollouts.rules.criteria.vocabulary import Op

_BELOW: Final[Schema] = {"$ref": "#/components/schemas/Criteria"}
_BRANCHES: Final[Schema] = {"type": "array", "items": _BELOW}
_SEED: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": MAX_SEED}
_CLOCK: Final[Schema] = {
    "type": "string",
    "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "examples": ["22:00"],
}

name_schema(
    "Criteria",
    {
        "type": "object",
        "description": "A tree of conditions: `all`, `any` or `not` of others, or `field`, `op` and `value`.",
        "properties": {
            "all": {**_BRANCHES, "description": "Each holds; none of them: always."},
            "any": {**_BRANCHES, "description": "One of them holds."},
            "not": {**_BELOW, "description": "It does not hold."},
            "field": {
                "type": "string",
                "description": "What is asked about.",
                "x-extensible-enum": sorted({*HUB_FIELDS, *RELEASE_FIELDS}),
            },
            "op": {"type": "string", "x-extensible-enum": [op.value for op in Op]},
            "value": {"description": "What it is compared with: a text, a number, a day, or a list of them."},
        },
        "examples": [{"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]}],
    },
)
name_schema(
    "Sample",
    {
        "type": "object",
        "description": "A sample: the same seed draws the same hubs.",
        "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": MAX_SAMPLE},
            "strata": {"type": "array", "items": {"type": "string", "x-extensible-enum": list(DIMENSIONS)}},
            "seed": _SEED,
        },
        "examples": [{"size": 100, "strata": ["region", "version"], "seed": 7}],
    },
)
name_schema(
    "TimePolicy",
    {
        "type": "object",
        "description": "When hubs activate: days after a milestone, at night or not, so many a night.",
        "required": ["after", "days"],
        "properties": {
            "after": {"type": "string", "x-extensible-enum": [each.value for each in Milestone]},
            "days": {"type": "integer", "minimum": 0, "maximum": MAX_POLICY_DAYS},
            "per_night": {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_PER_NIGHT},
            "seed": _SEED,
            "window": {
                "type": ["object", "null"],
                "description": "In London time.",
                "properties": {
                    "days": {"type": "array", "items": {"type": "string", "x-extensible-enum": list(DAYS)}},
                    "from": _CLOCK,
                    "to": _CLOCK,
                },
            },
        },
        "examples": [{"after": "notice", "days": 30}],
    },
)
