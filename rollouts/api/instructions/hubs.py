"""The hubs of an instruction, and where each of them stands."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from portal.identity.api_scopes import ApiScope
from portal.rest.operations import operation
from portal.rest.paging import PageQuery
from portal.rest.responses import CSV, NDJSON, CsvRenderer, JsonRenderer, NdjsonRenderer
from portal.rest.schemas import page_of
from portal.rest.views import ResourceView
from rollouts.api.estate.rollout_hub_schemas import EligibleHubRowSchema
from rollouts.api.estate.rollout_hubs import report
from rollouts.queries.instructions.receipts import own_instruction
from rollouts.queries.rollouts.eligibility import EligibleFilter


class InstructionHubListView(ResourceView):
    """What was accepted of an instruction."""

    tag = "Instructions"
    needs = ApiScope.INSTRUCTIONS_READ
    renderer_classes = (JsonRenderer, CsvRenderer, NdjsonRenderer)

    @operation(
        "listInstructionHubs",
        "List what was accepted",
        query=[PageQuery],
        returns=page_of(EligibleHubRowSchema),
        files={CSV: "All of them, in columns.", NDJSON: "All of them, a line each."},
    )
    def get(self, request: Request, instruction: str) -> HttpResponseBase:
        """List the hubs this instruction counts for, in GUID order, and where each stands now.

        A hub you have answered for again since is listed with the later instruction, and one you are no
        longer responsible for with none. As CSV or NDJSON all of them are streamed.
        """
        query = self.validated_query(PageQuery)
        given = own_instruction(self.scope, instruction)
        whose: dict[str, Any] = {
            "rollout_id": given.rollout_id,
            "wanted": EligibleFilter(instruction_id=given.pk),
        }
        return report(self.scope, request, whose, query, name=f"instruction-{instruction}-hubs")
