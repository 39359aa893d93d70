"""Workers that outlive their broker: they look for it every two seconds, for as long as it is away."""

from __future__ import annotations

from typing import Any, Final

import structlog
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu import Connection
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)
_LOOKS_EVERY: Final = 2.0


class ReconnectingConsumer(Consumer):
    """Celery's own waits longer each time, gives up after a hundred, and ends on a loss while connecting."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What kombu raises for a broker that goes away again between two steps of connecting, and for a
        # channel with messages nobody has acknowledged, whose broker it has forgotten (5.7).
        self.connection_errors: tuple[type[Exception], ...] = (
            *self.conninfo.connection_errors,
            OperationalError,
            AttributeError,
        )

    def ensure_connected(self, conn: Connection) -> Connection:
        """Return the connection once the broker answers."""
        connected = conn.ensure_connection(
            self._log_away,
            max_retries=None,
            interval_start=_LOOKS_EVERY,
            interval_step=0,
            interval_max=_LOOKS_EVERY,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Give up the lost connection and what it held: ticks ring again for what a lost message rang for."""
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as problem:
            # Closed, a channel puts such messages back, too; here Celery ends on anything else.
            log.warning("worker.messages_not_put_back", problem=str(problem))

    def _log_away(self, problem: Exception, interval: float) -> None:
        log.warning("worker.broker_away", problem=str(problem), again_in=interval)
