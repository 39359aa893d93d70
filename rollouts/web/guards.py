"""Who may open a page at all, and what a refusal looks like in a browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers

from portal.identity.models import User
from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from portal.kernel.paging import BadCursor
from portal.kernel.refusals import BadInput, NotFound, NotPermitted

P = ParamSpec("P")
View = Callable[Concatenate[Any, P], HttpResponseBase]


def for_people(view: View[P]) -> View[P]:
    """Open a page to people who have logged in; what is not theirs is 404, what their role forbids is 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return _log_in_first(request)
        try:
            response = view(request, *args, **kwargs)
        except (ObjectDoesNotExist, NotFound, BadCursor) as missing:
            raise Http404(str(missing)) from missing
        except NotPermitted as refusal:
            raise PermissionDenied(refusal.message) from refusal
        except BadInput as refusal:  # a form tells of it itself: this came by an address, or past the form
            raise BadRequest(refusal.message) from refusal
        patch_vary_headers(response, ["HX-Request"])
        # What one organisation sees must not lie in a shared cache, nor come back after logging out.
        patch_cache_control(response, private=True, no_store=True)
        return response

    return cast("View[P]", guarded)


def scope_of(request: PortalRequest) -> Scope:
    """Return who is asking."""
    return Scope.of(request.user)


def _log_in_first(request: HttpRequest) -> HttpResponseBase:
    if "HX-Request" in request.headers:
        # A part of a page cannot hold the log-in form: send the whole page there.
        answer = HttpResponse(status=401)
        answer["HX-Redirect"] = reverse("login")
        return answer
    return redirect_to_login(request.get_full_path())
