"""Registration of the kernel's few tables."""

from __future__ import annotations

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """The ground every area stands on."""

    name = "portal.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"
