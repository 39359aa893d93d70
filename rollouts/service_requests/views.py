"""`POST /service-requests`, the messages that answer, and the schema they are written by.

The caller shows a token of its organisation, as over REST; what it asks for counts by the signature alone.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.identity.api import ClientTokenAuthentication, ScopedAPI
from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.rest.fields import QUERY, StrictSerializer, query_values
from rollouts.rules.identifiers import parse_user_id
from rollouts.service_requests.carrying_out import answer_request
from rollouts.service_requests.client_certificates import check_client_certificate
from rollouts.service_requests.fetching import fetch_messages
from rollouts.service_requests.reading import LARGEST_MESSAGE, SCHEMAS

XML: Final = "application/xml"
MOST_MESSAGES: Final = 1_000
_SCHEMA_NAMES: Final = frozenset({"messages-1.0.xsd", "signature-1.0.xsd"})


class ServiceRequestsView(ScopedAPI, APIView):
    """Where Service Requests are sent."""

    authentication_classes = (ClientTokenAuthentication,)
    needs: ClassVar[Any] = {"POST": ApiScope.INSTRUCTIONS_WRITE}
    schema = None
    metadata_class = None

    def post(self, request: Request) -> HttpResponse:
        """Answer a signed request with its acknowledgement (I99), or with the code of its refusal."""
        received_from = request._request  # noqa: SLF001 - as it came, to the octet
        check_client_certificate(received_from, self.scope, now=clock.now())
        kind = (request.content_type or "").split(";")[0].strip().lower()
        if kind not in {XML, "text/xml"}:
            raise UnsupportedMediaType(kind)
        data = received_from.read(LARGEST_MESSAGE + 1)
        answer = answer_request(self.scope, data, received_at=clock.now())
        return HttpResponse(answer.body, status=answer.status, content_type=XML)


class ServiceMessagesView(ScopedAPI, APIView):
    """Where responses and alerts are fetched."""

    authentication_classes = (ClientTokenAuthentication,)
    needs: ClassVar[Any] = {"GET": ApiScope.EVENTS_READ}
    schema = None
    metadata_class = None

    class Query(StrictSerializer):
        """For which User ID, from where on, and how many entries of the feed are looked at."""

        user = serializers.CharField(max_length=23)
        after = serializers.RegexField(r"^[0-9]{1,18}$", required=False)
        limit = serializers.IntegerField(required=False, default=500, min_value=1, max_value=MOST_MESSAGES)

    def get(self, request: Request) -> HttpResponse:
        """Answer with the messages after a position; `position` in the answer is the next `after`."""
        check_client_certificate(request._request, self.scope, now=clock.now())  # noqa: SLF001
        query = self.Query(
            data=query_values(request.query_params, self.Query().fields), context={QUERY: True}
        )
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        page = fetch_messages(
            self.scope,
            user_id=parse_user_id(wanted["user"]),
            position=int(wanted["after"]) if "after" in wanted else None,
            size=wanted["limit"],
        )
        return HttpResponse(page, content_type=XML)


@require_safe
def schema_file(_request: HttpRequest, name: str) -> HttpResponse:
    """Serve a file of the schema."""
    if name not in _SCHEMA_NAMES:
        raise Http404
    return HttpResponse((SCHEMAS / name).read_bytes(), content_type=XML)
