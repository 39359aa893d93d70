"""The SQL twin of `rollouts.rules.resolve`: consent and effective time of a million targets at once.

Written as text to be put into a statement, since a function with two results would be called a row at a
time. A property test holds the two equal over every combination of policy, Parties, answers and times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from portal.kernel import sql
from portal.kernel.statements import Sql, literal
from rollouts.models import Batch, Rollout
from rollouts.states import AWAITING_CONSENTS, ConsentPolicy


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


IS_CHOSEN_AS_ANSWERED: Final = {
    "effective_at": "t.new_effective_at",
    "automatic_at": "t.automatic_at",
    "import_answer": "t.new_import_answer",
    "import_time": "t.new_import_time",
    "gas_answer": "t.new_gas_answer",
    "gas_time": "t.new_gas_time",
}
"""What `is_chosen_sql` takes of a relation that has the columns of `answered_columns`."""


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
    known = {name: Sql(getattr(slots, name)) for name in Slots.__slots__}
    parties = {name: known[name] for name in ("import_party", "gas_party")}
    times = {name: known[name] for name in ("import_answer", "import_time", "gas_answer", "gas_time")}
    mandatory, cutoff_at = Sql(terms.is_mandatory), Sql(terms.cutoff_at)
    awaiting = {
        consent.name.lower(): sql.statement(
            "rollouts",
            "awaiting_or_defaulted",
            now=Sql(terms.now),
            cutoff_at=cutoff_at,
            consent=Sql(literal(consent)),
        )
        for consent in AWAITING_CONSENTS
    }
    return ResolutionSql(
        consent=sql.statement(
            "rollouts", "consent_of", **parties, **times, mandatory=mandatory, **awaiting
        ).text,
        effective_at=sql.statement(
            "rollouts",
            "effective_time",
            **known,
            mandatory=mandatory,
            automatic_at=Sql(terms.automatic_at),
            cutoff_at=cutoff_at,
            later=sql.statement("rollouts", "later_time", **times),
        ).text,
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


def has_lapsed_sql(answer: str, at: str, second_answer: str, second_time: str) -> str:
    """Write `rollouts.rules.has_lapsed` as an SQL expression."""
    slots = {"answer": answer, "time": at, "second_answer": second_answer, "second_time": second_time}
    return sql.statement("rollouts", "has_lapsed", **{name: Sql(text) for name, text in slots.items()}).text


def answered_columns(after: Slots, terms: Terms) -> str:
    """Write the answers of a target after it was answered as columns, with its automatic time."""
    names = ("import_answer", "import_time", "gas_answer", "gas_time")
    answers = ", ".join(f"{getattr(after, name)} AS new_{name}" for name in names)
    return f"{answers}, {terms.automatic_at} AS automatic_at"


def state_sql(alias: str, consent: str) -> str:
    """Write the state of a target after its consent has changed: it waits for nobody, or waits again."""
    state = Sql(f"{alias}.state")
    return sql.statement("rollouts", "state_after_consent", state=state, consent=Sql(consent)).text


def _by_batch(cases: str, default: str, alias: str) -> str:
    return f"(CASE {alias}.batch_id{cases} ELSE {default} END)" if cases else default
