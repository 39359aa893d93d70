"""Rollouts: the list, one of them whole, its Release Notes, and what happens if nobody does more."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.paging import keyed
from portal.kernel.versions import version_of
from portal.rest.fields import EnumField, EnumListField, IdField, OffsetDateTimeField, StrictSerializer
from portal.rest.idempotency import idempotent
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, cursor_of, id_after, page, wanted_members
from portal.rest.schemas import list_of, page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.rollouts import plan_schemas as plans
from rollouts.api.rollouts import schemas as documents
from rollouts.queries.rollouts.available import available_rollouts, preview, release_notes
from rollouts.queries.rollouts.drafts import draft_fields
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.states import ConsentPolicy, Priority, ReleaseKind, RolloutStatus, Severity

_LONGEST_TEXT = 4_000
_DRAFT_EXAMPLE = {
    "name": "Toshiba 0C230000",
    "cpl_entry_id": 42,
    "kind": "SEC_RELEASE",
    "severity": "MAJOR",
    "priority": "P2",
    "automatic_at": "2027-03-15T02:00:00Z",
    "release_note_url": "https://notes.example/1",
}
_DATES = ("AUTOMATIC_TOO_LATE", "AUTOMATIC_NOT_AHEAD", "PILOT_DATES", "bad_input")


class RolloutsQuery(PageQuery):
    """Which rollouts."""

    status = EnumListField(RolloutStatus, required=False, help_text="In one of these states, between commas.")


class DraftSerializer(StrictSerializer):
    """A rollout to be published."""

    name = serializers.CharField(max_length=120)
    cpl_entry_id = IdField()
    kind = EnumField(ReleaseKind)
    severity = EnumField(Severity)
    priority = EnumField(Priority)
    automatic_at = OffsetDateTimeField()
    is_all_at_once = serializers.BooleanField(
        required=False,
        help_text="Where the date leaves no window: all hubs activate in that minute. Else in the hours of "
        "activation from then on.",
    )
    release_note_url = serializers.URLField(required=False, max_length=500)
    consent_policy = EnumField(ConsentPolicy, required=False)
    has_pilot = serializers.BooleanField(required=False)
    pilot_cap = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    pilot_starts_at = OffsetDateTimeField(required=False, allow_null=True, help_text="Planned.")
    pilot_ends_at = OffsetDateTimeField(required=False, allow_null=True, help_text="Planned.")
    description = serializers.CharField(required=False, allow_blank=True, max_length=_LONGEST_TEXT)
    unreachable_until = OffsetDateTimeField(required=False, allow_null=True)


class NoteSerializer(StrictSerializer):
    """A revision of a Release Note."""

    url = serializers.URLField(max_length=500)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class RolloutListView(ResourceView):
    """The rollouts you may know of."""

    tag = "Rollouts"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation(
        "listRollouts",
        "List rollouts",
        query=[RolloutsQuery],
        returns=page_of(documents.RolloutRowSchema),
    )
    def get(self, request: Request) -> Response:
        """List the rollouts your organisation may know of, the newest first, with what you may do by when."""
        query = self.validated_query(RolloutsQuery)
        cursors = keyed("rollouts", self.scope.organisation_id)
        wanted = wanted_members(query["fields"], documents.RolloutRowSchema)
        rollouts = available_rollouts(
            self.scope,
            now=clock.now(),
            statuses=query.get("status", ()),
            before=id_after(query["after"], of=cursors),
            size=query["limit"],
        )
        following = cursor_of(rollouts.next, of=cursors)
        return Response(
            page(request, rollouts.items, documents.rollout_row, following=following, wanted=wanted)
        )

    @operation(
        "draftRollout",
        "Draft a rollout",
        status=201,
        body=DraftSerializer,
        example=_DRAFT_EXAMPLE,
        returns=schema_reference(documents.RolloutSchema),
        refuses=_DATES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Record a rollout to be published. Only the DCC sees it until then."""
        body = self.validated_body(DraftSerializer)
        now = clock.now()
        drafted = services.draft_rollout(self.scope, now=now, **body)
        shown = documents.rollout(rollout_page(self.scope, drafted.pk, now=now))
        return Response(shown, status=201, headers={"Location": reverse("api:rollout", args=[drafted.pk])})


