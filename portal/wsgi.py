"""Entry point of the web servers: pages and REST."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.events.listening import end_waits_at_stop
from portal.kernel import tenancy
from portal.receiving import BodySpool, refuse_as_problems

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

tenancy.set_default(tenancy.NOBODY)
application = BodySpool(get_wsgi_application())

from portal.kernel import clock  # noqa: E402 - it has tables, which Django has to be set up for

end_waits_at_stop()
clock.follow_database()
refuse_as_problems()
if not settings.SECRET_KEY:  # Django refuses an empty key here: at the start, not at the first log-in
    raise SystemExit(1)
