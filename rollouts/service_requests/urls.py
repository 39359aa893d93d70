"""Addresses of the Service Request variant."""

from __future__ import annotations

from django.urls import path

from rollouts.service_requests import views

app_name = "service-requests"
urlpatterns = [
    path("service-requests", views.ServiceRequestsView.as_view(), name="requests"),
    path("service-requests/messages", views.ServiceMessagesView.as_view(), name="messages"),
    path("service-requests/schema/<str:name>", views.schema_file, name="service-request-schema"),
]