class RolloutDetailView(ResourceView):
    """One rollout."""

    tag = "Rollouts"
    needs: ClassVar[Any] = {
        "GET": ApiScope.ROLLOUTS_READ,
        "PATCH": ApiScope.ROLLOUTS_WRITE,
        "DELETE": ApiScope.ROLLOUTS_WRITE,
    }
    polled = True

    @operation("getRollout", "Read a rollout", returns=schema_reference(documents.RolloutSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Read everything about a rollout, counted over your own hubs."""
        return Response(self._document(rollout_id))

    @operation(
        "reviseDraft",
        "Change a draft",
        body=DraftSerializer,
        example={"automatic_at": "2027-04-15T02:00:00Z"},
        returns=schema_reference(documents.RolloutSchema),
        refuses=(*_DATES, "step_refused"),
    )
    def patch(self, request: Request, rollout_id: int) -> Response:
        """Change what is named of a draft; what is not named stays. Send `If-Match` to overwrite nobody."""
        body = self.validated_body(DraftSerializer, is_partial=True)
        expected = None
        if request.headers.get("If-Match"):
            expected = version_of(draft_fields(self.scope, rollout_id))
            self.check_unchanged(self._document(rollout_id))
        services.revise_draft(self.scope, rollout_id=rollout_id, now=clock.now(), expected=expected, **body)
        return Response(self._document(rollout_id))

    @operation("discardDraft", "Discard a draft", status=204, refuses=("step_refused",))
    def delete(self, request: Request, rollout_id: int) -> Response:
        """Throw a draft away for good; what has been published is revoked instead."""
        services.discard_draft(self.scope, rollout_id=rollout_id, now=clock.now())
        return Response(status=204)

    def _document(self, rollout_id: int) -> documents.RolloutSchema:
        return documents.rollout(rollout_page(self.scope, rollout_id, now=clock.now()))


class DraftPreviewView(ResourceView):
    """What publishing a draft would do."""

    tag = "Rollouts"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation(
        "previewDraft", "See what publishing would do", returns=schema_reference(documents.PreviewSchema)
    )
    def get(self, request: Request, rollout_id: int) -> Response:
        """Return what publishing a draft now would do, and what stands against it. Changes nothing."""
        draft_fields(self.scope, rollout_id)
        return Response(documents.preview(preview(self.scope, rollout_id=rollout_id, now=clock.now())))


class ReleaseNoteListView(ResourceView):
    """The Release Note of a rollout, every revision of it."""

    tag = "Rollouts"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation("listReleaseNotes", "List release notes", returns=list_of(documents.ReleaseNoteRevisionSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """List every revision of the Release Note, the latest first."""
        notes = release_notes(self.scope, rollout_id=rollout_id)
        return Response({"items": [documents.release_note(note) for note in notes]})

    @operation(
        "reviseReleaseNote",
        "Publish a release note",
        status=201,
        body=NoteSerializer,
        example={"url": "https://notes.example/2", "summary": "Adds the known issue with meters of model M."},
        returns=schema_reference(documents.ReleaseNoteRevisionSchema),
        refuses=("step_refused", "bad_input"),
    )
    @idempotent
    def post(self, request: Request, rollout_id: int) -> Response:
        """Publish a revision of the Release Note. Earlier ones are kept; everybody concerned is told."""
        body = self.validated_body(NoteSerializer)
        services.revise_release_note(self.scope, rollout_id=rollout_id, now=clock.now(), **body)
        latest = release_notes(self.scope, rollout_id=rollout_id)[0]
        location = reverse("api:release-notes", args=[rollout_id])
        return Response(documents.release_note(latest), status=201, headers={"Location": location})


class ForecastView(ResourceView):
    """If you do nothing."""

    tag = "Rollouts"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("getForecast", "If you do nothing", returns=schema_reference(plans.ForecastSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Return which of your hubs activate on which day, and because of what, if you do nothing more."""
        shown = rollout_page(self.scope, rollout_id, now=clock.now())
        return Response(plans.forecast(rollout_id, shown.plan))


class ConsentView(ResourceView):
    """The state of consent."""

    tag = "Rollouts"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("getConsent", "Read consent status", returns=schema_reference(plans.ConsentStatusSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Count your hubs by whose answer is awaited. Who a second Supplier is, nobody learns."""
        shown = rollout_page(self.scope, rollout_id, now=clock.now())
        return Response(plans.consent_status(rollout_id, shown.plan))
