"""Taking a step with a rollout: what it touches said in advance, a reason given, then done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import MADE_FROM
from portal.kernel.presentation.numbers import count_of
from portal.kernel.refusals import NotPermitted, Refusal
from rollouts import services
from rollouts.queries.dispatch.hours import night_hours
from rollouts.queries.governance.halts import HaltPreview, halt_preview, overdue_when_resumed
from rollouts.queries.rollouts.rollout import RolloutPage, rollout_page
from rollouts.services import HaltReport
from rollouts.states import ROLLOUT_STEPS
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.detail import why_not
from rollouts.web.rollouts.forms import CommentaryForm, OptionalCommentaryForm, ReasonForm
from rollouts.web.rollouts.views import crumbs_of
from rollouts.web.wording import segments

#: What a halt does to hubs; what has come to an end stays as it is.
_HALT_COUNTS: Final = (
    "not_begun",
    "images_on_their_way",
    "holding_the_image",
    "recallable",
    "not_recallable",
)
#: By how much numbers may move between page and button: so many hubs, or this part of them (one in twenty).
_FEW_HUBS: Final = 10
_SHARE_OF_HUBS: Final = 20
HALTING: Final = frozenset({"suspend", "revoke"})
_FORMS: Final[Mapping[str, type[CommentaryForm]]] = {
    "end_pilot": CommentaryForm,
    "accept_pilot": OptionalCommentaryForm,
    "reopen_pilot": CommentaryForm,
    "reject_pilot": CommentaryForm,
    "skip_pilot": CommentaryForm,
}
#: What each step means, said before its button.
_MEANS: Final[Mapping[str, str]] = {
    "start_pilot": "The image goes to the pilot group at once; each hub activates at its effective time.",
    "end_pilot": "No more hubs join the pilot. Everybody concerned reads your commentary; the review begins.",
    "accept_pilot": "The safe launch opens: hubs whose time is settled are sent the image from now on.",
    "reopen_pilot": "The pilot goes on; the safe launch stays closed.",
    "reject_pilot": "The rollout is suspended, and the Panel confirms what happens next.",
    "skip_pilot": "There is no pilot: the safe launch opens with an untested image. Hubs whose "
    "time is settled are sent the image from now on; nominations are not taken. Everybody sees why.",
    "suspend": "Sending stops at once. Activations dated ahead are recalled from hubs where they can be. "
    "It is provisional: the Panel confirms what happens next.",
    "revoke": "The notice is taken back. Instructions are void, activations dated ahead are recalled, "
    "and every recipient is told.",
}

#: What is said once a step about the pilot has been taken.
_DONE: Final[Mapping[str, str]] = {
    "start_pilot": "The pilot has started: the image is on its way to its hubs.",
    "end_pilot": "The pilot has ended. Everybody concerned gets your commentary. Review its outcome next.",
    "accept_pilot": "The pilot is accepted and the safe launch is open.",
    "reopen_pilot": "The pilot goes on.",
    "skip_pilot": "The rollout goes on without a pilot and the safe launch is open. Everybody is told why.",
    "reject_pilot": "The pilot is rejected and the rollout suspended, to be confirmed by the Panel.",
}


@require_http_methods(["GET", "POST"])
@for_people
def step(request: PortalRequest, rollout_id: int, verb: str) -> HttpResponse:
    """Return what a step would touch; on POST take it."""
    scope, now = scope_of(request), clock.now()
    if verb not in _MEANS:
        raise Http404
    page = rollout_page(scope, rollout_id, now=now)
    may = any(each.verb == verb for each in page.steps)
    if not may and scope.roles.isdisjoint(ROLLOUT_STEPS[verb].roles):
        raise NotPermitted("This step is for another role.")
    form = _form(verb, request)
    if request.method == "GET":
        return _page(request, scope, page, verb, form, may=may, now=now)
    if not form.is_valid():
        return _page(request, scope, page, verb, form, may=may, now=now, status=422)
    seen = request.POST.get(MADE_FROM)
    if seen is not None and _has_moved(seen, _seen(page, _halt(scope, page, verb, now=now))):
        words = "The numbers have changed since you opened the page. Check them, then continue."
        form.add_error(None, words)
        return _page(request, scope, page, verb, form, may=may, now=now, status=409)
    try:
        message = _take(scope, rollout_id, verb, form.cleaned_data, now=now)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _page(request, scope, page, verb, form, may=may, now=now, status=refusal.status)
    messages.success(request, message)
    return redirect("rollouts:detail", rollout_id)


def _halt(scope: Scope, page: RolloutPage, verb: str, *, now: datetime) -> HaltPreview | None:
    return halt_preview(scope, rollout_id=page.flight.id, now=now) if verb in HALTING else None


def _seen(page: RolloutPage, halt: HaltPreview | None) -> dict[str, Any]:
    """Return what somebody decides upon: where the rollout stands, and the numbers of the step."""
    counts: Mapping[str, int] = {}
    if halt is not None:
        counts = {name: getattr(halt, name) for name in _HALT_COUNTS}
    elif page.pilot:
        counts = {str(int(state)): hubs for state, hubs in page.pilot.states.items()}
    return {"status": str(page.flight.status), "counts": counts}


def _has_moved(text: str, now: Mapping[str, Any]) -> bool:
    """Return whether what was seen is no longer so; a running rollout may move a little."""
    try:
        seen = json.loads(text)
        before = {name: int(hubs) for name, hubs in seen["counts"].items()}
        stands = seen["status"]
    except (ValueError, TypeError, KeyError, AttributeError):
        return True
    most = max(_FEW_HUBS, sum(now["counts"].values()) // _SHARE_OF_HUBS)
    counts = now["counts"]
    moved = [abs(counts.get(each, 0) - before.get(each, 0)) for each in counts.keys() | before.keys()]
    return bool(stands != now["status"] or max(moved, default=0) > most)


def _of_night(scope: Scope, page: RolloutPage, halt: HaltPreview | None, *, now: datetime) -> dict[str, Any]:
    """Return how many hubs' time has passed, and the night in which they go on."""
    if halt is not None or not scope.is_dcc:
        return {}
    rollout_id = page.flight.id
    overdue = overdue_when_resumed(scope, rollout_id=rollout_id, now=now)
    return (
        {"overdue": overdue, "nights": night_hours(scope, rollout_id=rollout_id, now=now)} if overdue else {}
    )


