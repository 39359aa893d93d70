"""The SQL that settles millions of targets says what the Python rule says, over every combination."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from portal.kernel import sql
from rollouts import rules
from rollouts.services.instructions.resolve import Slots, Terms, resolution_sql, slots_of, state_sql
from rollouts.states import Answer, ConsentPolicy

pytestmark = pytest.mark.django_db

CUTOFF = datetime(2030, 6, 1, tzinfo=UTC)
AUTOMATIC = datetime(2030, 7, 1, tzinfo=UTC)
PARTIES = (None, 1, 2)
TIMES = (None, datetime(2030, 5, 1, tzinfo=UTC), CUTOFF, datetime(2030, 6, 20, tzinfo=UTC))
ANSWERED = (
    datetime(2030, 4, 1, tzinfo=UTC),
    datetime(2030, 5, 1, tzinfo=UTC),
    datetime(2030, 5, 15, tzinfo=UTC),
    CUTOFF,
)
MOMENTS = (datetime(2030, 5, 15, tzinfo=UTC), CUTOFF, datetime(2030, 6, 1, 0, 0, 1, tzinfo=UTC))

CASES = """
SELECT c.*, {consent} AS consent, {effective_at} AS effective_at
  FROM (SELECT p.n AS policy, ip.n AS import_supplier_id, gp.n AS gas_supplier_id, ia.n AS import_answer,
               it.n AS import_time, ga.n AS gas_answer, gt.n AS gas_time, d.n AS answered_at, m.n AS now_at
          FROM unnest(%(policies)s::text[]) AS p(n), unnest(%(parties)s::int[]) AS ip(n),
               unnest(%(parties)s::int[]) AS gp(n), unnest(%(answers)s::smallint[]) AS ia(n),
               unnest(%(answers)s::smallint[]) AS ga(n), unnest(%(times)s::timestamptz[]) AS it(n),
               unnest(%(times)s::timestamptz[]) AS gt(n), unnest(%(answered)s::timestamptz[]) AS d(n),
               unnest(%(moments)s::timestamptz[]) AS m(n)) AS c
"""


@pytest.mark.requirement("R3.2", "R3.3", "R3.4", "R3.5")
def test_sql_and_python_settle_every_combination_alike():
    terms = Terms(
        is_mandatory="c.policy = 'MANDATORY'",
        automatic_at="%(automatic)s::timestamptz",
        cutoff_at="%(cutoff)s::timestamptz",
        now="c.now_at",
    )
    resolution = resolution_sql(slots_of("c"), terms)

    rows = sql.rows(
        CASES.format(consent=resolution.consent, effective_at=resolution.effective_at),
        {
            "policies": list(ConsentPolicy.values),
            "parties": list(PARTIES),
            "answers": list(Answer.values),
            "times": list(TIMES),
            "answered": list(ANSWERED),
            "moments": list(MOMENTS),
            "automatic": AUTOMATIC,
            "cutoff": CUTOFF,
        },
    )

    assert len(rows) == 2 * 9 * 16 * 16 * 4 * 3
    wrong = [row for row in rows if (row.consent, row.effective_at) != _by_rule(row)]
    assert wrong == []


def _by_rule(row) -> tuple[int, datetime]:
    resolution = rules.resolve(
        rules.ConsentTerms(ConsentPolicy(row.policy), AUTOMATIC, CUTOFF),
        import_party=row.import_supplier_id,
        gas_party=row.gas_supplier_id,
        import_wish=rules.SupplierAnswer(Answer(row.import_answer), row.import_time),
        gas_wish=rules.SupplierAnswer(Answer(row.gas_answer), row.gas_time),
        answered_at=row.answered_at,
        now=row.now_at,
    )
    return resolution.consent, resolution.effective_at


def test_no_combination_is_left_out_of_the_state():
    pairs = list(product((10, 20, 30, 40, 56), range(1, 7)))
    text = state_sql("t", "t.consent")

    rows = sql.rows(
        f"SELECT t.state AS old, t.consent, {text} AS state FROM unnest(%(s)s::int[], %(c)s::int[]) AS t(state, consent)",
        {"s": [s for s, _ in pairs], "c": [c for _, c in pairs]},
    )

    for row in rows:
        expected = {10: 20 if row.consent >= 4 else 10, 20: 20 if row.consent >= 4 else 10}.get(
            row.old, row.old
        )
        assert row.state == expected


def test_slots_are_read_by_name():
    assert slots_of("t") == Slots(
        "t.import_supplier_id",
        "t.gas_supplier_id",
        "t.import_answer",
        "t.import_time",
        "t.gas_answer",
        "t.gas_time",
        "t.answered_at",
    )
