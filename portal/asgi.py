"""Entry point of the event-stream servers: `uvicorn portal.asgi:application --lifespan=on`.

Pages and REST are served by `portal.wsgi`; here only what stays open for hours.
"""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from notifications.stream.app import Stream  # noqa: E402 - needs the settings
from portal.kernel import tenancy  # noqa: E402

tenancy.set_default(tenancy.NOBODY)
application = Stream()
