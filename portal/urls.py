"""Every area's addresses, by prefix."""

from __future__ import annotations

from django.contrib.auth import views as accounts
from django.urls import include, path

from portal import health

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("csp/", include("rollouts.csp.urls")),
    path("notifications/", include("notifications.urls")),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/login/", accounts.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", accounts.LogoutView.as_view(), name="logout"),
]
