"""The inbox: what the organisation was told, in words, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypedDict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import queries, services
from notifications.models import Reader
from portal.events.kinds import KINDS_BY_PUBLIC_NAME, EntryKind
from portal.events.topics import MUTABLE_KINDS
from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.references import PATTERN
from portal.kernel.refusals import NotPermitted
from portal.kernel.versions import version_of
from portal.rest.fields import IdField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, page
from portal.rest.schemas import AllowedNames, Example, page_of, schema_reference
from portal.rest.views import ResourceView, versioned_response

_IDENT: Final = "7PECN5H6T7BVG"


class NoticeSchema(TypedDict):
    """One notice to your organisation."""

    id: Annotated[str, Example(_IDENT)]
    at: datetime
    title: Annotated[str, Example("Toshiba 0C230000: the pilot has ended")]
    text: Annotated[str, Example("60 of 60 hubs activated.")]
    tone: Annotated[str, Example("neutral")]
    is_unread: Annotated[bool, "By the person who asks; of a system, always."]


class SeenUpToSerializer(StrictSerializer):
    """The newest notice that was seen."""

    up_to = serializers.RegexField(f"^{PATTERN}$", help_text="The `id` of the notice.")


class NoticePreferencesSchema(TypedDict):
    """When a person is mailed, and what they have muted."""

    mail: Annotated[str, AllowedNames(Reader.Mail)]
    muted_kinds: Annotated[
        list[str], "Kinds of events of which they are not mailed.", Example(["pilot.progress"])
    ]
    muted_rollouts: Annotated[list[int], "Of these rollouts they are mailed urgent notices alone."]


class NoticePreferencesInputSerializer(StrictSerializer):
    """When the person wants mail, and of what they want to hear nothing."""

    mail = serializers.ChoiceField(choices=Reader.Mail.values)
    muted_kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(kind.public_name for kind in MUTABLE_KINDS)),
        required=False,
        max_length=len(MUTABLE_KINDS),
        help_text="Left out, they stay as they are. Urgent kinds cannot be muted.",
    )
    muted_rollouts = serializers.ListField(
        child=IdField(),
        required=False,
        max_length=services.MOST_MUTED,
        help_text="Left out, they stay as they are.",
    )


class InboxView(ResourceView):
    """The inbox."""

    tag = "Notices"
    needs = ApiScope.NOTICES_READ
    polled = True

    @operation("listNotifications", "List notices", query=[PageQuery], returns=page_of(NoticeSchema))
    def get(self, request: Request) -> Response:
        """List what your organisation was told in words; the same happenings are in the feed as data."""
        query = self.validated_query(PageQuery)
        notices = queries.inbox(self.scope, cursor=query["after"], size=query["limit"])
        return Response(page(request, notices.items, _notice, following=notices.next))


class SeenView(ResourceView):
    """What a person has seen of the inbox."""

    tag = "Notices"
    needs: ClassVar[Any] = {"POST": ApiScope.NOTICES_READ}

    @operation(
        "markNotificationsSeen",
        "Mark notices as seen",
        status=204,
        body=SeenUpToSerializer,
        example={"up_to": _IDENT},
        refuses=("bad_input",),
    )
    def post(self, request: Request) -> Response:
        """Mark everything up to a notice as seen by the person who asks; a system has no mark of its own."""
        body = self.validated_body(SeenUpToSerializer)
        if self.scope.user_id is None:
            raise NotPermitted("People mark notices as seen. A system keeps the cursor of the feed.")
        services.mark_seen(self.scope, up_to=body["up_to"])
        return Response(status=204)


class PreferencesView(ResourceView):
    """When a person is mailed."""

    tag = "Notices"
    needs: ClassVar[Any] = {"GET": ApiScope.NOTICES_READ, "PUT": ApiScope.NOTICES_READ}
    versioned = True

    @operation(
        "getNoticePreferences",
        "Read when notices are mailed",
        returns=schema_reference(NoticePreferencesSchema),
    )
    def get(self, request: Request) -> Response:
        """Read when the person who asks is mailed; a system reads the inbox or follows the feed."""
        self._check_person()
        return self._answer()

    @operation(
        "setNoticePreferences",
        "Choose when notices are mailed",
        body=NoticePreferencesInputSerializer,
        refuses=("bad_input",),
        example={"mail": "DAILY", "muted_kinds": ["pilot.progress"]},
        returns=schema_reference(NoticePreferencesSchema),
    )
    def put(self, request: Request) -> Response:
        """Choose when the person who asks is mailed (soon, once a day, or never), and mute kinds."""
        self._check_person()
        body = self.validated_body(NoticePreferencesInputSerializer)
        kinds = body.get("muted_kinds")
        services.prefer(
            self.scope,
            mail=body["mail"],
            muted_kinds=None if kinds is None else [KINDS_BY_PUBLIC_NAME[name] for name in kinds],
            muted_rollouts=body.get("muted_rollouts"),
            expected=self.expected_version,
            now=clock.now(),
        )
        return self._answer()

    def _answer(self) -> Response:
        chosen = queries.preferences(self.scope)
        document: NoticePreferencesSchema = {
            "mail": chosen.mail,
            "muted_kinds": [EntryKind(kind).public_name for kind in chosen.muted_kinds],
            "muted_rollouts": list(chosen.muted_rollouts),
        }
        return versioned_response(document, version_of(queries.preferences_document(chosen)))

    def _check_person(self) -> None:
        if self.scope.user_id is None:
            raise NotPermitted("People are mailed. A system follows the feed.")


def _notice(notice: queries.InboxNotice) -> NoticeSchema:
    return {
        "id": notice.id,
        "at": notice.at,
        "title": notice.title,
        "text": notice.text,
        "tone": notice.tone,
        "is_unread": notice.is_unread,
    }
