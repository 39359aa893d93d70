"""Instructions: give one, in JSON, CSV or NDJSON; see what would come of it; read what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

import orjson
from django.http import HttpResponseBase
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from portal.kernel.working_days import local_day
from portal.rest.fields import (
    EnumField,
    IdField,
    JsonObjectField,
    OffsetDateTimeField,
    StrictSerializer,
)
from portal.rest.idempotency import LONGEST_KEY, KeyReused, key_of
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page
from portal.rest.references import ReferenceField
from portal.rest.responses import (
    CSV,
    NDJSON,
    CsvRenderer,
    JsonRenderer,
    NdjsonRenderer,
    file_response,
)
from portal.rest.schemas import page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.estate.hub_lists import BODIES, LISTS_DESCRIBED, guids_in, hub_list, listed_in
from rollouts.api.instructions import schemas as documents
from rollouts.api.refusals import NOT_OPEN
from rollouts.queries.dispatch.hours import night_hours
from rollouts.queries.instructions.choices import HubChoice, guids_by_rule, own_guids
from rollouts.queries.instructions.receipts import (
    ReceiptFilter,
    receipt,
    receipts,
    refused_lines,
    refused_page,
)
from rollouts.queries.instructions.refused_files import refused_csv, refused_ndjson
from rollouts.queries.rules.selections import selection_rules
from rollouts.services import HubList
from rollouts.states import BatchKind, Channel, InstructionKind

SHOWN: Final = 1_000
_HEADER: Final = "guid,line,reason,what_it_means,detail,sheet"
_REFUSED: Final = (
    "not_found",
    "instruction_refused",
    "no_hubs",
    "time_not_wanted",
    "too_long",
    "bad_input",
    "invalid_criteria",
    "unreadable_file",
    "AFTER_CUTOFF",
    "TIME_NOT_EARLIER",
    "TIME_PASSED",
    *NOT_OPEN,
    "idempotency_key_reused",
)


class DryRunQuery(StrictSerializer):
    """Whether to do it."""

    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Say what would come of it, and change nothing."
    )


class ListQuery(DryRunQuery):
    """What is said of the hubs in a CSV or NDJSON body; of a JSON body it may be said here or there."""

    kind = EnumField(InstructionKind, required=False, default=InstructionKind.INSTRUCT)
    activate_at = OffsetDateTimeField(
        required=False, help_text="Left out: no preference. With `AGREE`, the time agreed with."
    )
    group = EnumField(BatchKind, required=False, help_text="Which hubs may be named; left out: any.")
    batch_id = IdField(required=False)
    name = serializers.CharField(required=False, max_length=80, help_text="Your own name for it.")


class SampleRuleSerializer(StrictSerializer):
    """Conditions, and a sample drawn from what meets them."""

    tree = JsonObjectField(described_as="Criteria", help_text="Conditions on hubs.")
    sample = JsonObjectField(described_as="Sample", required=False, allow_null=True)


class NewInstructionSerializer(StrictSerializer):
    """What you say about which of your hubs: `guids`, `which`, `rule` or `selection_rule_id`, one of them."""

    kind = EnumField(InstructionKind)
    activate_at = OffsetDateTimeField(
        required=False,
        allow_null=True,
        help_text="Null or left out: no preference. With `AGREE`, the time agreed with: hubs whose time is"
        " another by now are refused (`AGREED_TIME_CHANGED`); left out, whatever stands.",
    )
    guids = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        max_length=1_000_000,
        help_text="Up to a million GUIDs, in any spelling.",
    )
    which = serializers.ChoiceField(
        choices=[which.value for which in HubChoice],
        required=False,
        help_text="`waiting`: all that wait for your answer; `second`: those the second one has instructed;"
        " `all`: all that can still be changed; `answered`: all you have answered for.",
    )
    rule = SampleRuleSerializer(required=False)
    selection_rule_id = ReferenceField("selection_rule", required=False, help_text="A saved rule of yours.")
    group = EnumField(
        BatchKind, required=False, allow_null=True, help_text="Which hubs may be named; null: any."
    )
    batch_id = IdField(required=False, allow_null=True)
    name = serializers.CharField(required=False, allow_blank=True, max_length=80)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An instruction as it was asked for."""

    source: HubList
    body: Mapping[str, Any]
    rule_version_id: int | None = None

    @property
    def order(self) -> dict[str, Any]:
        """What is said of the hubs; the name is for people."""
        return {key: value for key, value in self.body.items() if key != "name"}


