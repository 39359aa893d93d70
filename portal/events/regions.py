"""The regions that entries of a feed are chosen by; another area knows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from django.conf import settings
from django.db.models import IntegerChoices
from django.utils.module_loading import import_string

from portal.identity.scope import Scope
from portal.kernel.sql import Sql


class FeedRegions(Protocol):
    """The regions there are, and which entries are of them."""

    words: type[IntegerChoices]

    def condition(self, scope: Scope, regions: Sequence[int]) -> Sql:
        """Return what holds of an `entry` of the party's feed that is about a hub of these regions."""


def feed_regions() -> FeedRegions:
    """Return what knows the regions (FEED_REGIONS)."""
    regions: FeedRegions = import_string(settings.FEED_REGIONS)
    return regions
