"""Where a request becomes somebody's, and the database shows it the rows of their organisation (ADR 17)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse

from portal.identity.models import User
from portal.identity.scope import Scope
from portal.kernel import tenancy


class TenantMiddleware:
    """Have the database show a request no rows of anybody until it is known who asks (ADR 17)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer for nobody, then for whoever asks; what is streamed afterwards is theirs alone as well."""
        with tenancy.acting_as(tenancy.NOBODY):
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
                blocks = tenancy.held(response.streaming_content, tenancy.current())  # type: ignore[arg-type]
                response.streaming_content = blocks
        return response


def answer_for_the_person(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Have the database show the rows of the organisation of whoever has logged in."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, User):
            tenancy.become(Scope.of(request.user).tenant)
        return get_response(request)

    return middleware
