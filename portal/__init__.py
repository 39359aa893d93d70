"""The frame of the portal. Loads the Celery app, so that tasks find it wherever they are imported."""

from __future__ import annotations

from portal.celery import app as celery_app

__all__ = ["celery_app"]
