"""What is done with hubs selected in a list: instruct, raise an incident, label, read the version."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.guid import Guid, GuidProblem, read
from portal.kernel.presentation.numbers import count_of
from portal.kernel.references import id_named
from portal.kernel.refusals import BadInput, NotFound, Refusal
from rollouts import services
from rollouts.queries.estate.estate import estate_counts
from rollouts.queries.estate.selecting import MOST_SELECTED, Int64s, estate_guids, member_guids, rollouts_of
from rollouts.queries.governance.incidents import incident_guids
from rollouts.reads.rollouts.visibility import visible_rollouts
from rollouts.services import HubList
from rollouts.web.estate.columns import list_url, rollout_in
from rollouts.web.estate.hub_lists import SelectedHubs, keep_selection, restore_selection
from rollouts.web.estate.views import estate_form
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.forms import MemberFilterForm, batch_choices

_FORMS: Final = {"instruct": "rollouts:instruct", "incident": "rollouts:incident-new"}


@require_POST
@for_people
def act(request: PortalRequest) -> HttpResponse:
    """Do with the hubs that are ticked, or with all that match, what the button says."""
    scope, verb = scope_of(request), request.POST.get("act", "")
    rollout_id = rollout_in(request.POST.get("rollout", ""))
    table, query = request.POST.get("table", ""), request.POST.get("query", "")
    back = list_url(table, rollout_id, query)
    try:
        guids = _guids(request, scope, table, rollout_id)
        if verb in _FORMS:
            return _hand_on(request, scope, verb, guids, rollout_id, back=back)
        messages.success(request, _done(request, scope, verb, guids))
    except Refusal as refusal:
        if refusal.status in {403, 404} and not isinstance(refusal, NotFound):
            raise
        messages.error(request, refusal.message)
    return redirect(back)


@require_GET
@for_people
def rollouts(request: PortalRequest, token: str) -> HttpResponse:
    """Ask which rollout is meant, where selected hubs are in several."""
    scope, verb = scope_of(request), request.GET.get("act", "")
    selection = restore_selection(scope, token)
    if selection is None or verb not in _FORMS:
        raise NotFound("Your selection has expired.")
    counts = rollouts_of(scope, selection.guids)
    names = dict(visible_rollouts(scope).filter(pk__in=counts).values_list("pk", "name"))
    rows = [
        {
            "name": names[rollout_id],
            "hubs": hubs,
            "url": f"{reverse(_FORMS[verb], args=[rollout_id])}?selected={token}",
        }
        for rollout_id, hubs in sorted(counts.items(), key=lambda item: -item[1])
        if rollout_id in names
    ]
    context = {"rows": rows, "total": len(selection.guids), "verb": verb}
    return render(request, "rollouts/estate/selected.html", context)


def _guids(request: PortalRequest, scope: Scope, table: str, rollout_id: int | None) -> Int64s:
    params = QueryDict(request.POST.get("query", ""))
    if request.POST.get("which") == "incident":
        incident_id = id_named(request.POST.get("incident", ""), "incident")
        guids = HubList.from_stored(incident_guids(scope, incident_id, most=MOST_SELECTED)).guids
    elif request.POST.get("which") == "all":
        if rollout_id is not None:
            members_form = MemberFilterForm(params, batches=batch_choices(rollout_id))
            _check_filter(members_form)
            guids = member_guids(scope, rollout_id, wanted=members_form.wanted())
        else:
            form = estate_form(params, scope, estate_counts(scope))
            _check_filter(form)
            guids = estate_guids(scope, filters=form.filters())
    else:
        values = [read(text) for text in request.POST.getlist("guid")]
        guids = HubList.from_stored(
            [Guid(value).db for value in values if not isinstance(value, GuidProblem)]
        ).guids
    if not len(guids):
        raise BadInput("Tick the hubs you mean first, or “All that match”.")
    return guids


def _check_filter(form: Form) -> None:
    # What is no filter any more would let more hubs match than its reader saw.
    if not form.is_valid():
        raise BadInput("Part of the filter is no longer known. Look at the list again, then select.")


def _hand_on(
    request: PortalRequest, scope: Scope, verb: str, guids: Int64s, rollout_id: int | None, *, back: str
) -> HttpResponse:
    """Go to the form of an instruction or an incident with the selected hubs."""
    counts = {} if rollout_id is not None else rollouts_of(scope, guids)
    if rollout_id is None and not counts:
        messages.error(request, "No rollout under way has any of these hubs.")
        return redirect(back)
    token = keep_selection(SelectedHubs(scope.organisation_id, guids))
    if rollout_id is None and len(counts) > 1:
        return redirect(f"{reverse('rollouts:selected-rollouts', args=[token])}?act={verb}")
    return redirect(f"{reverse(_FORMS[verb], args=[rollout_id or next(iter(counts))])}?selected={token}")


def _done(request: PortalRequest, scope: Scope, verb: str, guids: Int64s) -> str:
    hubs, label = HubList.from_stored(guids), request.POST.get("label", "")
    match verb:
        case "label":
            done: Any = services.add_label(scope, label=label, hubs=hubs)
            return f"“{label}” is on {count_of(done.changed + done.unchanged, 'hub')}."
        case "unlabel":
            done = services.remove_label(scope, label=label, hubs=hubs)
            return f"“{label}” is off {count_of(done.changed, 'hub')}."
        case "read":
            request_result = services.request_read(scope, guids=guids.tolist(), now=clock.now())
            return (
                f"The version of {count_of(request_result.requested, 'hub')} is being read. "
                "The answers appear on the page of each hub."
            )
    raise BadInput("Choose what to do with these hubs.")
