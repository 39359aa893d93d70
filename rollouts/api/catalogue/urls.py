"""Addresses of the REST endpoints of catalogue."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.api.catalogue import views

urlpatterns: list[URLPattern] = [
    path("device-models", views.DeviceModelListView.as_view(), name="device-models"),
    path("cpl-entries", views.CplEntryListView.as_view(), name="cpl-entries"),
    path("cpl-entries/<id:cpl_entry_id>", views.CplEntryDetailView.as_view(), name="cpl-entry"),
    path("cpl-entries/<id:cpl_entry_id>/status", views.CplStatusView.as_view(), name="cpl-status"),
    path("cpl-entries/<id:cpl_entry_id>/image", views.CplImageView.as_view(), name="cpl-image"),
]
