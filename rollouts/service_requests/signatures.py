"""Signatures of messages: XMLDSig, enveloped, exclusive canonicalisation, ECDSA on P-256 with SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConfiguration,
    SignatureMethod,
    XMLSigner,
    XMLVerifier,
)
from signxml.exceptions import SignXMLException

from rollouts.service_requests.codes import MessageRefused, ResponseCode

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and the certificate that goes with it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def from_pem(cls, key: bytes, certificate: bytes) -> Signer:
        """Read both; ValueError where the key is none on P-256, or not the certificate's."""
        private = serialization.load_pem_private_key(key, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise ValueError("The signing key is not one on the curve P-256.")
        read = x509.load_pem_x509_certificate(certificate)
        if read.public_key() != private.public_key():
            raise ValueError("The signing certificate belongs to another key.")
        return cls(private, read)


def sign(message: Any, signer: Signer) -> Any:
    """Return the message with its signature as the last child of its root."""
    return XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    ).sign(message, key=signer.key, key_info=_key_info(signer.certificate))


def named_certificate(root: Any) -> tuple[str, str]:
    """Return issuer and serial number of the certificate a message names; a hint, no proof.

    Raises:
        MessageRefused: the message is not signed.
    """
    named = root.find(f"{_DS}Signature/{_DS}KeyInfo/{_DS}X509Data/{_DS}X509IssuerSerial")
    if named is None:
        raise MessageRefused(ResponseCode.BAD_SIGNATURE, "The message is not signed.")
    return str(named.findtext(f"{_DS}X509IssuerName")), str(named.findtext(f"{_DS}X509SerialNumber"))


def signed_part(root: Any, certificate: x509.Certificate, *, now: datetime) -> Any:
    """Return what the signature covers, as a tree of its own: nothing else may be believed.

    Raises:
        MessageRefused: the signature is not that of this certificate over this message.
    """
    config = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=now,
    )
    try:
        result = XMLVerifier().verify(root, x509_cert=certificate, expect_config=config)
    except (SignXMLException, etree.LxmlError, ValueError, TypeError) as problem:
        detail = "The signature does not fit the message and the certificate."
        raise MessageRefused(ResponseCode.BAD_SIGNATURE, detail) from problem
    signed = getattr(result, "signed_xml", None)
    if signed is None or signed.tag != root.tag:
        raise MessageRefused(ResponseCode.BAD_SIGNATURE, "The signature does not cover the whole message.")
    return signed


def _key_info(certificate: x509.Certificate) -> Any:
    info = etree.Element(f"{_DS}KeyInfo", nsmap={"ds": _DS[1:-1]})
    named = etree.SubElement(etree.SubElement(info, f"{_DS}X509Data"), f"{_DS}X509IssuerSerial")
    etree.SubElement(named, f"{_DS}X509IssuerName").text = certificate.issuer.rfc4514_string()
    etree.SubElement(named, f"{_DS}X509SerialNumber").text = str(certificate.serial_number)
    return info
