"""Addresses of the REST endpoints of estate."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.estate import exports, file_columns, imports, rollout_hubs, views

_ROLLOUT = "rollouts/<id:rollout_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_ROLLOUT}/eligible-hubs", rollout_hubs.EligibleHubListView.as_view(), name="eligible-hubs"),
    path(f"{_ROLLOUT}/hubs", rollout_hubs.RolloutHubListView.as_view(), name="rollout-hubs"),
    path("estate", views.EstateView.as_view(), name="estate"),
    path("estate/files", exports.EstateFileListView.as_view(), name="estate-files"),
    path("estate/files/<word:file>", exports.EstateFileDetailView.as_view(), name="estate-file"),
    path(
        "estate/files/<word:file>/content",
        exports.EstateFileContentView.as_view(),
        name="estate-file-content",
    ),
    path("imports/columns", file_columns.FileColumnsView.as_view(), name="file-columns"),
    path(
        "imports/columns/proposals", file_columns.ColumnProposalView.as_view(), name="file-column-proposals"
    ),
    path("imports/files", imports.ImportFileListView.as_view(), name="import-files"),
    path("imports/files/<id:import_file_id>", imports.ImportFileDetailView.as_view(), name="import-file"),
    path(
        "imports/files/<id:import_file_id>/resume", imports.ImportResumeView.as_view(), name="import-resume"
    ),
    path(
        "imports/files/<id:import_file_id>/changes", imports.CplChangesView.as_view(), name="import-changes"
    ),
    path("imports/<id:import_id>/differences", imports.DifferencesView.as_view(), name="import-differences"),
    path("estate/summary", views.EstateSummaryView.as_view(), name="estate-summary"),
    path("hubs/<guid:hub>", views.HubDetailView.as_view(), name="hub"),
    path("hubs/<guid:hub>/history", views.HubHistoryView.as_view(), name="hub-history"),
    path("readings", views.ReadingsView.as_view(), name="readings"),
    path("readings/of-any-hub", views.DccReadingsView.as_view(), name="readings-of-any-hub"),
    path("labels", views.LabelListView.as_view(), name="labels"),
    path("labels/<label:label>/hubs", views.LabelDetailView.as_view(), name="label"),
]
