"""Which feed entries are about hubs of some regions, for areas that do not know this one (FEED_REGIONS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.sql import Sql
from rollouts.states import Region


class _HubRegions:
    words = Region

    def condition(self, scope: Scope, regions: Sequence[int]) -> Sql:
        """Return what holds of an `entry` of the party's feed that is about a hub of these regions."""
        params = {"of_regions": list(regions), "is_supplier": scope.is_supplier}
        return Sql(sql.statement("rollouts", "feed_of_regions").text, params)


FEED_REGIONS: Final = _HubRegions()
