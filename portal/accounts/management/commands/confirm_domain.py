"""Confirm, for the DCC, that an e-mail domain is an organisation's own."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.domains import note_proof
from portal.identity.models import Organisation, OrganisationKind, ProvenDomain
from portal.identity.scope import Scope
from portal.kernel import clock


class Command(BaseCommand):
    """Note a domain as proven by the DCC's word."""

    help = "Confirm that an e-mail domain is an organisation's, where it cannot add a record to its zone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the organisation and the domain."""
        for option in ("--organisation", "--domain"):
            parser.add_argument(option, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Confirm.

        Raises:
            CommandError: there is no such organisation.
        """
        organisation = Organisation.objects.filter(name=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation called {options['organisation']}.")
        scope = Scope(
            organisation_id=organisation.pk,
            kind=OrganisationKind(organisation.kind),
            name="the operator of the portal",
            organisation_name=organisation.name,
        )
        note_proof(scope, options["domain"], by=ProvenDomain.By.DCC, now=clock.now())
        self.stdout.write(f"{options['domain'].lower()} is {organisation.name}'s.")
