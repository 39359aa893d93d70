"""The names behind the numbers of feed entries, for areas that do not know this one (FEED_NAMES)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from portal.events.naming import FeedNames
from rollouts.models import CplEntry, Rollout
from rollouts.states import FailureCode

_REASONS: Final = {code.value: code.name for code in FailureCode if code != FailureCode.NONE}


def feed_names(rollout_ids: Collection[int], version_ids: Collection[int]) -> FeedNames:
    """Return the names of rollouts and the firmware versions of CPL entries, and a word for each reason.

    Whoever asks holds entries of its own feed that carry these numbers, so it may know what they stand for.
    """
    rollouts = Rollout.objects.filter(pk__in=rollout_ids).values_list("id", "name")
    versions = CplEntry.objects.filter(pk__in=version_ids).values_list("id", "firmware_version")
    return FeedNames(rollouts=dict(rollouts), versions=dict(versions), reasons=_REASONS)
