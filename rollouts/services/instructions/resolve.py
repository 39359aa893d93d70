"""The SQL twin of `rollouts.rules.resolve`: consent and effective time of a million targets at once.

Written as text to be put into a statement, since a function with two results would be called a row at a
time. A property test holds the two equal over every combination of policy, Parties, answers and times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from rollouts.models import Batch, Rollout
from rollouts.states import ConsentPolicy


@dataclass(frozen=True, slots=True)
class Slots:
    """SQL expressions of what is known of a target: its Parties, their answers, the latest answer's time."""

    import_party: str
    gas_party: str
    import_answer: str
    import_time: str
    gas_answer: str
    gas_time: str
    answered_at: str


@dataclass(frozen=True, slots=True)
class Terms:
    """SQL expressions of the terms that hold for a target, and the parameters they name."""

    is_mandatory: str
    automatic_at: str
    cutoff_at: str
    now: str = "%(now)s::timestamptz"
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResolutionSql:
    """SQL expressions of a target's consent and of its effective time."""

    consent: str
    effective_at: str


def slots_of(alias: str) -> Slots:
    """Return the slots of a target as it stands, read from a relation with the target's columns."""
    return Slots(
        import_party=f"{alias}.import_supplier_id",
        gas_party=f"{alias}.gas_supplier_id",
        import_answer=f"{alias}.import_answer",
        import_time=f"{alias}.import_time",
        gas_answer=f"{alias}.gas_answer",
        gas_time=f"{alias}.gas_time",
        answered_at=f"{alias}.answered_at",
    )


def terms_of(rollout: Rollout, batches: Iterable[Batch], *, alias: str = "t") -> Terms:
    """Return the terms of one rollout; only batches with times of their own make the text any longer."""
    params: dict[str, object] = {"automatic_at": rollout.automatic_at, "cutoff_at": rollout.cutoff_at}
    automatic_at, cutoff_at = "", ""
    for batch in batches:
        if batch.automatic_at is None:
            continue
        params |= {f"automatic_{batch.pk}": batch.automatic_at, f"cutoff_{batch.pk}": batch.cutoff_at}
        automatic_at += f" WHEN {batch.pk} THEN %(automatic_{batch.pk})s::timestamptz"
        cutoff_at += f" WHEN {batch.pk} THEN %(cutoff_{batch.pk})s::timestamptz"
    return Terms(
        is_mandatory="true" if rollout.consent_policy == ConsentPolicy.MANDATORY else "false",
        automatic_at=_by_batch(automatic_at, "%(automatic_at)s::timestamptz", alias),
        cutoff_at=_by_batch(cutoff_at, "%(cutoff_at)s::timestamptz", alias),
        params=params,
    )


def resolution_sql(slots: Slots, terms: Terms) -> ResolutionSql:
    """Write `rollouts.rules.resolve` as two SQL expressions."""
    names = {
        **{name: getattr(slots, name) for name in Slots.__slots__},
        "mandatory": terms.is_mandatory,
        "automatic_at": terms.automatic_at,
        "cutoff_at": terms.cutoff_at,
    }
    open_as = {
        f"awaiting_{code}": f"CASE WHEN {terms.now} > {terms.cutoff_at} THEN 5 ELSE {code} END"
        for code in (1, 2, 3)
    }
    return ResolutionSql(
        consent=_CONSENT.format(**names, **open_as), effective_at=_EFFECTIVE_AT.format(**names)
    )


def with_answer(slots: Slots, *, is_import: str, answer: str, at: str, received_at: str) -> Slots:
    """Return the slots after one Party has answered: in the import slot where it is Import Supplier."""
    return replace(
        slots,
        import_answer=f"(CASE WHEN {is_import} THEN {answer} ELSE {slots.import_answer} END)",
        import_time=f"(CASE WHEN {is_import} THEN {at} ELSE {slots.import_time} END)",
        gas_answer=f"(CASE WHEN {is_import} THEN {slots.gas_answer} ELSE {answer} END)",
        gas_time=f"(CASE WHEN {is_import} THEN {slots.gas_time} ELSE {at} END)",
        answered_at=f"greatest({slots.answered_at}, {received_at})",
    )


def state_sql(alias: str, consent: str) -> str:
    """Write the state of a target after its consent has changed: it waits for nobody, or waits again."""
    return (
        f"CASE WHEN {alias}.state = 10 AND {consent} >= 4 THEN 20"
        f" WHEN {alias}.state = 20 AND {consent} < 4 THEN 10 ELSE {alias}.state END"
    )


def _by_batch(cases: str, default: str, alias: str) -> str:
    return f"(CASE {alias}.batch_id{cases} ELSE {default} END)" if cases else default


_CONSENT: Final = """(CASE
    WHEN {import_party} IS NULL AND {gas_party} IS NULL THEN 6
    WHEN {import_party} <> {gas_party} THEN CASE
        WHEN {import_answer} <> 1 AND {gas_answer} <> 1 THEN {awaiting_2}
        WHEN {import_answer} = {gas_answer} OR 2 IN ({import_answer}, {gas_answer}) THEN 4
        WHEN {mandatory} THEN {awaiting_3}
        WHEN 3 IN ({import_answer}, {gas_answer}) THEN 4
        ELSE {awaiting_3} END
    WHEN CASE WHEN {import_party} IS NULL THEN {gas_answer} ELSE {import_answer} END = 1 THEN 4
    ELSE {awaiting_1} END)::smallint"""

_DATED: Final = (
    "greatest(CASE WHEN {import_answer} = 1 THEN {import_time} END,"
    " CASE WHEN {gas_answer} = 1 THEN {gas_time} END)"
)

_EFFECTIVE_AT: Final = f"""(CASE
    WHEN {{import_party}} IS NULL AND {{gas_party}} IS NULL THEN {{automatic_at}}
    WHEN {{import_party}} <> {{gas_party}} THEN CASE
        WHEN {{import_answer}} <> 1 AND {{gas_answer}} <> 1 THEN {{automatic_at}}
        WHEN {{import_answer}} = {{gas_answer}} OR 2 IN ({{import_answer}}, {{gas_answer}})
            THEN coalesce({_DATED}, {{answered_at}})
        WHEN {{mandatory}} THEN {{automatic_at}}
        WHEN 3 IN ({{import_answer}}, {{gas_answer}})
            THEN CASE WHEN {_DATED} <= {{answered_at}} THEN {{cutoff_at}}
                      ELSE coalesce({_DATED}, {{answered_at}}) END
        ELSE greatest({_DATED}, {{cutoff_at}}) END
    WHEN CASE WHEN {{import_party}} IS NULL THEN {{gas_answer}} ELSE {{import_answer}} END = 1
        THEN coalesce(CASE WHEN {{import_party}} IS NULL THEN {{gas_time}} ELSE {{import_time}} END,
                      {{answered_at}})
    ELSE {{automatic_at}} END)"""
