"""What was typed when a session ended, shown to whoever typed it, to be sent once more."""

from __future__ import annotations

from typing import Any, Final, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET

from portal.accounts.unsent_forms import UnsentForm, restore_form
from portal.identity.models import User

_SHOWN: Final = 600


@require_GET
@login_required
def typed(request: HttpRequest, token: str) -> HttpResponse:
    """Show the fields of a form that was kept, with a button that sends them again."""
    form = restore_form(cast("User", request.user), token)
    if form is None:
        raise Http404("What you typed has expired.")
    context = {"typed": form, "shown": _shown(form)}
    response = render(request, "account/typed.html", context)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _shown(form: UnsentForm) -> list[dict[str, Any]]:
    """Return what a person would know again: fields with words in them, the longest ones cut short."""
    return [
        {
            "label": name.rpartition("-")[2].replace("_", " ").capitalize(),
            "value": value[:_SHOWN],
            "more": max(len(value) - _SHOWN, 0),
        }
        for name, value in form.fields
        if value.strip() and name not in {"token", "version", "act"} and not name.endswith("_FORMS")
    ]
