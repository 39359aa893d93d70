"""Who may open a page about the organisation, and what a refusal looks like there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

from portal.accounts.people import check_administrator
from portal.identity.models import User
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted

P = ParamSpec("P")
View = Callable[Concatenate[Any, P], HttpResponseBase]


def for_administrators(view: View[P]) -> View[P]:
    """Open a page to administrators of an organisation; another organisation's things are not there (404)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            check_administrator(scope_of(request))
            response = view(request, *args, **kwargs)
        except NotFound as missing:
            raise Http404(missing.message) from missing
        except NotPermitted as refusal:
            raise PermissionDenied(refusal.message) from refusal
        except BadInput as refusal:  # a form tells of it itself: this came by an address, or past the form
            raise BadRequest(refusal.message) from refusal
        patch_cache_control(response, private=True, no_store=True)
        return response

    return cast("View[P]", login_required(guarded))


def scope_of(request: HttpRequest) -> Scope:
    """Return who is asking."""
    return Scope.of(cast("User", request.user))
