"""Addresses of help."""

from __future__ import annotations

from django.urls import path

from portal.help import views

urlpatterns = [
    path("", views.index, name="help"),
    path("terms/", views.terms, name="help-terms"),
    path("guides/<slug:slug>/", views.guide, name="help-guide"),
    path("hints/put-away/", views.put_away, name="help-put-away"),
]