class NewInstructionsView(ResourceView):
    """Where instructions for the hubs of a rollout are given."""

    tag = "Instructions"
    needs: ClassVar[Any] = {"POST": ApiScope.INSTRUCTIONS_WRITE}
    parser_classes = BODIES

    @operation(
        "giveInstruction",
        "Instruct",
        status=201,
        query=[ListQuery],
        body={
            "application/json": NewInstructionSerializer,
            **LISTS_DESCRIBED,
        },
        example={
            "kind": "INSTRUCT",
            "activate_at": "2027-02-01T02:00:00Z",
            "guids": ["00-DB-12-34-56-78-9A-BC"],
        },
        returns=schema_reference(documents.InstructionSchema),
        also={
            202: schema_reference(documents.InstructionSchema),
            200: schema_reference(documents.DryRunSchema),
        },
        refuses=_REFUSED,
    )
    def post(self, request: Request, rollout_id: int) -> Response:
        """Instruct, agree, decline or withdraw, for hubs of yours; for others of the list you get the reason.

        201 with the whole result when it was quick (up to 100,000 hubs), 202 when the list is still being
        applied: follow `Location`. Received is when the last byte has arrived; processing never makes it
        late. The same `Idempotency-Key` with the same instruction gives the same receipt again.
        """
        query = self.validated_query(ListQuery)
        key = key_of(request)
        data = request.data
        received_at = clock.now()
        wanted = self._wanted(rollout_id, data, query, now=received_at)
        times: dict[str, Any] = {"received_at": received_at, "now": received_at}
        if query["dry_run"]:
            verdict = services.check_instruction(
                self.scope, rollout_id=rollout_id, source=wanted.source, **wanted.order, **times
            )
            nights = night_hours(self.scope, rollout_id=rollout_id, now=received_at)
            return Response(documents.dry_run(verdict, nights, activate_at=wanted.order.get("activate_at")))
        return self._given(key, rollout_id, wanted, times)

    post.takes_key = True  # type: ignore[attr-defined]  # kept with the instruction itself

    def _given(self, key: str, rollout_id: int, wanted: _Wanted, times: Mapping[str, Any]) -> Response:
        try:
            taken = services.receive_instruction(
                self.scope,
                rollout_id=rollout_id,
                source=wanted.source,
                channel=Channel.REST,
                name=wanted.body.get("name", ""),
                rule_version_id=wanted.rule_version_id,
                idempotency_key=key,
                **wanted.order,
                **times,
            )
        except services.IdempotencyKeyReused as refusal:
            raise KeyReused(refusal.message) from refusal
        shown = _shown(self.scope, taken.reference)
        headers = {"Location": reverse("api:instruction", args=[taken.reference])}
        if taken.is_repeat:
            headers["Idempotent-Replayed"] = "true"
        return Response(shown, status=201 if taken.is_finished else 202, headers=headers)

    def _wanted(self, rollout_id: int, data: Any, query: Mapping[str, Any], *, now: datetime) -> _Wanted:
        if (listed := listed_in(self.request)) is not None:
            names = ("kind", "activate_at", "group", "batch_id", "name")
            return _Wanted(listed, _order({name: query.get(name) for name in names}))
        if isinstance(data, dict):
            data = self.body_with_query(data, query, as_in=NewInstructionSerializer)
        guids = guids_in(data)
        read = NewInstructionSerializer(data={**data, "guids": []} if guids is not None else data)
        read.is_valid(raise_exception=True)
        body = dict(read.validated_data)
        body.pop("guids", None)
        chosen = {name: body.pop(name) for name in ("which", "rule", "selection_rule_id") if name in body}
        if len(chosen) + (guids is not None) != 1:
            raise ValidationError("Name the hubs in one way: guids, which, rule or selection_rule_id.")
        if guids is not None:
            return _Wanted(hub_list(guids), _order(body))
        source, version = _chosen(self.scope, rollout_id, chosen, body.get("batch_id"), now=now)
        # The key stands for what was asked: what it chooses changes as hubs are answered for.
        digest = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).digest()
        return _Wanted(HubList.from_stored(source, digest=digest), _order(body), version)


