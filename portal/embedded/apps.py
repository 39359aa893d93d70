"""Makes `manage.py demo` and its like known."""

from __future__ import annotations

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    """The launcher, as an app without tables."""

    name = "portal.embedded"
    label = "embedded"
    verbose_name = "embedded run"
