"""Messages as they come: bytes to a tree nothing has been fetched for, then to values.

Order matters: size, encoding and markup first, the schema next, then the signature; only what the signature
covers is read for good.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lxml import etree

from portal.kernel.guid import Guid
from rollouts.rules.firmware import NotAVersion, normalise_version
from rollouts.rules.identifiers import NotAnIdentifier, RequestId
from rollouts.service_requests.codes import MessageRefused, ResponseCode
from rollouts.states import InstructionKind

NAMESPACE: Final = "urn:communications-hub-firmware-portal:service-requests:1"
SCHEMA_VERSION: Final = "1.0"
SCHEMAS: Final = Path(__file__).parent / "schema"
LARGEST_MESSAGE: Final = 2 * 1024 * 1024
"""Octets: 50,000 ids take 1.2 million."""

_DECLARATION: Final = re.compile(
    rb"""<\?xml\s+version\s*=\s*["']1\.0["'](?:\s+encoding\s*=\s*["']([^"']{1,40})["'])?"""
    rb"""(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>"""
)
_TAG: Final = f"{{{NAMESPACE}}}"
_VARIANTS: Final = {"11.1": 8, "11.2": 1}
"""Command variants: 8 is for the DCC alone, 1 goes to a device and is not critical."""


@dataclass(frozen=True, slots=True)
class DeviceModelName:
    """A hub model as the Central Products List has it."""

    manufacturer: str
    model: str
    hardware_version: str


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """SR 11.1 on hubs: what a Supplier says about which of them, between commas as they were listed."""

    device_model: DeviceModelName
    firmware_version: str
    device_ids: str
    kind: InstructionKind
    activate_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReadFirmwareVersion:
    """SR 11.2: the hub whose version is to be read."""

    hub: Guid


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """A request, read from what was signed."""

    request_id: RequestId
    body: UpdateFirmware | ReadFirmwareVersion


def parse_message(data: bytes) -> Any:
    """Return the root of a message that meets the schema; nothing is fetched, expanded or guessed.

    Raises:
        MessageRefused: it is too large, no well-formed XML in UTF-8, or not by the schema.
    """
    if len(data) > LARGEST_MESSAGE:
        raise MessageRefused(ResponseCode.TOO_LARGE, f"A message has at most {LARGEST_MESSAGE:,} octets.")
    _check_encoding(data)
    if b"<!" in data.replace(b"<![CDATA[", b""):
        raise _malformed("A message has no document type, no entities and no comments.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_blank_text=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        raise _malformed(f"This is not well-formed XML: line {problem.lineno or 1}.") from problem
    if any(not isinstance(node.tag, str) for node in root.iter()) or root.getprevious() is not None:
        raise _malformed("A message has no comments and no processing instructions.")
    if root.getnext() is not None:
        raise _malformed("Nothing follows the message.")
    _check_schema(root)
    return root


def claimed_id(root: Any) -> RequestId:
    """Return the RequestID of a message that is not proved yet: good for finding the certificate.

    Raises:
        MessageRefused: it is no request, or the id is none.
    """
    if root.tag != f"{_TAG}Request":
        raise MessageRefused(ResponseCode.NOT_BY_SCHEMA, "Send a Request.")
    try:
        return RequestId.parse(_text(root, "Header/RequestID"))
    except NotAnIdentifier as refusal:
        raise MessageRefused(ResponseCode.NOT_BY_SCHEMA, refusal.message) from refusal


def read_request(signed: Any, *, dcc: Guid) -> RequestMessage:
    """Read the request from the tree that was signed.

    Raises:
        MessageRefused: header and body do not fit each other, or a value is impossible.
    """
    request_id = claimed_id(signed)
    reference = _text(signed, "Header/ServiceReference")
    if _text(signed, "Header/ServiceReferenceVariant") != reference:
        raise MessageRefused(ResponseCode.NOT_BY_SCHEMA, "The variant belongs to another Service Request.")
    if int(_text(signed, "Header/CommandVariant")) != _VARIANTS[reference]:
        detail = f"Service Request {reference} has Command Variant {_VARIANTS[reference]}."
        raise MessageRefused(ResponseCode.WRONG_COMMAND_VARIANT, detail)
    update = _child(signed, "Body/UpdateFirmware")
    if (update is not None) != (reference == "11.1"):
        raise MessageRefused(ResponseCode.NOT_BY_SCHEMA, "The body belongs to another Service Request.")
    if update is None:
        return RequestMessage(request_id, ReadFirmwareVersion(request_id.target))
    if request_id.target != dcc:
        raise MessageRefused(ResponseCode.WRONG_TARGET, f"Service Request 11.1 goes to the DCC, {dcc}.")
    return RequestMessage(request_id, _update(update))


def _update(update: Any) -> UpdateFirmware:
    kind, time = InstructionKind.INSTRUCT, _child(update, "ActivationDateTime")
    for name, meant in (
        ("Agree", InstructionKind.AGREE),
        ("Decline", InstructionKind.DECLINE),
        ("Withdraw", InstructionKind.WITHDRAW),
    ):
        if (answer := _child(update, name)) is not None:
            kind, time = meant, _child(answer, "ActivationDateTime")
    try:
        version = normalise_version(_text(update, "FirmwareVersion"))
        activate_at = None if time is None else datetime.fromisoformat(time.text or "")
    except (ValueError, NotAVersion) as impossible:
        raise MessageRefused(ResponseCode.NOT_BY_SCHEMA, "The version or the time is none.") from impossible
    return UpdateFirmware(
        DeviceModelName(
            _text(update, "DeviceModel/Manufacturer"),
            _text(update, "DeviceModel/Model"),
            _text(update, "DeviceModel/HardwareVersion"),
        ),
        version,
        _text(update, "DeviceIDList"),
        kind,
        activate_at,
    )


def _check_encoding(data: bytes) -> None:
    declared = _DECLARATION.match(data)
    if declared and declared[1] and declared[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise _malformed("Send the message in UTF-8.")
    if data.startswith(b"<?xml") and not declared:
        raise _malformed("The XML declaration is not one of XML 1.0.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise _malformed("Send the message in UTF-8.") from problem
    if not text.startswith("<"):
        raise _malformed("A message begins with its XML declaration or its root.")


def _check_schema(root: Any) -> None:
    # Made anew for each message: what a shared schema keeps of its last errors is another Supplier's message.
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "messages-1.0.xsd", etree.XMLParser(no_network=True)))
    if not schema.validate(root):
        errors: Any = schema.error_log
        first = errors[0]
        detail = f"Not by the schema, line {first.line}: {first.message[:300]}"
        raise MessageRefused(ResponseCode.NOT_BY_SCHEMA, detail)


def _malformed(detail: str) -> MessageRefused:
    return MessageRefused(ResponseCode.MALFORMED, detail)


def _child(element: Any, path: str) -> Any:
    return element.find("/".join(f"{_TAG}{name}" for name in path.split("/")))


def _text(element: Any, path: str) -> str:
    child = _child(element, path)
    return "" if child is None else str(child.text or "")
