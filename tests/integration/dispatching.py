"""What the tests of dispatch, halts and readings share: targets put somewhere, and a CSP that listens."""

from __future__ import annotations

from datetime import timedelta

from portal.kernel import sql
from rollouts import gateways, services
from rollouts.models import (
    Target,
)


def settle(rollout, *, state=20, consent=4, where="true", **columns):
    """Let targets stand somewhere, as instructions and alerts would have brought them there.

    Those that hold the image have been instructed for their time, unless it is said otherwise.
    """
    changes = {"state": state, "consent": consent, **columns}
    if state == 40 and consent == 4 and "effective_at" in columns:
        changes = {"import_answer": 1, "import_time": columns["effective_at"], **changes}
    text = ", ".join(f"{name} = %({name})s" for name in changes)
    return sql.run(
        f"UPDATE rollouts_target SET {text} WHERE rollout_id = %(rollout)s AND ({where})",
        {**changes, "rollout": rollout.pk},
    )


def states(rollout):
    """How many targets stand in which state."""
    counted = {}
    for state in Target.objects.filter(rollout_id=rollout.pk).values_list("state", flat=True):
        counted[state] = counted.get(state, 0) + 1
    return counted


def target(rollout, guid):
    """One target as it stands."""
    return Target.objects.get(rollout_id=rollout.pk, guid=guid)


def dispatch(now, region=2, seconds=30.0):
    """Let the region's sender run once."""
    return services.dispatch_region(
        region, network_of=gateways.network_of, tell_time=lambda: now, seconds=seconds
    )


def wait(seconds):
    """Let so many seconds pass for whoever rests."""
    for table, column in (("rollouts_cspchannel", "paused_until"), ("rollouts_command", "next_try_at")):
        sql.run(f"UPDATE {table} SET {column} = {column} - %(by)s", {"by": timedelta(seconds=seconds)})
