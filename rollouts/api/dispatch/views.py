"""What was sent for a hub, and what it answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.guid import Guid
from portal.rest.operations import operation
from portal.rest.schemas import AllowedNames, Example, list_of
from portal.rest.views import ResourceView
from rollouts.api.enums import ReasonName, Version, reason_of
from rollouts.queries.dispatch.commands import HubCommand, hub_commands
from rollouts.states import AlertCode, CommandKind, CommandStatus


class HubCommandRowSchema(TypedDict):
    """One command that named the hub; the last five are for the DCC and the CSP."""

    kind: Annotated[str, AllowedNames(CommandKind)]
    status: Annotated[str, AllowedNames(CommandStatus)]
    rollout_id: Annotated[int | None, Example(17)]
    rollout_name: Annotated[str, Example("Toshiba 0C230000")]
    firmware_version: Version
    execute_at: datetime | None
    due_at: datetime
    sent_at: datetime | None
    recalled_at: datetime | None
    answered_at: datetime | None
    answer: Annotated[str | None, AllowedNames(AlertCode)]
    reason: ReasonName
    number: Annotated[int | None, Example(9001)]
    hubs: Annotated[int | None, "How many hubs the command names.", Example(1000)]
    attempts: Annotated[int, Example(1)]
    problem: str
    asked_by: str


class HubCommandsView(ResourceView):
    """The commands of a hub."""

    tag = "Estate"
    needs = ApiScope.ESTATE_READ
    polled = True

    @operation("listHubCommands", "List what was sent for a hub", returns=list_of(HubCommandRowSchema))
    def get(self, request: Request, hub: Guid) -> Response:
        """List the commands that named a hub, the latest first: to a Supplier those of its own rollouts."""
        commands = hub_commands(self.scope, guid=str(hub), now=clock.now())
        return Response({"items": [_command(command) for command in commands.commands]})


def _command(command: HubCommand) -> HubCommandRowSchema:
    return {
        "kind": command.kind.name,
        "status": command.status.name,
        "rollout_id": command.rollout_id,
        "rollout_name": command.rollout_name,
        "firmware_version": command.version,
        "execute_at": command.execute_at,
        "due_at": command.due_at,
        "sent_at": command.sent_at,
        "recalled_at": command.recalled_at,
        "answered_at": command.answered_at,
        "answer": None if command.answer is None else command.answer.name,
        "reason": reason_of(command.reason),
        "number": command.number,
        "hubs": command.hubs,
        "attempts": command.attempts,
        "problem": command.problem,
        "asked_by": command.asked_by,
    }
