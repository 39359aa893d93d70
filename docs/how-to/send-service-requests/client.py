"""A worked client of the Service Requests: signs with a key file, sends, waits, prints what came of it.

    python client.py instruct hubs.txt --at 2027-02-01T02:00:00Z
    python client.py agree|decline|withdraw hubs.txt
    python client.py read 00-DB-12-34-00-00-00-00
    python client.py follow

It needs Python 3.11, httpx, lxml and signxml. Who it is stands in the environment: see README.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConfiguration,
    SignatureMethod,
    XMLSigner,
    XMLVerifier,
)

NAMESPACE = "urn:communications-hub-firmware-portal:service-requests:1"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"sr": NAMESPACE}
ANSWERS = {"agree": "Agree", "decline": "Decline", "withdraw": "Withdraw"}


class Client:
    """One User ID's access to the portal."""

    def __init__(self, environment: Any) -> None:
        self.url = environment["PORTAL_URL"].rstrip("/")
        self.user, self.dcc = environment["SR_USER_ID"], environment["SR_DCC_ID"]
        self.key = load_pem_private_key(Path(environment["SR_KEY"]).read_bytes(), None)
        self.certificate = x509.load_pem_x509_certificate(Path(environment["SR_CERTIFICATE"]).read_bytes())
        self.portals = x509.load_pem_x509_certificate(Path(environment["SR_PORTAL_CERTIFICATE"]).read_bytes())
        self.http = httpx.Client(timeout=120)
        self.credentials = (environment["SR_CLIENT_ID"], environment["SR_CLIENT_SECRET"])
        self.place = Path(environment.get("SR_STATE", "service-requests.position"))

    def send(self, request: Any) -> Any:
        """Sign a request, send it, and return the answer; the same octets again if none comes."""
        body = etree.tostring(self.signed(request), xml_declaration=True, encoding="UTF-8")
        for attempt in range(5):
            try:
                answer = self.http.post(
                    f"{self.url}/service-requests",
                    content=body,
                    headers={**self.token(), "Content-Type": "application/xml"},
                )
            except httpx.TransportError:
                time.sleep(2**attempt)
                continue
            if answer.headers["Content-Type"].startswith("application/xml"):
                return self.checked(etree.fromstring(answer.content))
            answer.raise_for_status()
        sys.exit("The portal does not answer. Send the same message again later.")

    def follow(self) -> Iterator[Any]:
        """Yield each message once, from where the last run stopped, and wait for more."""
        while True:
            yield from self.messages()
            time.sleep(1)

    def messages(self) -> Iterator[Any]:
        """Yield the messages there are, each once."""
        while True:
            after = self.place.read_text().strip() if self.place.exists() else ""
            query = {"user": self.user, **({"after": after} if after else {})}
            answer = self.http.get(
                f"{self.url}/service-requests/messages", params=query, headers=self.token()
            )
            answer.raise_for_status()
            page = etree.fromstring(answer.content)
            for message in page:
                yield self.checked(etree.fromstring(etree.tostring(message, with_tail=False)))
            self.place.write_text(page.get("position"))  # only now: what is lost before comes again
            if page.get("position") == page.get("head"):
                return

    def token(self) -> dict[str, str]:
        """Return the header that lets us in."""
        data = {"grant_type": "client_credentials"}
        answer = self.http.post(f"{self.url}/oauth/token", auth=self.credentials, data=data)
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def signed(self, request: Any) -> Any:
        """Return a request with its signature."""
        info = etree.Element(f"{{{DS}}}KeyInfo", nsmap={"ds": DS})
        named = etree.SubElement(etree.SubElement(info, f"{{{DS}}}X509Data"), f"{{{DS}}}X509IssuerSerial")
        etree.SubElement(named, f"{{{DS}}}X509IssuerName").text = self.certificate.issuer.rfc4514_string()
        etree.SubElement(named, f"{{{DS}}}X509SerialNumber").text = str(self.certificate.serial_number)
        return XMLSigner(
            signature_algorithm=SignatureMethod.ECDSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        ).sign(request, key=self.key, key_info=info)

    def checked(self, message: Any) -> Any:
        """Return what the portal has signed of a message; nothing else is believed."""
        config = SignatureConfiguration(
            location="./",
            signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
            digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        )
        return XMLVerifier().verify(message, x509_cert=self.portals, expect_config=config).signed_xml

    def request(self, service: str, variant: int, target: str) -> tuple[Any, Any]:
        """Return a request and its empty body. The clock in microseconds makes a counter that rises."""
        request = etree.Element(f"{{{NAMESPACE}}}Request", nsmap={"sr": NAMESPACE}, schemaVersion="1.0")
        header = add(request, "Header")
        add(header, "RequestID", f"{self.user}:{target}:{time.time_ns() // 1000}")
        add(header, "CommandVariant", str(variant))
        add(header, "ServiceReference", service)
        add(header, "ServiceReferenceVariant", service)
        return request, add(request, "Body")


