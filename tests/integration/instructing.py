"""What tests of instructions share: hubs by how they are supplied, answers given, and the reasons of refusals."""

from __future__ import annotations

from rollouts import services
from rollouts.models import Target
from rollouts.services import HubList
from rollouts.states import InstructionKind

INSTRUCT, AGREE, DECLINE, WITHDRAW = (
    InstructionKind(k) for k in ("INSTRUCT", "AGREE", "DECLINE", "WITHDRAW")
)
SOLE, SPLIT_IMPORT, SPLIT_GAS, ELECTRICITY_ONLY, GAS_ONLY_OF_OTHER = 0, 9, 12, 14, 16
SOLE_OF_OTHER, NOBODYS, OF_OTHERS = 17, 18, 19


def give(scope, rollout, hubs, *, now, kind=INSTRUCT, at=None, check=False, **more):
    """Answer for hubs, named by a text, a list or their GUIDs."""
    use_case = services.check_instruction if check else services.receive_instruction
    return use_case(
        scope,
        rollout_id=rollout.pk,
        kind=kind,
        source=_list_of(hubs),
        activate_at=at,
        received_at=more.pop("received_at", now),
        now=now,
        **more,
    )


def _list_of(hubs) -> HubList:
    if isinstance(hubs, HubList):
        return hubs
    return HubList.from_text(hubs) if isinstance(hubs, str) else HubList.from_stored(sorted(hubs))


def set_target(world, rollout, number: int, **values) -> None:
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(number)).update(**values)


def reasons(receipt) -> dict[str, int]:
    return dict(receipt.tally.rejected_by_reason)
