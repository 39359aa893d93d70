"""Whose an e-mail domain is: an organisation claims it, and a record in its zone or the DCC shows it.

Until then a claim leads nobody anywhere. What a claim is answered says nothing of other organisations.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.conf import settings

from portal.events import journal
from portal.identity.models import Organisation, ProvenDomain
from portal.identity.scope import Scope
from portal.kernel.outgoing.calls import addresses_of
from portal.kernel.transactions import inside_unit_of_work, unit_of_work

PROOF_ADDRESS: Final = "192.0.2.1"
"""What the record says: an address for documentation, which nothing else has a reason to name."""
_SECONDS: Final = 3.0


def record_name(organisation_id: int, domain: str) -> str:
    """Name the record that shows a domain to be this organisation's; nobody else can tell its first part."""
    about = f"portal.accounts.domains:{organisation_id}:{domain}".encode()
    secret = hmac.new(settings.SECRET_KEY.encode(), about, hashlib.sha256).hexdigest()[:32]
    return f"{secret}.firmware-portal.{domain}"


def proven(organisation_id: int) -> frozenset[str]:
    """Return the domains that are shown to be an organisation's."""
    own = ProvenDomain.objects.filter(organisation_id=organisation_id)
    return frozenset(own.values_list("name", flat=True))


def look_for_records(scope: Scope, domains: Iterable[str], *, now: datetime) -> None:
    """Look for the record of each domain that is not proven yet, and note those that are there."""
    for domain in sorted(set(domains) - proven(scope.organisation_id)):
        if PROOF_ADDRESS in addresses_of(record_name(scope.organisation_id, domain), seconds=_SECONDS):
            note_proof(scope, domain, by=ProvenDomain.By.DNS, now=now)


@unit_of_work
def note_proof(scope: Scope, domain: str, *, by: ProvenDomain.By, now: datetime) -> None:
    """Note that a domain is the actor's organisation's; whoever holds its zone last has it."""
    _keep(scope, domain, by=by, now=now)


@inside_unit_of_work
def _keep(scope: Scope, domain: str, *, by: ProvenDomain.By, now: datetime) -> None:
    organisation = Organisation.objects.get(pk=scope.organisation_id)
    ProvenDomain.objects.update_or_create(
        name=domain.lower(), defaults={"organisation": organisation, "by": by, "proved_at": now}
    )
    facts = {"domain": domain.lower(), "by": by.value}
    subject = f"organisation:{organisation.pk}"
    journal.record("email-domain.proved", subject=subject, by=scope, at=now, facts=facts)
