"""Small things every view needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponseBase

from portal.kernel.refusals import NotFound

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def missing_is_404(view: View[P]) -> View[P]:
    """Answer 404 for what is not there, or not there for this organisation."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except (ObjectDoesNotExist, NotFound) as missing:
            raise Http404 from missing

    return guarded
