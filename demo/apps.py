"""Registration of the demonstration."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demonstration, the journey and the rehearsal; no tables of its own."""

    name = "demo"
