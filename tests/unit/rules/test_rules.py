"""Deadlines, and whose wish wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.rules import (
    NO_ANSWER,
    NO_SUPPLIER_WINDOW,
    ConsentTerms,
    Resolution,
    RuleBroken,
    SupplierAnswer,
    check_automatic_at,
    check_batch_automatic_at,
    check_received,
    check_requested_at,
    close_window,
    has_lapsed,
    has_supplier_window,
    is_same_party,
    is_split,
    one_month_before,
    resolve,
    six_months_after,
    time_left,
    window_words,
)
from rollouts.states import AWAITING_CONSENTS, FINAL_CONSENTS, Answer, Consent, ConsentPolicy

SECOND = timedelta(seconds=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


class TestDates:
    @pytest.mark.requirement("R1.2")
    @pytest.mark.parametrize(
        ("notified_at", "latest"),
        [
            (utc(2026, 8, 31), utc(2027, 2, 28, 1)),
            (utc(2027, 8, 31, 9, 30), utc(2028, 2, 29, 10, 30)),
            (utc(2026, 10, 15), utc(2027, 4, 15)),
            (utc(2026, 12, 31), utc(2027, 6, 29, 23)),
            # 25 October 2026, 01:30: there are two, and the notice was in summer time.
            (utc(2026, 4, 25, 0, 30), utc(2026, 10, 25, 0, 30)),
        ],
    )
    def test_six_months_are_calendar_months_clamped_to_the_end(
        self, notified_at: datetime, latest: datetime
    ) -> None:
        assert six_months_after(notified_at) == latest

    @pytest.mark.requirement("R3.1")
    @pytest.mark.parametrize(
        ("automatic_at", "cutoff_at"),
        [
            (utc(2027, 4, 14, 23), utc(2027, 3, 15)),
            (utc(2027, 4, 15), utc(2027, 3, 15, 1)),
            (utc(2027, 3, 31), utc(2027, 2, 28, 1)),
            (utc(2028, 3, 31), utc(2028, 2, 29, 1)),
            (utc(2027, 5, 31, 1), utc(2027, 4, 30, 1)),
            (utc(2027, 1, 15), utc(2026, 12, 15)),
            # 28 March 2027 has no 01:30: it is 02:30 BST.
            (utc(2027, 4, 28, 0, 30), utc(2027, 3, 28, 1, 30)),
            # 25 October 2026 has two: the automatic time is in GMT.
            (utc(2026, 11, 25, 1, 30), utc(2026, 10, 25, 1, 30)),
        ],
    )
    def test_the_cut_off_is_a_calendar_month_before(
        self, automatic_at: datetime, cutoff_at: datetime
    ) -> None:
        assert one_month_before(automatic_at) == cutoff_at

    @pytest.mark.requirement("R3.1")
    def test_months_are_counted_in_local_time_whatever_the_zone(self) -> None:
        from portal.kernel.working_days import LONDON

        in_summer_time = datetime(2027, 4, 15, tzinfo=LONDON)

        assert one_month_before(in_summer_time) == one_month_before(in_summer_time.astimezone(UTC))
        assert one_month_before(in_summer_time) == utc(2027, 3, 15)
        assert one_month_before(in_summer_time).tzinfo is UTC

    def test_a_deadline_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="zone"):
            six_months_after(datetime(2027, 1, 1))  # noqa: DTZ001 - the fault under test

    @pytest.mark.requirement("R1.2")
    def test_the_automatic_time_may_be_six_months_after_the_notice_and_no_more(self) -> None:
        notified_at = utc(2026, 8, 31, 12)

        check_automatic_at(utc(2027, 2, 28, 13), notified_at=notified_at)
        check_automatic_at(notified_at + SECOND, notified_at=notified_at)
        with pytest.raises(RuleBroken) as refused:
            check_automatic_at(utc(2027, 2, 28, 13) + SECOND, notified_at=notified_at)
        assert refused.value.code == "AUTOMATIC_TOO_LATE"
        assert "28 February 2027, 13:00 GMT" in refused.value.message

    def test_the_automatic_time_is_after_the_notice(self) -> None:
        with pytest.raises(RuleBroken, match="after the notice"):
            check_automatic_at(utc(2027, 1, 1), notified_at=utc(2027, 1, 1))

    @pytest.mark.requirement("R3.7")
    def test_a_batch_is_no_later_than_its_rollout(self) -> None:
        automatic_at, now = utc(2027, 4, 15), utc(2027, 1, 1)

        check_batch_automatic_at(automatic_at, automatic_at=automatic_at, now=now)
        for batch_at, code in [(automatic_at + SECOND, "BATCH_TOO_LATE"), (now, "AUTOMATIC_NOT_AHEAD")]:
            with pytest.raises(RuleBroken) as refused:
                check_batch_automatic_at(batch_at, automatic_at=automatic_at, now=now)
            assert refused.value.code == code

    @pytest.mark.requirement("R3.1")
    def test_an_instruction_received_exactly_at_the_cut_off_is_in_time(self) -> None:
        cutoff_at = utc(2027, 3, 15)

        check_received(cutoff_at, cutoff_at=cutoff_at)
        with pytest.raises(RuleBroken) as refused:
            check_received(cutoff_at + SECOND, cutoff_at=cutoff_at)
        assert refused.value.code == "AFTER_CUTOFF"

    @pytest.mark.requirement("R3.1")
    def test_the_time_asked_for_is_strictly_earlier_than_the_automatic_one(self) -> None:
        automatic_at = utc(2027, 4, 15)

        check_requested_at(None, automatic_at=automatic_at)
        check_requested_at(automatic_at - SECOND, automatic_at=automatic_at)
        with pytest.raises(RuleBroken) as refused:
            check_requested_at(automatic_at, automatic_at=automatic_at)
        assert refused.value.code == "TIME_NOT_EARLIER"

    def test_a_time_that_had_passed_on_receipt_is_refused(self) -> None:
        with pytest.raises(RuleBroken) as refused:
            check_requested_at(utc(2027, 1, 1), automatic_at=utc(2027, 4, 15), received_at=utc(2027, 1, 1))
        assert refused.value.code == "TIME_PASSED"


class TestTimeLeft:
    @pytest.mark.requirement("R4.4")
    @pytest.mark.parametrize(
        ("left", "words"),
        [
            (timedelta(days=12, hours=4, minutes=59), "12 days 4 hours"),
            (timedelta(days=1), "1 day"),
            (timedelta(hours=3, minutes=20), "3 hours 20 minutes"),
            (timedelta(minutes=1), "1 minute"),
            (timedelta(seconds=59), "less than a minute"),
            (timedelta(0), "time is up"),
            (timedelta(days=-3), "time is up"),
        ],
    )
    def test_time_left_is_said_in_its_largest_units_and_never_negative(
        self, left: timedelta, words: str
    ) -> None:
        now = utc(2027, 3, 1, 9)

        assert time_left(now + left, now=now).words == words
        assert time_left(now + left, now=now).left >= timedelta(0)

    @pytest.mark.requirement("R4.4")
    def test_time_left_names_working_days_and_local_time(self) -> None:
        words = time_left(utc(2027, 3, 15), now=utc(2027, 3, 12, 12)).full_words

        assert words == "2 days 12 hours (1 working day) left, until 15 March 2027, 00:00 GMT"

    @pytest.mark.requirement("R1.2")
    def test_a_notice_less_than_a_month_ahead_leaves_no_supplier_window(self) -> None:
        notified_at = utc(2027, 3, 15)

        assert not has_supplier_window(notified_at=notified_at, cutoff_at=notified_at)
        assert has_supplier_window(notified_at=notified_at, cutoff_at=notified_at + SECOND)
        words = window_words(notified_at=notified_at, cutoff_at=utc(2027, 3, 1), now=utc(2027, 3, 20))
        assert words == NO_SUPPLIER_WINDOW

    @pytest.mark.requirement("R1.2", "R4.4")
    def test_an_open_window_says_how_long_it_stays_open(self) -> None:
        words = window_words(notified_at=utc(2027, 1, 1), cutoff_at=utc(2027, 3, 15), now=utc(2027, 3, 20))

        assert words == "time was up at 15 March 2027, 00:00 GMT"


A, C, D = utc(2027, 4, 15), utc(2027, 3, 15), utc(2027, 2, 1)
EARLY, MIDDLE, LATE, PAST = utc(2027, 2, 20), utc(2027, 3, 1), utc(2027, 4, 1), utc(2027, 1, 20)
VOLUNTARY = ConsentTerms(ConsentPolicy.VOLUNTARY, A, C)
MANDATORY = ConsentTerms(ConsentPolicy.MANDATORY, A, C)
BOTH_POLICIES = [VOLUNTARY, MANDATORY]
AGREED, DECLINED = SupplierAnswer(Answer.AGREED), SupplierAnswer(Answer.DECLINED)
AGREED_EARLY = SupplierAnswer(Answer.AGREED, EARLY)
BLANK = SupplierAnswer(Answer.INSTRUCTED)


def dated(at: datetime) -> SupplierAnswer:
    return SupplierAnswer(Answer.INSTRUCTED, at)


def shared(
    window: ConsentTerms, first: SupplierAnswer, other: SupplierAnswer, **more: datetime
) -> Resolution:
    """Resolve a shared hub, and check that it does not matter who is Import Supplier."""
    resolution = resolve(
        window, import_party=1, gas_party=2, import_wish=first, gas_wish=other, answered_at=D, **more
    )
    mirrored = resolve(
        window, import_party=1, gas_party=2, import_wish=other, gas_wish=first, answered_at=D, **more
    )
    assert resolution == mirrored
    return resolution


class TestConsent:
    @pytest.mark.requirement("R3.2")
    @pytest.mark.parametrize(
        ("import_party", "gas_party", "same"), [(1, 1, True), (1, 2, False), (None, None, False)]
    )
    def test_the_same_supplier_is_decided_by_party(
        self, import_party: int | None, gas_party: int | None, *, same: bool
    ) -> None:
        assert is_same_party(import_party, gas_party) is same

    def test_a_hub_is_split_between_two_known_parties_only(self) -> None:
        assert is_split(1, 2)
        assert not any(is_split(*pair) for pair in [(1, 1), (1, None), (None, 2), (None, None)])

    @pytest.mark.requirement("R3.5")
    def test_a_hub_without_suppliers_activates_at_the_automatic_time(self) -> None:
        assert resolve(VOLUNTARY, import_party=None, gas_party=None) == Resolution(Consent.NO_SUPPLIER, A)

    @pytest.mark.requirement("R3.2")
    @pytest.mark.parametrize(("import_party", "gas_party"), [(1, None), (1, 1)])
    @pytest.mark.parametrize("window", BOTH_POLICIES)
    def test_one_instruction_of_the_sole_party_is_enough(
        self, window: ConsentTerms, import_party: int, gas_party: int | None
    ) -> None:
        resolution = resolve(
            window, import_party=import_party, gas_party=gas_party, import_wish=dated(EARLY), answered_at=D
        )

        assert resolution == Resolution(Consent.COMPLETE, EARLY)

    @pytest.mark.requirement("R3.2")
    def test_a_gas_only_supplier_answers_as_gas_supplier(self) -> None:
        resolution = resolve(VOLUNTARY, import_party=None, gas_party=2, gas_wish=dated(LATE), answered_at=D)

        assert resolution == Resolution(Consent.COMPLETE, LATE)

    @pytest.mark.requirement("R3.4")
    def test_a_blank_time_of_a_sole_supplier_is_as_soon_as_distributed(self) -> None:
        resolution = resolve(VOLUNTARY, import_party=1, gas_party=None, import_wish=BLANK, answered_at=D)

        assert resolution == Resolution(Consent.COMPLETE, D)

    @pytest.mark.requirement("R3.5")
    @pytest.mark.parametrize("wish", [NO_ANSWER, DECLINED, AGREED])
    def test_without_an_instruction_a_sole_suppliers_hub_activates_at_the_automatic_time(
        self, wish: SupplierAnswer
    ) -> None:
        resolution = resolve(VOLUNTARY, import_party=1, gas_party=None, import_wish=wish, answered_at=D)

        assert resolution == Resolution(Consent.AWAITING, A)

    @pytest.mark.requirement("R3.3")
    @pytest.mark.parametrize("window", BOTH_POLICIES)
    def test_the_later_of_two_times_is_used(self, window: ConsentTerms) -> None:
        assert shared(window, dated(EARLY), dated(LATE)) == Resolution(Consent.COMPLETE, LATE)

    @pytest.mark.requirement("R3.4")
    @pytest.mark.parametrize("window", BOTH_POLICIES)
    def test_a_dated_time_beats_a_blank_one(self, window: ConsentTerms) -> None:
        assert shared(window, dated(EARLY), BLANK) == Resolution(Consent.COMPLETE, EARLY)
        assert shared(window, BLANK, BLANK) == Resolution(Consent.COMPLETE, D)

    @pytest.mark.requirement("R3.4")
    @pytest.mark.parametrize("window", BOTH_POLICIES)
    def test_agreeing_takes_the_other_suppliers_time(self, window: ConsentTerms) -> None:
        assert shared(window, dated(EARLY), AGREED_EARLY) == Resolution(Consent.COMPLETE, EARLY)
        assert shared(window, BLANK, AGREED) == Resolution(Consent.COMPLETE, D)

    @pytest.mark.requirement("R3.4")
    @pytest.mark.parametrize("window", BOTH_POLICIES)
    @pytest.mark.parametrize(
        ("agreed", "second"),
        [
            (AGREED_EARLY, dated(LATE)),
            (AGREED_EARLY, BLANK),
            (AGREED, dated(EARLY)),
            (AGREED_EARLY, NO_ANSWER),
            (AGREED_EARLY, DECLINED),
        ],
    )
    def test_an_agreement_with_another_time_is_no_answer(
        self, window: ConsentTerms, agreed: SupplierAnswer, second: SupplierAnswer
    ) -> None:
        assert has_lapsed(agreed, second)
        assert shared(window, second, agreed) == shared(window, second, NO_ANSWER)
        assert not has_lapsed(AGREED_EARLY, dated(EARLY))
        assert not has_lapsed(AGREED, BLANK)

    @pytest.mark.requirement("R3.4")
    def test_declining_lets_the_single_time_stand_if_it_is_ahead(self) -> None:
        assert shared(VOLUNTARY, dated(EARLY), DECLINED) == Resolution(Consent.COMPLETE, EARLY)
        assert shared(VOLUNTARY, dated(PAST), DECLINED) == Resolution(Consent.COMPLETE, C)
        assert shared(VOLUNTARY, dated(D), DECLINED) == Resolution(Consent.COMPLETE, C)
        assert shared(VOLUNTARY, BLANK, DECLINED) == Resolution(Consent.COMPLETE, D)

    @pytest.mark.requirement("R3.4")
    def test_declining_is_not_enough_where_both_must_instruct(self) -> None:
        assert shared(MANDATORY, dated(EARLY), DECLINED) == Resolution(Consent.AWAITING_SECOND, A)

    @pytest.mark.requirement("R3.4")
    def test_silence_keeps_the_hub_waiting_until_the_cut_off(self) -> None:
        assert shared(VOLUNTARY, dated(MIDDLE), NO_ANSWER) == Resolution(Consent.AWAITING_SECOND, C)
        assert shared(VOLUNTARY, dated(LATE), NO_ANSWER) == Resolution(Consent.AWAITING_SECOND, LATE)
        assert shared(VOLUNTARY, BLANK, NO_ANSWER) == Resolution(Consent.AWAITING_SECOND, C)
        assert shared(MANDATORY, dated(LATE), NO_ANSWER) == Resolution(Consent.AWAITING_SECOND, A)

    @pytest.mark.requirement("R3.5")
    @pytest.mark.parametrize("window", BOTH_POLICIES)
    @pytest.mark.parametrize(("first", "other"), list(product([NO_ANSWER, AGREED, DECLINED], repeat=2)))
    def test_nothing_instructed_is_the_automatic_time(
        self, window: ConsentTerms, first: SupplierAnswer, other: SupplierAnswer
    ) -> None:
        assert shared(window, first, other) == Resolution(Consent.AWAITING_BOTH, A)

    @pytest.mark.requirement("R3.4")
    def test_what_is_awaited_defaults_after_the_cut_off_and_keeps_its_time(self) -> None:
        at_cutoff = shared(VOLUNTARY, dated(LATE), NO_ANSWER, now=C)
        after_cutoff = shared(VOLUNTARY, dated(LATE), NO_ANSWER, now=C + SECOND)

        assert at_cutoff == Resolution(Consent.AWAITING_SECOND, LATE)
        assert after_cutoff == Resolution(Consent.DEFAULTED, LATE)
        assert close_window(at_cutoff) == after_cutoff
        assert shared(VOLUNTARY, dated(LATE), BLANK, now=C + SECOND).consent == Consent.COMPLETE

    def test_an_answer_without_its_time_is_a_fault_of_the_program(self) -> None:
        with pytest.raises(ValueError, match="An answer has a time"):
            resolve(VOLUNTARY, import_party=1, gas_party=None, import_wish=BLANK)

    @given(
        st.sampled_from(BOTH_POLICIES),
        st.sampled_from([(None, None), (1, None), (None, 2), (1, 1), (1, 2)]),
        *[
            st.sampled_from(
                [NO_ANSWER, AGREED, AGREED_EARLY, DECLINED, BLANK, dated(EARLY), dated(LATE), dated(PAST)]
            )
        ]
        * 2,
    )
    @settings(max_examples=150)
    def test_no_answers_make_a_hub_later_than_the_automatic_time(
        self,
        window: ConsentTerms,
        parties: tuple[int | None, int | None],
        import_wish: SupplierAnswer,
        gas_wish: SupplierAnswer,
    ) -> None:
        resolution = resolve(
            window,
            import_party=parties[0],
            gas_party=parties[1],
            import_wish=import_wish,
            gas_wish=gas_wish,
            answered_at=D,
        )

        assert resolution.effective_at <= A
        assert resolution.is_final == (resolution.consent in FINAL_CONSENTS)
        assert (resolution.consent in AWAITING_CONSENTS) != resolution.is_final
