"""Planning when the pilot starts and ends: DCC alone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.identity.requests import PortalRequest
from portal.identity.roles import MAY_OPERATE
from portal.kernel import clock
from portal.kernel.presentation.edits import EditForm, submit
from portal.kernel.presentation.local_times import LOCAL_HINT, LocalTimeField
from portal.kernel.versions import version_of
from rollouts import services
from rollouts.queries.rollouts.rollout import rollout_page
from rollouts.web.guards import for_people, scope_of
from rollouts.web.rollouts.views import crumbs_of


class PilotPlanForm(EditForm):
    """When the pilot is planned to start, and to end."""

    starts_at = LocalTimeField(label="Pilot starts", required=False, help_text=f"Blank: open. {LOCAL_HINT}")
    ends_at = LocalTimeField(
        label="Pilot ends",
        required=False,
        help_text=f"Blank: open. At the latest at the automatic time. {LOCAL_HINT}",
    )


@require_http_methods(["GET", "POST"])
@for_people
def plan(request: PortalRequest, rollout_id: int) -> HttpResponse:
    """Show the planned dates of the pilot; on POST change them."""
    scope, now = scope_of(request), clock.now()
    scope.check(*MAY_OPERATE)
    page = rollout_page(scope, rollout_id, now=now)
    initial = {"starts_at": page.pilot_starts_at, "ends_at": page.pilot_ends_at}
    form = PilotPlanForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        planned, status = submit(
            form,
            lambda: services.plan_pilot(
                scope,
                rollout_id=rollout_id,
                starts_at=form.cleaned_data["starts_at"],
                ends_at=form.cleaned_data["ends_at"],
                expected=version_of(initial),
                now=now,
            ),
        )
        if planned is not None:
            messages.success(request, "The dates of the pilot are planned. Everybody concerned is notified.")
            return redirect("rollouts:pilot", rollout_id)
    context = {"page": page, "form": form, "crumbs": crumbs_of(rollout_id, page.flight.name)}
    return render(request, "rollouts/pilots/plan.html", context, status=status)
