"""Addresses of the pages of catalogue."""

from __future__ import annotations

from django.urls import URLPattern, path

from rollouts.web.catalogue import entries, status

_ENTRY = "catalogue/<int:cpl_entry_id>/"

urlpatterns: list[URLPattern] = [
    path("catalogue/", entries.catalogue, name="catalogue"),
    path("catalogue/new/", entries.add_entry, name="cpl-entry-new"),
    path("catalogue/models/new/", entries.add_model, name="device-model-new"),
    path(_ENTRY, entries.entry, name="cpl-entry"),
    path(f"{_ENTRY}change/", entries.change_entry, name="cpl-entry-change"),
    path(f"{_ENTRY}image/", entries.upload_image, name="cpl-image"),
    path(f"{_ENTRY}status/", status.status, name="cpl-status"),
]
