"""The sandbox over REST: its clock, and alerts of its hubs."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from demo.sandbox import acting
from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.clock import ClockReading
from portal.rest.fields import OffsetDateTimeField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.schemas import Schema
from portal.rest.views import ResourceView

_GUID: Final = "00-DB-12-34-11-C5-34-8A"


# Described in place: a component would stand in the description of every portal.
_CLOCK: Final[Schema] = {
    "type": "object",
    "description": "The time here, and how many seconds pass in a second.",
    "properties": {"now": {"type": "string", "format": "date-time"}, "rate": {"type": "number"}},
    "required": ["now", "rate"],
}
_ALERT: Final[Schema] = {
    "type": "object",
    "description": "The alert that was delivered.",
    "properties": {"alert_id": {"type": "string", "format": "uuid"}},
    "required": ["alert_id"],
}


class ClockInputSerializer(StrictSerializer):
    """A later time, another rate, or both."""

    now = OffsetDateTimeField(required=False, help_text="What time it is to be; never earlier than it is.")
    rate = serializers.FloatField(
        required=False, min_value=0, max_value=acting.MOST_RATE, help_text="Seconds that pass in a second."
    )


class AlertInputSerializer(StrictSerializer):
    """An alert of one of your hubs."""

    guid = serializers.RegexField(r"^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){7}$", help_text="A hub of yours.")
    alert = serializers.ChoiceField(choices=acting.ALERTS, help_text="What the hub reports.")
    firmware_version = serializers.RegexField(
        r"^[0-9A-Za-z]{1,8}$",
        required=False,
        default="",
        help_text="Given by some alerts: what it runs.",
    )


class SandboxClockView(ResourceView):
    """The clock of the sandbox."""

    tag = "Sandbox"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "PUT": ApiScope.INSTRUCTIONS_WRITE}

    @operation("getSandboxClock", "Read the clock", returns=_CLOCK)
    def get(self, request: Request) -> Response:
        """Read what time it is in the sandbox, and how fast time passes."""
        acting.check_sandbox(self.scope)
        return Response(_clock(acting.reading()))

    @operation(
        "moveSandboxClock",
        "Move the clock",
        body=ClockInputSerializer,
        example={"now": "2027-03-15T02:00:00Z", "rate": 60},
        returns=_CLOCK,
        refuses=("bad_input", "sandbox_unreachable"),
    )
    def put(self, request: Request) -> Response:
        """Move the clock on, or change its rate, for everybody in the sandbox."""
        body = self.validated_body(ClockInputSerializer)
        moved = acting.move_clock(self.scope, business_at=body.get("now"), rate=body.get("rate"))
        return Response(_clock(moved))


class SandboxAlertsView(ResourceView):
    """Alerts of hubs of the sandbox."""

    tag = "Sandbox"
    needs: ClassVar[Any] = {"POST": ApiScope.INSTRUCTIONS_WRITE}

    @operation(
        "sendSandboxAlert",
        "Send an alert of a hub",
        status=202,
        body=AlertInputSerializer,
        example={"guid": _GUID, "alert": "ACTIVATED", "firmware_version": "0C240000"},
        returns=_ALERT,
        refuses=("not_found", "bad_input", "sandbox_unreachable"),
    )
    def post(self, request: Request) -> Response:
        """Have the CSP of one of your hubs deliver an alert of it; its events come when it is applied."""
        alert_id = acting.send_alert(self.scope, **self.validated_body(AlertInputSerializer))
        return Response({"alert_id": alert_id}, status=202)


def _clock(reading: ClockReading) -> dict[str, Any]:
    return {"now": reading.at(clock.wall()), "rate": reading.rate}
