"""What a Supplier is told of an instruction: values without a table of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from portal.kernel.spreadsheets import NotRead
from rollouts.models.instructions import Instruction
from rollouts.states import Consent

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class InstructionTally:
    """How an instruction went: what was taken, what it led to, what was not taken and why."""

    accepted: int = 0
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    consents: Mapping[Consent, int] = field(default_factory=dict)
    days: Mapping[date, int] = field(default_factory=dict)
    unchosen: int = 0
    """Hubs whose time nobody chose to the minute: they activate in the hours of activation."""

    @classmethod
    def of(cls, rows: Iterable[Any]) -> InstructionTally:
        """Add up rows of hubs that were taken: consent, day, is_unchosen and their number, n."""
        consents: Counter[Consent] = Counter()
        days: Counter[date] = Counter()
        unchosen = 0
        for row in rows:
            consents[Consent(row.consent)] += row.n
            days[row.day] += row.n
            unchosen += row.n if row.is_unchosen else 0
        return cls(accepted=consents.total(), consents=dict(consents), days=dict(days), unchosen=unchosen)

    @property
    def rejected(self) -> int:
        """How many lines were not taken."""
        return sum(self.rejected_by_reason.values())

    @property
    def complete(self) -> int:
        """How many hubs now wait for nobody."""
        return sum(n for consent, n in self.consents.items() if consent >= Consent.COMPLETE)

    @property
    def waiting_for_second(self) -> int:
        """How many hubs wait for their second Supplier."""
        return self.consents.get(Consent.AWAITING_SECOND, 0)

    @property
    def document(self) -> dict[str, Any]:
        """Return the accepted part as JSON."""
        return {
            "consents": {Consent(consent).name: n for consent, n in sorted(self.consents.items())},
            "days": {day.isoformat(): n for day, n in sorted(self.days.items())},
            "unchosen": self.unchosen,
        }

    @classmethod
    def read(cls, instruction: Instruction) -> InstructionTally:
        """Read back what was stored with an instruction."""
        summary = instruction.summary or {}
        return cls(
            accepted=instruction.accepted,
            rejected_by_reason=dict(instruction.rejected_by_reason),
            consents={Consent[name]: n for name, n in summary.get("consents", {}).items()},
            days={date.fromisoformat(day): n for day, n in summary.get("days", {}).items()},
            unchosen=summary.get("unchosen", 0),
        )

    def plus(self, other: InstructionTally) -> InstructionTally:
        """Add up two slices of one instruction."""
        return InstructionTally(
            self.accepted + other.accepted,
            _sum(self.rejected_by_reason, other.rejected_by_reason),
            _sum(self.consents, other.consents),
            _sum(self.days, other.days),
            self.unchosen + other.unchosen,
        )


def _sum(left: Mapping[K, int], other: Mapping[K, int]) -> dict[K, int]:
    return {key: left.get(key, 0) + other.get(key, 0) for key in {**left, **other}}


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an instruction was received, when, and how far it has come (R4.1)."""

    id: int
    reference: str
    rollout_id: int
    kind: str
    channel: str
    name: str
    activate_at: datetime | None
    received_at: datetime
    finished_at: datetime | None
    status: str
    refusal: str
    file_name: str
    sha256: str
    lines: int
    processed: int
    tally: InstructionTally
    not_read: tuple[NotRead, ...] = ()
    is_repeat: bool = False

    @classmethod
    def of(cls, instruction: Instruction, *, is_repeat: bool = False) -> Receipt:
        """Make the receipt of an instruction as it now stands."""
        return cls(
            id=instruction.pk,
            reference=instruction.reference,
            rollout_id=instruction.rollout_id,
            kind=instruction.kind,
            channel=instruction.channel,
            name=instruction.name,
            activate_at=instruction.activate_at,
            received_at=instruction.received_at,
            finished_at=instruction.finished_at,
            status=instruction.status,
            refusal=instruction.refusal,
            file_name=instruction.file_name,
            sha256=bytes(instruction.sha256 or b"").hex(),
            lines=instruction.lines,
            processed=instruction.processed,
            tally=InstructionTally.read(instruction),
            not_read=tuple(map(NotRead.of, instruction.not_read)),
            is_repeat=is_repeat,
        )

    @property
    def accepted(self) -> int:
        """How many hubs were taken so far."""
        return self.tally.accepted

    @property
    def rejected(self) -> int:
        """How many lines were not taken so far."""
        return self.tally.rejected

    @property
    def is_finished(self) -> bool:
        """Return whether every line has been dealt with."""
        return self.finished_at is not None
