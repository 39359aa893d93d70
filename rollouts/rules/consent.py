"""Whose answer decides: consent and effective time of one hub. No database and no clock.

The SQL that applies `resolve` to millions of targets is held equal to it by a property test over every
combination.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from rollouts.states import FINAL_CONSENTS, Answer, Consent, ConsentPolicy


@dataclass(frozen=True, slots=True)
class SupplierAnswer:
    """What one Supplier has said about one hub, and the time it names.

    INSTRUCTED without a time states no preference. AGREED names the time it agrees with: none, for an
    instruction that states no preference.
    """

    answer: Answer = Answer.NONE
    at: datetime | None = None

    @property
    def is_instructed(self) -> bool:
        """Return whether the Supplier has instructed, with a time or without."""
        return self.answer == Answer.INSTRUCTED


NO_ANSWER: Final = SupplierAnswer()


@dataclass(frozen=True, slots=True)
class ConsentTerms:
    """The terms under which a hub's time is settled: the policy and DCC's two moments."""

    policy: ConsentPolicy
    automatic_at: datetime
    cutoff_at: datetime


@dataclass(frozen=True, slots=True)
class Resolution:
    """When a hub activates if nobody does anything more, and whether that is final."""

    consent: Consent
    effective_at: datetime

    @property
    def is_final(self) -> bool:
        """Return whether nobody's answer is waited for any more."""
        return self.consent in FINAL_CONSENTS


def is_same_party(import_party: int | None, gas_party: int | None) -> bool:
    """Return whether one SEC Party holds both roles. Identifiers and users never decide this."""
    return import_party is not None and import_party == gas_party


def is_split(import_party: int | None, gas_party: int | None) -> bool:
    """Return whether two separate Parties share the hub, and both are asked."""
    return None not in (import_party, gas_party) and import_party != gas_party


def has_lapsed(wish: SupplierAnswer, second: SupplierAnswer) -> bool:
    """Return whether an answer agrees with a time that the second Supplier does not, or no longer, ask for.

    An agreement that has lapsed counts as no answer, and does not come back with the time (R3.4).
    """
    return wish.answer == Answer.AGREED and not (second.is_instructed and second.at == wish.at)


def resolve(
    window: ConsentTerms,
    *,
    import_party: int | None,
    gas_party: int | None,
    import_wish: SupplierAnswer = NO_ANSWER,
    gas_wish: SupplierAnswer = NO_ANSWER,
    answered_at: datetime | None = None,
    now: datetime | None = None,
) -> Resolution:
    """Settle when a hub activates from what its Suppliers have said.

    `answered_at` is the time of the latest answer, at which a hub with no preferred time activates. Given a
    `now` after the cut-off, what would be awaited has defaulted. A sole Supplier, or one Party in both
    roles, answers as Import Supplier where it is one, else as Gas Supplier. No hub activates later than DCC's
    automatic time: where that was brought forward, a later time that was asked for becomes it.
    """
    if import_party is None and gas_party is None:
        return Resolution(Consent.NO_SUPPLIER, window.automatic_at)
    if is_split(import_party, gas_party):
        resolution = _of_two(window, import_wish, gas_wish, answered_at)
    else:
        resolution = _of_one(window, gas_wish if import_party is None else import_wish, answered_at)
    resolution = replace(resolution, effective_at=min(resolution.effective_at, window.automatic_at))
    return close_window(resolution) if now is not None and now > window.cutoff_at else resolution


def close_window(resolution: Resolution) -> Resolution:
    """Let what is still awaited default: the time stays, the waiting ends."""
    if resolution.is_final:
        return resolution
    return replace(resolution, consent=Consent.DEFAULTED)


def _of_one(window: ConsentTerms, wish: SupplierAnswer, answered_at: datetime | None) -> Resolution:
    if wish.is_instructed:
        return Resolution(Consent.COMPLETE, wish.at or _answer_time(answered_at))
    return Resolution(Consent.AWAITING, window.automatic_at)


def _of_two(
    window: ConsentTerms, import_wish: SupplierAnswer, gas_wish: SupplierAnswer, answered_at: datetime | None
) -> Resolution:
    instructed = [wish for wish in (import_wish, gas_wish) if wish.is_instructed]
    if not instructed:
        return Resolution(Consent.AWAITING_BOTH, window.automatic_at)
    times = [wish.at for wish in instructed if wish.at is not None]
    at = max(times) if times else None
    others = {import_wish.answer, gas_wish.answer} - {Answer.INSTRUCTED}
    if not others or (Answer.AGREED in others and import_wish.at == gas_wish.at):
        return Resolution(Consent.COMPLETE, at or _answer_time(answered_at))
    if window.policy == ConsentPolicy.MANDATORY:
        return Resolution(Consent.AWAITING_SECOND, window.automatic_at)
    if Answer.DECLINED in others:
        return Resolution(Consent.COMPLETE, _alone(at, window, _answer_time(answered_at)))
    return Resolution(Consent.AWAITING_SECOND, max(at or window.cutoff_at, window.cutoff_at))


def _alone(at: datetime | None, window: ConsentTerms, answered_at: datetime) -> datetime:
    """Let the single time stand if it is still ahead, else take the first slot after the cut-off."""
    if at is None:
        return answered_at
    return at if at > answered_at else window.cutoff_at


def _answer_time(answered_at: datetime | None) -> datetime:
    if answered_at is None:
        raise ValueError("An answer has a time.")
    return answered_at
