"""The Supplier that works by signed XML alone: it runs the worked client of the how-to and checks answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final

from demo.journey.cast import Journey, own_hubs
from demo.journey.lists import HubFile
from demo.journey.visitor import TurnedAway
from demo.journey.waiting import settle
from demo.seed.people import scope_of
from demo.seed.xml_supplier import XML_SUPPLIER, client_variables, names_of, worked_client
from portal.events.kinds import EntryKind
from portal.events.models import FeedEntry
from portal.kernel.guid import Guid
from rollouts.models import Instruction
from rollouts.states import InstructionKind, TargetState

_READ: Final = 10
_ANSWERS: Final = ("UpdateFirmwareResult", "ReadFirmwareVersionResult")

#: The list of a response that names a hub, by why it was not taken; what is not here goes under its own code.
_LISTS: Final[Mapping[str, str]] = {
    "UNKNOWN_DEVICE": "InvalidDeviceIDList",
    "MALFORMED_ID": "InvalidDeviceIDList",
    "NOT_A_CHF": "InvalidDeviceIDList",
    "NOT_COMMISSIONED": "NotCommissionedDeviceIDList",
    "LEFT_SERVICE": "NotCommissionedDeviceIDList",
    "RECOVERY_IN_PROGRESS": "NotCommissionedDeviceIDList",
    "SMETS1_OUT_OF_SCOPE": "NotApplicableFirmwareDeviceIDList",
    "MODEL_MISMATCH": "NotApplicableFirmwareDeviceIDList",
    "ALREADY_AT_VERSION": "NotApplicableFirmwareDeviceIDList",
    "ALREADY_UPDATED": "NotApplicableFirmwareDeviceIDList",
    "UPGRADE_PATH": "NotApplicableFirmwareDeviceIDList",
    "NOT_IN_ROLLOUT": "NotApplicableFirmwareDeviceIDList",
    "OTHER_UPDATE_IN_PROGRESS": "OtherRequestInProgressList",
}


@dataclass(slots=True)
class XmlDesk:
    """What a Supplier's system has sent, and what it was told."""

    code: ModuleType
    client: Any
    sent: dict[str, str] = field(default_factory=dict)  # what each request was, by its RequestID
    messages: list[Any] = field(default_factory=list)

    def send(self, request: Any, what: str) -> str:
        """Send a request, and return its id.

        Raises:
            TurnedAway: it was refused as a whole.
        """
        taken = self.client.send(request)
        request_id, code = self.code.text_of(taken, "RequestID"), self.code.text_of(taken, "ResponseCode")
        if code != "I99":
            raise TurnedAway(
                f"{code} {self.code.text_of(taken, 'Reason')}: {self.code.text_of(taken, 'Text')}"
            )
        self.sent[request_id] = what
        return str(request_id)

    def fetch(self) -> None:
        """Fetch the messages there are."""
        self.messages += self.client.messages()

    def of(self, name: str) -> list[Any]:
        """Return the messages of a kind."""
        return [
            each for each in self.messages if each.find(f".//{{{self.code.NAMESPACE}}}{name}") is not None
        ]


def desk_of(journey: Journey) -> XmlDesk:
    """Return the desk of this journey's XML Supplier, ready to send."""
    if journey.xml_desk is None:
        code = worked_client()
        journey.xml_desk = XmlDesk(code, code.Client(client_variables()))
    desk: XmlDesk = journey.xml_desk
    return desk


def send_list(
    journey: Journey, kind: InstructionKind, ids: Sequence[str], *, activate_at: datetime | None
) -> Instruction:
    """Send a list as SR 11.1.

    Raises:
        TurnedAway: it was refused as a whole.
    """
    desk, rollout = desk_of(journey), journey.rollout
    at = f"{activate_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if activate_at else None
    request = desk.code.updating(desk.client, kind.value.lower(), list(ids), *names_of(rollout), at)
    return Instruction.objects.get(idempotency_key=desk.send(request, kind.value))


def ids_of(file: bytes) -> list[str]:
    """Take the ids out of a file, as they are spelt."""
    return [line for line in file.decode("utf-8-sig").splitlines() if line and line != "GUID"]


def readings(journey: Journey) -> None:
    """Let the Supplier that works by XML have hubs read that are done."""
    read_hubs(journey, own_hubs(journey, XML_SUPPLIER, states=[TargetState.ACTIVATED])[:_READ])
    settle(journey.clocks, journey.simulator)


def read_hubs(journey: Journey, hubs: Sequence[int]) -> None:
    """Ask for the version of hubs, each by SR 11.2."""
    desk = desk_of(journey)
    for hub in hubs:
        desk.send(desk.code.reading(desk.client, str(Guid.from_db(hub))), "READ")


def check_lists(journey: Journey, taken: Instruction, spoilt: HubFile) -> None:
    """Compare the lists of a response with what is wrong with the list that was sent.

    Raises:
        AssertionError: the response does not name the hubs by reason.
    """
    settle(journey.clocks, journey.simulator)
    desk = desk_of(journey)
    desk.fetch()
    (response,) = [
        each for each in desk.messages if desk.code.text_of(each, "RequestID") == taken.idempotency_key
    ]
    expected: Counter[str] = Counter()
    for reason, hubs in spoilt.expected.items():
        expected[_LISTS.get(reason, reason)] += hubs
    warning = response.find(f".//{{{desk.code.NAMESPACE}}}UpdateFirmwareWarning")
    warnings = {each.get("code") or each.tag.split("}")[1]: each.text.count(",") + 1 for each in warning}
    accepted = int(desk.code.text_of(response, "Accepted"))
    if (warnings, accepted) != (dict(expected), len(spoilt.good)):
        raise AssertionError(f"The response names {warnings}, {accepted} accepted; not {dict(expected)}.")


def figures(journey: Journey) -> dict[str, Any]:
    """Fetch what is left, and count: requests, alerts, and what is wrong with answers and alerts."""
    desk = desk_of(journey)
    desk.fetch()
    party = scope_of(XML_SUPPLIER).organisation_id
    entries = FeedEntry.objects.filter(party_id=party, kind=EntryKind.HUB_ACTIVATED)
    guids = entries.values_list("guid", flat=True)
    alerts_due = Counter(str(Guid.from_db(guid)) for guid in guids if guid is not None)
    alerts = Counter(desk.code.text_of(each, "DeviceID") for each in desk.of("CommsHubFirmwareActivation"))
    answers = Counter(desk.code.text_of(each, "RequestID") for name in _ANSWERS for each in desk.of(name))
    elsewhere = Instruction.objects.filter(organisation_id=party).exclude(channel="XML")
    return {
        "xml_requests": len(desk.sent),
        "xml_kinds": dict(Counter(desk.sent.values())),
        "xml_alerts": alerts.total(),
        "xml_answers_wrong": _differences(Counter(dict.fromkeys(desk.sent, 1)), answers),
        "xml_alerts_wrong": _differences(alerts_due, alerts),
        "xml_supplier_elsewhere": elsewhere.count(),
    }


def _differences(due: Counter[str], entries: Counter[str]) -> int:
    return (due - entries).total() + (entries - due).total()
