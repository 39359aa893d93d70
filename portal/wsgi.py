"""Entry point of the web servers: pages and REST."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.events.listening import end_waits_at_stop
from portal.receiving import BodySpool, refuse_as_problems

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = BodySpool(get_wsgi_application())
end_waits_at_stop()
refuse_as_problems()
if not settings.SECRET_KEY:  # Django refuses an empty key here: at the start, not at the first log-in
    raise SystemExit(1)