def _form(verb: str, request: PortalRequest) -> Any:
    form_class: type[Any] = _FORMS.get(verb, ReasonForm)
    form = form_class(request.POST if request.method == "POST" else None)
    if verb == "start_pilot":
        form.fields.pop("reason")
    return form


def _take(scope: Scope, rollout_id: int, verb: str, cleaned: Mapping[str, str], *, now: datetime) -> str:
    if verb in HALTING:
        return _report_words(
            services.halt(scope, rollout_id=rollout_id, verb=verb, now=now, reason=cleaned["reason"])
        )
    services.PILOT_STEPS[verb](scope, rollout_id=rollout_id, now=now, **cleaned)
    return _DONE[verb]


def _report_words(report: HaltReport) -> str:
    """Return what a halt has done."""
    sentences = ["Sending has stopped."]
    if report.hubs_put_back:
        sentences.append(f"{count_of(report.hubs_put_back, 'hub')} held back before their command left.")
    if report.hubs_to_cancel:
        sentences.append(f"{count_of(report.hubs_to_cancel, 'activation')} being recalled from hubs.")
    if report.hubs_not_recalled:
        sentences.append(
            f"{count_of(report.hubs_not_recalled, 'hub')} told to activate can no longer be recalled."
        )
    if report.images_on_their_way:
        sentences.append(
            f"{count_of(report.images_on_their_way, 'image')} on the way will arrive, not activate."
        )
    return " ".join(sentences)


def _page(
    request: PortalRequest,
    scope: Scope,
    page: RolloutPage,
    verb: str,
    form: Any,
    *,
    may: bool,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    rollout_id = page.flight.id
    halt = _halt(scope, page, verb, now=now)
    context = {
        "page": page,
        "made_from": json.dumps(_seen(page, halt)),
        "verb": verb,
        "step": ROLLOUT_STEPS[verb],
        "means": _MEANS[verb],
        "form": form,
        "may": may and not why_not(verb, page),
        "why_not": why_not(verb, page) if may else "",
        "halt": halt,
        "segments": segments(page.progress.states),
        "pilot_segments": segments(page.pilot.states) if page.pilot else [],
        "moving": page.progress.moving,
        **_of_night(scope, page, halt, now=now),
        "crumbs": crumbs_of(rollout_id, page.flight.name),
    }
    return render(request, "rollouts/rollouts/step.html", context, status=status)
