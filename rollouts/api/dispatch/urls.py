"""Addresses of the REST endpoints of dispatch."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.dispatch import terms, views

urlpatterns: list[URLPattern] = [
    path("hubs/<guid:hub>/commands", views.HubCommandsView.as_view(), name="hub-commands"),
    path("rollouts/<int:rollout_id>/pace", terms.PaceView.as_view(), name="pace"),
    path("channels/<int:region>", terms.ChannelTermsView.as_view(), name="channel"),
    path("channels/<int:region>/forecast", terms.ChannelForecastView.as_view(), name="channel-forecast"),
    path("activation-hours", terms.OwnHoursView.as_view(), name="own-hours"),
]
