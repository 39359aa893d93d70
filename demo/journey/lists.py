"""Lists of hubs as Suppliers send them: good ones in many spellings, and every kind that is not taken."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.statements import Sql
from rollouts.models import Rollout

_OF_EACH: Final = 5

#: Why a line is not taken although it names a hub: see `demo/sql/hubs_not_taken.sql`.
_STRANGE: Final = (
    "NOT_A_CHF",
    "SMETS1_OUT_OF_SCOPE",
    "RECOVERY_IN_PROGRESS",
    "NOT_COMMISSIONED",
    "LEFT_SERVICE",
    "MODEL_MISMATCH",
    "ALREADY_AT_VERSION",
    "ALREADY_UPDATED",
    "UPGRADE_PATH",
    "UNKNOWN_DEVICE",
)
_FROM_NOWHERE: Final = ("00-DB-99-99-00-00-00-01", "00:db:99:99:00:00:00:02")
_MALFORMED: Final = (
    "00-DB-12-34-5",
    "1.23457E+15",
    "not a GUID",
    "00-00-00-00-00-00-00-00",
    "FF-FF-FF-FF-FF-FF-FF-FF",
    "00-DB-12-34-56-78-9A-BC-DE",
    "123456789012345",
    '=cmd|" /C calc"!A0',
)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of GUIDs, and what is wrong with how many of its lines, by our own computing."""

    text: bytes
    good: Sequence[int]
    expected: dict[str, int]


def spoilt_list(
    scope: Scope, rollout: Rollout, good: Sequence[int], *, seed: int, as_file: bool = True
) -> HubFile:
    """Write a Supplier's list as they come: mixed spellings, a heading, repeats, bad ones of every kind."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    lines = [_spelt(guid, chance) for guid in good]
    expected: dict[str, int] = {}
    for reason in _STRANGE:
        hubs = _hubs(scope, rollout, reason)
        lines += [str(Guid.from_db(guid)) for guid in hubs]
        expected[reason] = len(hubs)
    lines += [*_FROM_NOWHERE, *_MALFORMED]
    expected["UNKNOWN_DEVICE"] += len(_FROM_NOWHERE)
    expected["MALFORMED_ID"] = len(_MALFORMED)
    repeated = good[:_OF_EACH]
    chance.shuffle(lines)
    lines += [str(Guid.from_db(guid)).lower() for guid in repeated]
    expected["DUPLICATE_IN_LIST"] = len(repeated)
    heading = "\ufeffGUID\r\n" if as_file else ""
    return HubFile(
        (heading + "\r\n".join(lines) + "\r\n").encode(), good, {k: n for k, n in expected.items() if n}
    )


def plain_list(guids: Sequence[int]) -> bytes:
    """Write a list in which nothing is wrong."""
    return "".join(f"{Guid.from_db(guid)}\n" for guid in guids).encode()


def _spelt(guid: int, chance: random.Random) -> str:
    text = str(Guid.from_db(guid))
    return chance.choice(
        (text, text, text.lower(), text.replace("-", ":"), text.replace("-", ""), f'"{text}"', f" {text} ")
    )


def _hubs(scope: Scope, rollout: Rollout, reason: str) -> list[int]:
    column = Sql("h.gpf_guid" if reason == "NOT_A_CHF" else "h.guid")
    entry = rollout.cpl_entry
    rows = sql.rows(
        sql.statement("demo", "hubs_not_taken", column=column),
        {
            "reason": reason,
            "party": scope.organisation_id,
            "model": entry.device_model_id,
            "entry": entry.pk,
            "rollout": rollout.pk,
            "predecessors": list(entry.allowed_predecessor_ids),
            "size": _OF_EACH,
        },
    )
    return [row.guid for row in rows]
