"""Messages as they go: each a Response of the schema, signed by the portal."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from lxml import etree

from portal.kernel.guid import Guid
from portal.kernel.refusals import Refusal
from rollouts.rules.identifiers import RequestId
from rollouts.service_requests.codes import LIST_OF_REASON, LISTS, MessageRefused, ResponseCode
from rollouts.service_requests.reading import NAMESPACE, SCHEMA_VERSION
from rollouts.service_requests.signatures import Signer, sign
from rollouts.states import RejectionReason

_TAG: Final = f"{{{NAMESPACE}}}"


class ServiceRequestsOff(Refusal):
    """The portal has no key to sign with, or the DCC no User ID: it takes no Service Requests."""

    code = "service_requests_off"
    status = 503


def signer() -> Signer:
    """Return what the portal signs with.

    Raises:
        ServiceRequestsOff: no key is configured.
    """
    if not is_set_up():
        raise ServiceRequestsOff("This portal takes no Service Requests. Use the pages or REST.")
    return _signer(settings.SERVICE_REQUEST_KEY_FILE, settings.SERVICE_REQUEST_CERTIFICATE_FILE)


def is_set_up() -> bool:
    """Return whether there is a key to sign with."""
    return bool(settings.SERVICE_REQUEST_KEY_FILE and settings.SERVICE_REQUEST_CERTIFICATE_FILE)


def acknowledgement(request_id: RequestId, *, at: datetime) -> bytes:
    """Write that a request was received and its signature holds; its outcome follows."""
    response, body = _response(ResponseCode.ACKNOWLEDGED, at=at, request_id=request_id)
    _add(body, "Acknowledgement")
    return signed_bytes(response)


def fault(refused: MessageRefused, *, request_id: RequestId | None, at: datetime) -> bytes:
    """Write that nothing of a request was done, and why."""
    response, body = _response(refused.code, at=at, request_id=request_id)
    element = _add(body, "Fault")
    if refused.reason:
        _add(element, "Reason", refused.reason)
    _add(element, "Text", _printable(refused.text))
    return signed_bytes(response)


def update_result(
    request_id: RequestId,
    *,
    receipt: str,
    accepted: int,
    awaiting_second: int,
    refused: Iterable[tuple[str, str]],
    at: datetime,
) -> str:
    """Write what became of a request: ids that were not taken (as written, reason), the rest was accepted."""
    lists, others = _by_list(refused)
    code = ResponseCode.PARTLY_TAKEN if lists or others else ResponseCode.SUCCESS
    response, body = _response(code, at=at, request_id=request_id)
    result = _add(body, "UpdateFirmwareResult")
    _add(result, "Receipt", receipt)
    _add(result, "Accepted", str(accepted))
    _add(result, "AwaitingSecondSupplier", str(awaiting_second))
    if lists or others:
        warning = _add(result, "UpdateFirmwareWarning")
        for name in LISTS:
            if name in lists:
                _add(warning, name, ",".join(lists[name]))
        for reason in sorted(others):
            _add(warning, "OtherReason", ",".join(others[reason])).set("code", reason)
    return _signed_text(response)


def reading_result(request_id: RequestId, *, hub: Guid, version: str | None, at: datetime) -> str:
    """Write which version a hub answered with; none: it did not answer."""
    code = ResponseCode.NO_ANSWER_FROM_DEVICE if version is None else ResponseCode.SUCCESS
    response, body = _response(code, at=at, request_id=request_id)
    _hub_version(_add(body, "ReadFirmwareVersionResult"), hub, version)
    return _signed_text(response)


def activation_alert(response_id: RequestId, *, hub: Guid, version: str, at: datetime) -> str:
    """Write the DCC Alert of a hub that has activated its firmware (R4.7)."""
    response, body = _response(ResponseCode.SUCCESS, at=at, response_id=response_id)
    message = _add(body, "DCCAlertMessage")
    _add(message, "DCCAlertCode", settings.DCC_ALERT_CODE)
    _hub_version(_add(_add(message, "DCCAlert"), "CommsHubFirmwareActivation"), hub, version)
    return _signed_text(response)


def page_of_messages(messages: Iterable[str], *, position: int, head: int) -> bytes:
    """Write messages, each signed by itself, and where to go on."""
    page = etree.Element(f"{_TAG}Messages", nsmap={"sr": NAMESPACE})
    page.set("schemaVersion", SCHEMA_VERSION)
    page.set("position", str(position))
    page.set("head", str(head))
    page.text = ""  # so that the element is written with an end of its own
    before, after = _bytes(page).rsplit(b"<", 1)
    return b"".join([before, *(message.encode() for message in messages), b"<", after])


def signed_bytes(response: Any) -> bytes:
    """Sign a message and write it down."""
    return _bytes(sign(response, signer()))


def _signed_text(response: Any) -> str:
    return str(etree.tostring(sign(response, signer()), encoding="unicode"))


def _response(
    code: ResponseCode,
    *,
    at: datetime,
    request_id: RequestId | None = None,
    response_id: RequestId | None = None,
) -> tuple[Any, Any]:
    response = etree.Element(f"{_TAG}Response", nsmap={"sr": NAMESPACE})
    response.set("schemaVersion", SCHEMA_VERSION)
    header = _add(response, "Header")
    if request_id is not None:
        _add(header, "RequestID", str(request_id))
        response_id = request_id.answered
    if response_id is not None:
        _add(header, "ResponseID", str(response_id))
    _add(header, "ResponseCode", code.value)
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _add(header, "ResponseDateTime", stamp)
    return response, _add(response, "Body")


def _hub_version(element: Any, hub: Guid, version: str | None) -> None:
    _add(element, "DeviceID", str(hub))
    if version is not None:
        _add(element, "FirmwareVersion", version)


def _by_list(refused: Iterable[tuple[str, str]]) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    lists: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for raw, reason in refused:
        if name := LIST_OF_REASON.get(reason):
            lists.setdefault(name, []).append(raw)
        else:
            others.setdefault(str(RejectionReason(reason)), []).append(raw)
    return lists, others


def _add(parent: Any, name: str, text: str | None = None) -> Any:
    element = etree.SubElement(parent, f"{_TAG}{name}")
    element.text = text
    return element


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _bytes(root: Any) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


@functools.cache
def _signer(key: str, certificate: str) -> Signer:
    return Signer.from_pem(Path(key).read_bytes(), Path(certificate).read_bytes())
