"""Lists of hubs as people send them: mostly good, some spelt otherwise, some bad in every way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal.kernel import sql
from portal.kernel.guid import format_many

BAD_SHARE: Final = 0.04
_OTHER_SPELLINGS: Final = 0.1
_UNKNOWN: Final = 0x00DB_1234_0000_0000 - 2**63


@dataclass(frozen=True, slots=True)
class MixedList:
    """A list as bytes, and what it holds: `stored` are the good GUIDs in database form."""

    body: bytes
    lines: int
    stored: tuple[int, ...]

    @property
    def good(self) -> int:
        """How many hubs are to be taken."""
        return len(self.stored)


def mixed(good: Sequence[int], *, party_id: int, rollout_id: int) -> MixedList:
    """Mix good GUIDs with as many bad ones as make 4 %, and shuffle them."""
    luck = random.Random(len(good))
    bad_lines = round(len(good) * BAD_SHARE / (1 - BAD_SHARE))
    lines = format_many(good)
    for place in luck.sample(range(len(lines)), round(len(lines) * _OTHER_SPELLINGS)):
        lines[place] = luck.choice(_SPELLINGS)(lines[place])
    lines += _bad(bad_lines, good=lines, party_id=party_id, rollout_id=rollout_id, luck=luck)
    luck.shuffle(lines)
    return MixedList(("\n".join(lines) + "\n").encode(), len(lines), tuple(good))


_SPELLINGS: Final = (
    str.lower,
    lambda text: text.replace("-", ""),
    lambda text: text.replace("-", ":"),
    lambda text: f' "{text}" ',
)


_OWN_ELSEWHERE: Final = (
    "NOT EXISTS (SELECT FROM rollouts_target t WHERE t.rollout_id = %(rollout)s AND t.guid = h.guid)"
    " AND (h.import_supplier_id = %(party)s OR h.gas_supplier_id = %(party)s)"
)
_OF_OTHERS: Final = (
    "h.import_supplier_id IS DISTINCT FROM %(party)s AND h.gas_supplier_id IS DISTINCT FROM %(party)s"
)


def _bad(
    wanted: int, *, good: Sequence[str], party_id: int, rollout_id: int, luck: random.Random
) -> list[str]:
    """Return bad lines, equally many of each kind: repeats, damaged, unknown, of other models, of others, GPFs."""
    share = wanted // 6
    lines = luck.sample(list(good), share)
    lines += [luck.choice(good)[:-3] for _ in range(share)]
    lines += [text[:-1] for text in luck.sample(list(good), share)]
    lines += format_many([_UNKNOWN + luck.randrange(2**31) for _ in range(share)])
    for condition in (_OWN_ELSEWHERE, _OF_OTHERS):
        rows = sql.rows(
            f"SELECT h.guid FROM rollouts_hub h WHERE {condition} LIMIT %(limit)s",
            {"rollout": rollout_id, "party": party_id, "limit": share},
        )
        lines += format_many([row.guid for row in rows])
    rest = wanted - len(lines)
    return lines + [f"not a GUID {number}" for number in range(rest)]
