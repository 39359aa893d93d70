"""Small things every view needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponseBase

from portal.kernel.refusals import NotFound

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def not_found_as_404(view: View) -> View:
    """Answer 404 for what is not there, or not there for this organisation."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except (ObjectDoesNotExist, NotFound) as missing:
            raise Http404 from missing

    return cast("View", guarded)
