"""What each actor has to do and monitors: dashboard, deadlines, channels, volumes ahead, unmatched alerts."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.paging import keyed
from portal.rest.fields import EnumField, IdField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.paging import PageQuery, cursor_of, id_after, page
from portal.rest.schemas import list_of, page_of, schema_reference
from portal.rest.views import ResourceView
from rollouts.api.rollouts import operation_schemas as documents
from rollouts.queries.alerts.unmatched import UnmatchedFilter, unmatched_alerts
from rollouts.queries.dispatch.channels import channel_health
from rollouts.queries.rollouts.dashboard import dashboard
from rollouts.queries.rollouts.forecast import distribution_forecast, forward_schedule
from rollouts.states import UnmatchedReason


class DashboardView(ResourceView):
    """The dashboard."""

    tag = "Dashboard"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("getDashboard", "Read the dashboard", returns=schema_reference(documents.DashboardSchema))
    def get(self, request: Request) -> Response:
        """Read rollouts in flight, your outstanding actions, what others do next, and what is automatic."""
        return Response(documents.dashboard(dashboard(self.scope, now=clock.now())))


class DeadlinesView(ResourceView):
    """Outstanding actions and their deadlines."""

    tag = "Dashboard"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("getDeadlines", "Read deadlines", returns=schema_reference(documents.DeadlinesSchema))
    def get(self, request: Request) -> Response:
        """Read your outstanding actions with their deadlines, and what others do next."""
        return Response(documents.deadlines(dashboard(self.scope, now=clock.now())))


class ChannelListView(ResourceView):
    """The channels to the CSPs."""

    tag = "Operations"
    needs = ApiScope.CHANNELS_READ
    polled = True

    @operation("listChannels", "List CSP channels", returns=list_of(documents.ChannelSchema))
    def get(self, request: Request) -> Response:
        """Return the state of each region's channel to its CSP."""
        channels = channel_health(self.scope, now=clock.now())
        return Response({"items": [documents.channel(health) for health in channels]})


class DistributionForecastsView(ResourceView):
    """Whether distribution will be in time."""

    tag = "Operations"
    needs = ApiScope.CHANNELS_READ
    polled = True

    @operation(
        "listDistributionForecasts",
        "Foretell distribution",
        returns=list_of(documents.DistributionForecastSchema),
    )
    def get(self, request: Request) -> Response:
        """Forecast by region when the images of all rollouts will be through, and how many come too late."""
        forecasts = distribution_forecast(self.scope, now=clock.now())
        return Response({"items": [documents.distribution_forecast(forecast) for forecast in forecasts]})


class ScheduleQuery(StrictSerializer):
    """Of which rollout."""

    rollout_id = IdField(required=False)


class ForwardScheduleView(ResourceView):
    """The volumes ahead."""

    tag = "Operations"
    needs = ApiScope.CHANNELS_READ
    polled = True

    @operation(
        "listForwardSchedule",
        "List volumes ahead",
        query=[ScheduleQuery],
        returns=list_of(documents.VolumeAheadSchema),
    )
    def get(self, request: Request) -> Response:
        """List how many hubs activate by day, region and rollout, as things stand."""
        volumes = forward_schedule(
            self.scope, rollout_id=self.validated_query(ScheduleQuery).get("rollout_id")
        )
        return Response({"items": [documents.volume(ahead) for ahead in volumes]})


class UnmatchedQuery(PageQuery):
    """Filter of alerts: reviewed or not, by reason and by CSP."""

    is_reviewed = serializers.BooleanField(required=False, default=False)
    why = EnumField(UnmatchedReason, required=False)
    csp_id = IdField(required=False)


class UnmatchedAlertListView(ResourceView):
    """Unmatched alerts."""

    tag = "Operations"
    needs = ApiScope.CHANNELS_READ

    @operation(
        "listUnmatchedAlerts",
        "List unmatched alerts",
        query=[UnmatchedQuery],
        returns=page_of(documents.UnmatchedAlertRowSchema),
    )
    def get(self, request: Request) -> Response:
        """List unmatched alerts, the latest first."""
        query = self.validated_query(UnmatchedQuery)
        cursors = keyed("unmatched-alerts", self.scope.organisation_id)
        wanted = UnmatchedFilter(
            is_reviewed=query["is_reviewed"],
            why=query["why"].value if "why" in query else "",
            csp_id=query.get("csp_id"),
        )
        alerts = unmatched_alerts(
            self.scope, wanted=wanted, before=id_after(query["after"], of=cursors), size=query["limit"]
        )
        following = cursor_of(alerts.next, of=cursors)
        return Response(page(request, alerts.items, documents.unmatched_alert, following=following))


class CspScheduleView(ForwardScheduleView):
    """The volumes ahead of a CSP."""

    tag = "For CSPs"
    needs = ApiScope.CSP_SCHEDULE

    @operation(
        "listCspSchedule",
        "List volumes ahead of a CSP",
        query=[ScheduleQuery],
        returns=list_of(documents.VolumeAheadSchema),
    )
    def get(self, request: Request) -> Response:
        """List how many hubs activate by day and rollout in the CSP's own regions."""
        return super().get(request)


class CspForecastsView(DistributionForecastsView):
    """Whether a CSP's distribution will be in time."""

    tag = "For CSPs"
    needs = ApiScope.CSP_SCHEDULE

    @operation(
        "listCspForecasts",
        "Foretell distribution by a CSP",
        returns=list_of(documents.DistributionForecastSchema),
    )
    def get(self, request: Request) -> Response:
        """Forecast when the images of all rollouts will be through in the CSP's own regions."""
        return super().get(request)


class CspChannelsView(ChannelListView):
    """A CSP's own channels."""

    tag = "For CSPs"
    needs = ApiScope.CSP_SCHEDULE

    @operation("listCspChannels", "List a CSP's own channels", returns=list_of(documents.ChannelSchema))
    def get(self, request: Request) -> Response:
        """Return the state of the channel of each of the CSP's own regions."""
        return super().get(request)
