"""Updates: the list, one of them whole, its Release Notes, and what happens if nobody does more."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.rest.describing import operation
from portal.rest.fields import IdField, Moment, Said, Word
from portal.rest.once import once
from portal.rest.paging import PageQuery, cursor_of, id_after, page, wanted_members
from portal.rest.shapes import list_of, page_of, reference
from portal.rest.views import Resource
from rollouts import services
from rollouts.api.rollouts import plan_schemas as plans
from rollouts.api.rollouts import schemas as documents
from rollouts.queries.rollouts.available import available_updates, preview, release_notes
from rollouts.queries.rollouts.drafts import draft_fields
from rollouts.queries.rollouts.rollout import update_page
from rollouts.states import ConsentPolicy, Priority, ReleaseKind, Severity

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
_DATES = ("AUTOMATIC_TOO_LATE", "AUTOMATIC_NOT_AHEAD", "bad_input")


class RolloutsQuery(PageQuery):
    """Which updates."""


class Draft(Said):
    """An update to be published."""

    name = serializers.CharField(max_length=120)
    cpl_entry_id = IdField()
    kind = Word(ReleaseKind)
    severity = Word(Severity)
    priority = Word(Priority)
    automatic_at = Moment()
    release_note_url = serializers.URLField(required=False, max_length=500)
    consent_policy = Word(ConsentPolicy, required=False)
    has_pilot = serializers.BooleanField(required=False)
    pilot_cap = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    description = serializers.CharField(required=False, allow_blank=True, max_length=_LONGEST_TEXT)
    unreachable_until = Moment(required=False, allow_null=True)


class Note(Said):
    """A revision of a Release Note."""

    url = serializers.URLField(max_length=500)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class Rollouts(Resource):
    """The updates you may know of."""

    tag = "Updates"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation(
        "listRollouts",
        "List updates",
        query=[RolloutsQuery],
        returns=page_of(documents.RolloutRow),
    )
    def get(self, request: Request) -> Response:
        """List the updates your organisation may know of, the newest first, with what you may do by when."""
        asked = self.asked(RolloutsQuery)
        wanted = wanted_members(asked["fields"], documents.RolloutRow)
        found = available_updates(
            self.scope, now=clock.now(), before=id_after(asked["after"]), size=asked["limit"]
        )
        following = cursor_of(found.next)
        return Response(page(request, found.items, documents.rollout_row, following=following, wanted=wanted))

    @operation(
        "draftRollout",
        "Draft an update",
        status=201,
        body=Draft,
        example=_DRAFT_EXAMPLE,
        returns=reference(documents.Rollout),
        refuses=_DATES,
    )
    @once
    def post(self, request: Request) -> Response:
        """Write down an update to be published. Only the DCC sees it until then."""
        said = self.said(Draft)
        now = clock.now()
        drafted = services.draft_rollout(self.scope, now=now, **said)
        shown = documents.rollout(update_page(self.scope, drafted.pk, now=now))
        return Response(shown, status=201, headers={"Location": reverse("api:rollout", args=[drafted.pk])})


class RolloutOne(Resource):
    """One update."""

    tag = "Updates"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "PATCH": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation("getRollout", "Read an update", returns=reference(documents.Rollout))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Read everything about an update, counted over your own hubs."""
        return Response(self._document(rollout_id))

    @operation(
        "reviseDraft",
        "Change a draft",
        body=Draft,
        example={"automatic_at": "2027-04-15T02:00:00Z"},
        returns=reference(documents.Rollout),
        refuses=(*_DATES, "step_refused"),
    )
    def patch(self, request: Request, rollout_id: int) -> Response:
        """Change what is named of a draft; what is not named stays. Send `If-Match` to overwrite nobody."""
        said = self.said(Draft, is_partial=True)
        if request.headers.get("If-Match"):
            self.check_unchanged(self._document(rollout_id))
        services.revise_draft(self.scope, rollout_id=rollout_id, now=clock.now(), **said)
        return Response(self._document(rollout_id))

    def _document(self, rollout_id: int) -> documents.Rollout:
        return documents.rollout(update_page(self.scope, rollout_id, now=clock.now()))


class DraftPreview(Resource):
    """What publishing a draft would do."""

    tag = "Updates"
    needs = ApiScope.ROLLOUTS_WRITE

    @operation("previewDraft", "See what publishing would do", returns=reference(documents.Preview))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Say what publishing a draft now would do, and what stands against it. Changes nothing."""
        draft_fields(self.scope, rollout_id)
        return Response(documents.preview(preview(self.scope, rollout_id=rollout_id, now=clock.now())))


class ReleaseNotes(Resource):
    """The Release Note of an update, every revision of it."""

    tag = "Updates"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation("listReleaseNotes", "List release notes", returns=list_of(documents.ReleaseNoteRevision))
    def get(self, request: Request, rollout_id: int) -> Response:
        """List every revision of the Release Note, the latest first."""
        notes = release_notes(self.scope, rollout_id=rollout_id)
        return Response({"items": [documents.release_note(note) for note in notes]})

    @operation(
        "reviseReleaseNote",
        "Publish a release note",
        status=201,
        body=Note,
        example={"url": "https://notes.example/2", "summary": "Adds the known issue with meters of model M."},
        returns=reference(documents.ReleaseNoteRevision),
        refuses=("step_refused", "bad_input"),
    )
    @once
    def post(self, request: Request, rollout_id: int) -> Response:
        """Publish a revision of the Release Note. Earlier ones are kept; everybody concerned is told."""
        said = self.said(Note)
        services.revise_release_note(self.scope, rollout_id=rollout_id, now=clock.now(), **said)
        latest = release_notes(self.scope, rollout_id=rollout_id)[0]
        location = reverse("api:release-notes", args=[rollout_id])
        return Response(documents.release_note(latest), status=201, headers={"Location": location})


class Forecast(Resource):
    """If you do nothing."""

    tag = "Updates"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("getForecast", "If you do nothing", returns=reference(plans.Forecast))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Say which of your hubs activate on which day, and because of what, if you do nothing more."""
        shown = update_page(self.scope, rollout_id, now=clock.now())
        return Response(plans.forecast(rollout_id, shown.plan))


class Consent(Resource):
    """Whose answers are in."""

    tag = "Updates"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("getConsent", "Read consent status", returns=reference(plans.ConsentStatus))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Say for how many of your hubs whose answer is awaited. Who a second Supplier is, nobody is told."""
        shown = update_page(self.scope, rollout_id, now=clock.now())
        return Response(plans.consent_status(rollout_id, shown.plan))
