"""Rules by which a Supplier chooses hubs: saved, versioned, tried out."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from portal.rest.fields import IdField, JsonObjectField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.schemas import list_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.rules import criteria_schemas  # noqa: F401 - describes what rules hold
from rollouts.api.rules import schemas as documents
from rollouts.queries.rules.selections import preview_selection, rule_versions, selection_rules

_TREE = "Conditions on hubs: see `docs/reference/api.md`."
_SAMPLE = "`size`, `strata` and `seed`; null or left out: every hub that meets the conditions."
_RULE = {
    "tree": {"all": [{"field": "region", "op": "in", "value": ["NORTH"]}]},
    "sample": {"size": 100, "strata": ["region", "version"], "seed": 7},
}


class ChoiceSerializer(StrictSerializer):
    """Conditions and a sample."""

    tree = JsonObjectField(described_as="Criteria", help_text=_TREE)
    sample = JsonObjectField(described_as="Sample", required=False, allow_null=True, help_text=_SAMPLE)


class PreviewedChoiceSerializer(ChoiceSerializer):
    """The same, and among whose hubs."""

    supplier_id = IdField(required=False, help_text="For the DCC: among the hubs of one Supplier.")


class NamedChoiceSerializer(ChoiceSerializer):
    """The same under a name."""

    name = serializers.CharField(max_length=80)


class SelectionPreviewView(ResourceView):
    """What conditions would choose."""

    tag = "Selection rules"
    needs = ApiScope.RULES_READ

    @operation(
        "previewSelection",
        "Try conditions out",
        body=PreviewedChoiceSerializer,
        example=_RULE,
        returns=schema_reference(documents.SelectionSchema),
        refuses=("invalid_criteria",),
    )
    def post(self, request: Request, rollout_id: int) -> Response:
        """Return what conditions and a sample would choose of your hubs in a rollout. Changes nothing."""
        body = self.validated_body(PreviewedChoiceSerializer)
        chosen = preview_selection(self.scope, rollout_id=rollout_id, now=clock.now(), **body)
        return Response(documents.selection(chosen))


class RuleToSaveSerializer(NamedChoiceSerializer):
    """A rule, its name, and the version it was made from."""

    made_from = IdField(required=False, help_text="The version you read.")


class SelectionRuleListView(ResourceView):
    """Your selection rules."""

    tag = "Selection rules"
    needs: ClassVar[Any] = {"GET": ApiScope.RULES_READ, "POST": ApiScope.RULES_WRITE}
    polled = True

    @operation("listSelectionRules", "List selection rules", returns=list_of(documents.SelectionRuleSchema))
    def get(self, request: Request) -> Response:
        """List your organisation's own rules by name, each as it now stands."""
        return Response({"items": [documents.selection_rule(rule) for rule in selection_rules(self.scope)]})

    @operation(
        "saveSelectionRule",
        "Save a selection rule",
        status=201,
        body=RuleToSaveSerializer,
        example={"name": "Spread over regions", **_RULE},
        returns=schema_reference(documents.SavedVersionSchema),
        refuses=("invalid_criteria", "bad_input", "precondition_failed"),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Save a rule under a name: a new version where it means something new, else the one there is.

        With `made_from`, the version you read, it is refused where there is a later one by now.
        """
        body = self.validated_body(RuleToSaveSerializer)
        expected = body.pop("made_from", None)
        version = services.save_rule(self.scope, now=clock.now(), expected=expected, **body)
        return documents.saved_version(version, kind="selection_rule", address="api:selection-rule")


class SelectionRuleDetailView(ResourceView):
    """One of your selection rules."""

    tag = "Selection rules"
    needs: ClassVar[Any] = {"GET": ApiScope.RULES_READ, "DELETE": ApiScope.RULES_WRITE}
    polled = True

    @operation("getSelectionRule", "Read a selection rule", returns=list_of(documents.SelectionRuleSchema))
    def get(self, request: Request, rule_id: int) -> Response:
        """List every version of one of your rules, the latest first."""
        versions = rule_versions(self.scope, rule_id=rule_id)
        if not versions:
            raise NotFound("There is no such rule.")
        return Response({"items": [documents.selection_rule(rule) for rule in versions]})

    @operation("archiveSelectionRule", "Archive a selection rule", status=204)
    def delete(self, request: Request, rule_id: int) -> Response:
        """Take a rule out of the lists; its versions stay, for what was chosen by them."""
        services.archive_rule(self.scope, rule_id=rule_id, now=clock.now())
        return Response(status=204)