class InstructionListView(ResourceView):
    """Your instructions."""

    tag = "Instructions"
    needs = ApiScope.INSTRUCTIONS_READ
    polled = True

    class Query(PageQuery):
        """Which instructions."""

        rollout_id = IdField(required=False, help_text="Of this rollout only.")
        name = serializers.CharField(required=False, max_length=80, help_text="Which you gave this name.")
        idempotency_key = serializers.CharField(
            required=False, max_length=LONGEST_KEY, help_text="Which came with this `Idempotency-Key`."
        )
        since = OffsetDateTimeField(required=False, help_text="Received from then on.")
        until = OffsetDateTimeField(required=False, help_text="Received before.")

        @staticmethod
        def wanted(query: Mapping[str, Any]) -> ReceiptFilter:
            """Return the requested filter."""
            of_pages = {"limit", "after", "fields"}
            return ReceiptFilter(**{name: value for name, value in query.items() if name not in of_pages})

    @operation(
        "listInstructions",
        "List instructions",
        query=[Query],
        returns=page_of(documents.InstructionRowSchema),
    )
    def get(self, request: Request) -> Response:
        """List your organisation's own instructions, the latest first, from every channel."""
        query = self.validated_query(self.Query)
        instructions = receipts(
            self.scope,
            wanted=self.Query.wanted(query),
            cursor=query["after"],
            size=query["limit"],
        )
        return Response(
            page(request, instructions.items, documents.instruction_row, following=instructions.next)
        )


class InstructionDetailView(ResourceView):
    """One instruction."""

    tag = "Instructions"
    needs = ApiScope.INSTRUCTIONS_READ
    polled = True

    @operation("getInstruction", "Read an instruction", returns=schema_reference(documents.InstructionSchema))
    def get(self, request: Request, instruction: str) -> Response:
        """Read what became of one of your instructions; `finished_at` is null while it is being applied."""
        return Response(_shown(self.scope, instruction))


class RejectionListView(ResourceView):
    """What was not taken of an instruction."""

    tag = "Instructions"
    needs = ApiScope.INSTRUCTIONS_READ
    renderer_classes = (JsonRenderer, CsvRenderer, NdjsonRenderer)

    @operation(
        "listRejections",
        "List what was not taken",
        query=[PageQuery],
        returns=page_of(documents.RejectionSchema),
        files={CSV: "All of them, in columns.", NDJSON: "All of them, a line each."},
    )
    def get(self, request: Request, instruction: str) -> HttpResponseBase:
        """List the lines that were not taken, each with its reason; as CSV or NDJSON all of them at once.

        The file can be corrected and sent again.
        """
        query = self.validated_query(PageQuery)
        wanted = getattr(request, "accepted_renderer", None)
        if isinstance(wanted, CsvRenderer | NdjsonRenderer):
            return _file(self.scope, instruction, is_csv=isinstance(wanted, CsvRenderer))
        rejections = refused_page(self.scope, instruction, after=query["after"], size=query["limit"])
        return Response(page(request, rejections.items, documents.rejection, following=rejections.next))


def _order(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not said; a group or a batch that was not named is any."""
    order = {name: value for name, value in body.items() if value not in {None, ""}}
    return {"group": None, **order}


def _chosen(
    scope: Scope, rollout_id: int, chosen: Mapping[str, Any], batch_id: int | None, *, now: datetime
) -> tuple[Any, int | None]:
    if "which" in chosen:
        which = HubChoice(chosen["which"])
        return own_guids(scope, rollout_id=rollout_id, which=which, batch_id=batch_id), None
    rule, version = chosen.get("rule"), None
    if rule is None:
        saved = next(
            (each for each in selection_rules(scope) if each.id == chosen["selection_rule_id"]), None
        )
        if saved is None:
            raise NotFound("There is no such rule.")
        rule, version = {"tree": saved.tree, "sample": saved.sample}, saved.version_id
    return (
        guids_by_rule(
            scope, rollout_id=rollout_id, tree=rule["tree"], sample=rule.get("sample"), as_of=local_day(now)
        ),
        version,
    )


def _shown(scope: Scope, reference_: str) -> documents.InstructionSchema:
    stored = receipt(scope, reference_).receipt
    lines = refused_lines(scope, reference_, most=SHOWN) if stored.rejected else []
    return documents.instruction(
        stored, lines, rejections_url=reverse("api:rejections", args=[stored.reference])
    )


def _file(scope: Scope, reference_: str, *, is_csv: bool) -> HttpResponseBase:
    name = f"instruction-{reference_}-not-accepted"
    if not is_csv:
        return file_response(refused_ndjson(scope, reference_), kind=NDJSON, name=f"{name}.ndjson")
    return file_response(refused_csv(scope, reference_, header=_HEADER), kind=CSV, name=f"{name}.csv")
