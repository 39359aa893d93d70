"""Addresses of the REST endpoints of estate."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.estate import exports, rollout_hubs, views

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ROLLOUT}/eligible-hubs", rollout_hubs.EligibleHubs.as_view(), name="eligible-hubs"),
    path(f"{_ROLLOUT}/hubs", rollout_hubs.RolloutHubs.as_view(), name="rollout-hubs"),
    path("estate", views.Estate.as_view(), name="estate"),
    path("estate/files", exports.EstateFiles.as_view(), name="estate-files"),
    path("estate/files/<word:file>", exports.EstateFileOne.as_view(), name="estate-file"),
    path(
        "estate/files/<word:file>/content",
        exports.EstateFileContent.as_view(),
        name="estate-file-content",
    ),
    path("estate/summary", views.EstateSummary.as_view(), name="estate-summary"),
    path("hubs/<guid:hub>", views.HubOne.as_view(), name="hub"),
    path("hubs/<guid:hub>/history", views.HubHistory.as_view(), name="hub-history"),
    path("readings", views.Readings.as_view(), name="readings"),
    path("readings/of-any-hub", views.DccReadings.as_view(), name="readings-of-any-hub"),
    path("labels", views.Labels.as_view(), name="labels"),
    path("labels/<label:label>/hubs", views.LabelOne.as_view(), name="label"),
]