def add(parent: Any, name: str, text: str | None = None) -> Any:
    """Add an element."""
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element


def text_of(message: Any, name: str) -> str:
    """Return the text of the first element of a name."""
    return str(message.findtext(f".//sr:{name}", default="", namespaces=NAMES))


def show(message: Any) -> None:
    """Print a message: its code, what it is about, and the hubs of each list."""
    print(text_of(message, "ResponseCode"), text_of(message, "ResponseID"))
    for element in message.find("sr:Body", NAMES).iter():
        name, code = etree.QName(element).localname, element.get("code")
        if element.text and element.text.strip():
            print(f"  {code or name}: {element.text.strip()}")


def reading(client: Client, hub: str) -> Any:
    """Write SR 11.2: read the firmware version of a hub."""
    request, body = client.request("11.2", 1, hub)
    add(body, "ReadFirmwareVersion")
    return request


def updating(
    client: Client, act: str, hubs: list[str], model: list[str], version: str, at: str | None
) -> Any:
    """Write SR 11.1: instruct, agree, decline or withdraw."""
    request, body = client.request("11.1", 8, client.dcc)
    update = add(body, "UpdateFirmware")
    named = add(update, "DeviceModel")
    for name, value in zip(("Manufacturer", "Model", "HardwareVersion"), model, strict=True):
        add(named, name, value)
    add(update, "FirmwareVersion", version)
    add(update, "DeviceIDList", ",".join(hubs))
    place = add(update, ANSWERS[act]) if act in ANSWERS else update
    if at:
        add(place, "ActivationDateTime", at)
    return request


def main(arguments: list[str] | None = None) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Service Requests by signed XML")
    parser.add_argument("act", choices=["instruct", *ANSWERS, "read", "follow"])
    parser.add_argument("hubs", nargs="?", help="a file with a GUID a line; of `read` one GUID")
    parser.add_argument("--at", help="when to activate, in UTC: 2027-02-01T02:00:00Z")
    parser.add_argument("--model", nargs=3, default=os.environ.get("SR_MODEL", "").split() or None)
    parser.add_argument("--version", default=os.environ.get("SR_VERSION"))
    wanted = parser.parse_args(arguments)
    client = Client(os.environ)
    if wanted.act == "follow":
        for message in client.follow():
            show(message)
        return
    if wanted.act == "read":
        request = reading(client, wanted.hubs)
    else:
        hubs = Path(wanted.hubs).read_text().split()
        request = updating(client, wanted.act, hubs, wanted.model, wanted.version, wanted.at)
    taken = client.send(request)
    show(taken)
    if text_of(taken, "ResponseCode") != "I99":
        sys.exit(1)
    for message in client.follow():
        show(message)
        if text_of(message, "RequestID") == text_of(taken, "RequestID"):
            return


if __name__ == "__main__":
    main()
