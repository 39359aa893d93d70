"""The curve of a rollout: how many hubs had activated by when, and when the rest will have."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from portal.rest.operations import operation
from portal.rest.schemas import Count, schema_reference
from portal.rest.views import ResourceView
from rollouts.api.enums import Id
from rollouts.queries.rollouts.curves import ActivationCurve, activation_curve
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.states import RUNNING_STATUSES


class CurvePointSchema(TypedDict):
    """So many hubs had, or will have, activated by this moment."""

    at: datetime
    hubs: Count


class CurveSchema(TypedDict):
    """What was, and what the plan and the present pace come to."""

    rollout_id: Id
    points: list[CurvePointSchema]
    forecast: list[CurvePointSchema]
    total: Count
    left_out: Count
    overdue: Count
    deadline: datetime


class CurveView(ResourceView):
    """The curve of a rollout."""

    tag = "Rollouts"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("getActivationCurve", "Read the activation curve", returns=schema_reference(CurveSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Return how many hubs had activated by when, and when the rest will; a Supplier's own only."""
        now = clock.now()
        shown = rollout_page(self.scope, rollout_id, now=now)
        if shown.flight.notified_at is None:
            raise NotFound("Nothing has been published yet.")
        curve = activation_curve(
            self.scope,
            rollout_id,
            progress=shown.progress,
            plan=shown.plan,
            notified_at=shown.flight.notified_at,
            automatic_at=shown.flight.automatic_at,
            is_halted=shown.flight.status not in RUNNING_STATUSES,
            now=now,
        )
        return Response(_curve(rollout_id, curve))


def _curve(rollout_id: int, curve: ActivationCurve) -> CurveSchema:
    return {
        "rollout_id": rollout_id,
        "points": [{"at": point.at, "hubs": point.value} for point in curve.points],
        "forecast": [{"at": point.at, "hubs": point.value} for point in curve.forecast],
        "total": curve.total,
        "left_out": curve.left_out,
        "overdue": curve.overdue,
        "deadline": curve.deadline,
    }
