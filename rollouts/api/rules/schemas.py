"""Rules as the API gives them: for choosing hubs, and what saving any rule answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypedDict

from django.urls import reverse
from rest_framework.response import Response

from portal.kernel.references import reference_of
from portal.rest.references import Reference
from portal.rest.schemas import Component, Count, Example, GuidText
from rollouts.models.selections import SupplierRuleVersion
from rollouts.queries.rules.selections import SavedRule, SelectionPreview

_TREE = {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]}
_SAMPLE = {"size": 100, "strata": ["region", "version"], "seed": 7}
_BREAKDOWN = {"region": {"NORTH": 60, "SOUTH": 40}}


class SelectionRuleSchema(TypedDict):
    """A named rule by which hubs are chosen, as it now stands."""

    id: Reference
    version_id: Reference
    name: Annotated[str, Example("Spread over regions")]
    version: int
    says: Annotated[str, Example("CSP region is North")]
    tree: Annotated[dict[str, Any], Component("Criteria"), Example(_TREE)]
    sample: Annotated[dict[str, Any] | None, Component("Sample"), Example(_SAMPLE)]
    saved_at: datetime


class SavedVersionSchema(TypedDict):
    """A rule that was saved: a new version, or the one there was, where it means the same."""

    id: Reference
    version_id: Reference
    name: Annotated[str, Example("Spread over regions")]
    version: int


class SelectionSchema(TypedDict):
    """What conditions and a sample would choose of your hubs."""

    says: Annotated[str, Example("CSP region is North")]
    eligible: Count
    matching: Count
    chosen: Count
    cap: Count
    is_over_cap: bool
    score: float
    distances: Annotated[dict[str, float], Example({"region": 0.02})]
    chosen_by: Annotated[dict[str, dict[str, int]], Example(_BREAKDOWN)]
    eligible_by: Annotated[dict[str, dict[str, int]], Example(_BREAKDOWN)]
    first_guids: list[GuidText]


def selection_rule(rule: SavedRule) -> SelectionRuleSchema:
    """Return a rule."""
    return {
        "id": reference_of(rule.id, "selection_rule"),
        "version_id": reference_of(rule.version_id, "selection_rule_version"),
        "name": rule.name,
        "version": rule.version,
        "says": rule.says,
        "tree": dict(rule.tree),
        "sample": None if rule.sample is None else dict(rule.sample),
        "saved_at": rule.saved_at,
    }


def selection(preview: SelectionPreview) -> SelectionSchema:
    """Return what would be chosen."""
    chosen = preview.selection
    return {
        "says": preview.says,
        "eligible": chosen.eligible,
        "matching": chosen.matching,
        "chosen": chosen.chosen,
        "cap": preview.cap,
        "is_over_cap": preview.is_over_cap,
        "score": chosen.score,
        "distances": dict(chosen.distances),
        "chosen_by": chosen.chosen_by,
        "eligible_by": chosen.eligible_by,
        "first_guids": preview.first_guids,
    }


def saved_version(version: SupplierRuleVersion, *, kind: str, address: str) -> Response:
    """Answer with the version that was saved, and where its rule is read."""
    saved: SavedVersionSchema = {
        "id": reference_of(version.rule.pk, kind),
        "version_id": reference_of(version.pk, f"{kind}_version"),
        "name": version.rule.name,
        "version": version.version,
    }
    return Response(saved, status=201, headers={"Location": reverse(address, args=[version.rule.pk])})
