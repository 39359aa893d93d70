"""Addresses of the pages of estate."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.estate import columns, exports, imports, labels, search, selected, views

urlpatterns: list[URLPattern] = [
    path("search/", search.search, name="search"),
    path("estate/", views.estate, name="estate"),
    path("estate.csv", views.estate_csv, name="estate-csv"),
    path("hubs/<str:guid>/", views.hub, name="hub"),
    path("hubs/<str:guid>/read/", views.read_version, name="hub-read"),
    path("imports/", imports.imports, name="imports"),
    path("imports/files/<int:import_file_id>/", imports.file, name="import-file"),
    path("imports/<int:import_id>/", imports.report, name="import"),
    path("imports/<int:import_id>/not-taken.<str:form>", imports.refused, name="import-refused"),
    path("imports/<int:import_id>/differences/", imports.decide, name="import-differences"),
    path("estate/views/", exports.views, name="estate-views"),
    path("estate/views/keep/", exports.save_view, name="estate-view-save"),
    path("estate/views/<estate_view:view_id>/", exports.change_view, name="estate-view"),
    path("estate/columns/", columns.choose, name="columns"),
    path("estate/selected/", selected.act, name="selected"),
    path("estate/selected/<str:token>/", selected.rollouts, name="selected-rollouts"),
    path("estate/labels/", labels.index, name="labels"),
    path("estate/labels/remove/", labels.remove, name="label-remove"),
    path("hubs/<str:guid>/labels/", labels.of_hub, name="hub-labels"),
    path("estate/files/", exports.files, name="estate-files"),
    path("estate/files/order/", exports.order_file, name="estate-file-order"),
    path("estate/files/<estate_file:export_id>/", exports.fetch_file, name="estate-file"),
    path("estate/files/<estate_file:export_id>/remove/", exports.remove_file, name="estate-file-remove"),
]
