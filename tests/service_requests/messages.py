"""What a User of the Service Requests has: keys, certificates, and a hand to write and sign with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree

from rollouts.service_requests.reading import NAMESPACE, parse_message
from rollouts.service_requests.signatures import Signer, sign, signed_part

DCC = "90-B3-D5-1F-30-00-00-02"
USER, OTHER_USER = "90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-03-00-00"
SR = {"sr": NAMESPACE}


def name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test SMKI, Ltd"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def issue(
    subject: str,
    by: Signer | None = None,
    *,
    starts: datetime | None = None,
    ends: datetime | None = None,
    curve: ec.EllipticCurve | None = None,
    is_authority: bool = False,
) -> Signer:
    """Issue a certificate; a root where nobody issues it."""
    is_authority = is_authority or by is None
    key = ec.generate_private_key(curve or ec.SECP256R1())
    starts = starts or datetime.now(UTC) - timedelta(days=30)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(by.certificate.subject if by else name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends or datetime.now(UTC) + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    return Signer(key, builder.sign(by.key if by else key, hashes.SHA256()))


def pem(signer: Signer) -> str:
    return signer.certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(signer: Signer) -> bytes:
    return signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def update(
    hubs: list[str] | str,
    *,
    counter: int = 1,
    answer: str = "",
    user: str = USER,
    version: str = "0C230000",
    variant: int = 8,
    target: str = DCC,
) -> bytes:
    """Write SR 11.1, not signed yet; `answer` is the XML of a time or of another answer."""
    ids = hubs if isinstance(hubs, str) else ",".join(hubs)
    return f"""<sr:Request xmlns:sr="{NAMESPACE}" schemaVersion="1.0">
  <sr:Header>
    <sr:RequestID>{user}:{target}:{counter}</sr:RequestID>
    <sr:CommandVariant>{variant}</sr:CommandVariant>
    <sr:ServiceReference>11.1</sr:ServiceReference>
    <sr:ServiceReferenceVariant>11.1</sr:ServiceReferenceVariant>
  </sr:Header>
  <sr:Body><sr:UpdateFirmware>
    <sr:DeviceModel>
      <sr:Manufacturer>Toshiba</sr:Manufacturer><sr:Model>433100AC</sr:Model>
      <sr:HardwareVersion>00AC</sr:HardwareVersion>
    </sr:DeviceModel>
    <sr:FirmwareVersion>{version}</sr:FirmwareVersion>
    <sr:DeviceIDList>{ids}</sr:DeviceIDList>
    {answer}
  </sr:UpdateFirmware></sr:Body>
</sr:Request>""".encode()


def read_version(hub: str, *, counter: int = 1, user: str = USER) -> bytes:
    """Write SR 11.2, not signed yet."""
    return f"""<sr:Request xmlns:sr="{NAMESPACE}" schemaVersion="1.0">
  <sr:Header>
    <sr:RequestID>{user}:{hub}:{counter}</sr:RequestID>
    <sr:CommandVariant>1</sr:CommandVariant>
    <sr:ServiceReference>11.2</sr:ServiceReference>
    <sr:ServiceReferenceVariant>11.2</sr:ServiceReferenceVariant>
  </sr:Header>
  <sr:Body><sr:ReadFirmwareVersion/></sr:Body>
</sr:Request>""".encode()


def signed(message: bytes, signer: Signer) -> bytes:
    """Sign a message as a User does."""
    return etree.tostring(sign(etree.fromstring(message), signer), xml_declaration=True, encoding="UTF-8")


@dataclass(frozen=True)
class Read:
    """A response that was checked: by the schema, and against the portal's certificate."""

    root: etree._Element

    def text(self, path: str) -> str | None:
        return self.root.findtext("/".join(f"sr:{part}" for part in path.split("/")), namespaces=SR)

    @property
    def code(self) -> str | None:
        return self.text("Header/ResponseCode")

    @property
    def reason(self) -> str | None:
        return self.text("Body/Fault/Reason")


def checked(data: bytes, portal: Signer) -> Read:
    """Check a response as a User does, and read what was signed."""
    root = parse_message(data)
    return Read(signed_part(root, portal.certificate, now=datetime.now(UTC)))


def messages_of(page: bytes, portal: Signer) -> list[Read]:
    """Take each message out of a page and check it by itself."""
    return [
        checked(etree.tostring(each, with_tail=False), portal)
        for each in parse_message(page).iterfind("sr:Response", SR)
    ]


def position_of(page: bytes) -> int:
    match = re.search(rb'position="(\d+)"', page)
    assert match
    return int(match[1])
