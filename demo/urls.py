"""The portal's addresses, and the mailbox that only a demonstration has."""

from __future__ import annotations

from django.urls import path

from demo import views
from portal.urls import handler400, handler404, handler500
from portal.urls import urlpatterns as portal_urls

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *portal_urls,
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/<slug:name>/", views.mail, name="mail"),
    path("mailbox/<slug:name>/html/", views.mail_html, name="mail-html"),
]
