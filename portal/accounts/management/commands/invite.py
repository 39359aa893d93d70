"""Invite the first administrator of an organisation."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts import people
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.refusals import Refusal


class Command(BaseCommand):
    """Make an account with the administrator's role and mail its link."""

    help = "Invite an administrator of an organisation that has nobody yet, or lost everybody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the organisation, the address and the name."""
        for option in ("--organisation", "--email", "--name"):
            parser.add_argument(option, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Invite.

        Raises:
            CommandError: there is no such organisation, or the address has an account.
        """
        organisation = Organisation.objects.filter(name=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation called {options['organisation']}.")
        kind = OrganisationKind(organisation.kind)
        role = people.ADMINISTRATOR[kind]
        by = Scope(
            organisation_id=organisation.pk,
            kind=kind,
            roles=frozenset({role}),
            name="the operator of the portal",
            organisation_name=organisation.name,
        )
        try:
            user = people.invite(
                by, email=options["email"], name=options["name"], roles=[role], now=clock.now()
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"A link is on its way to {user.email}.")
