"""The tables of steps and moves hold together."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from portal.identity.roles import CSP_ROLES, DCC_ROLES, DESCRIPTIONS, PANEL_ROLES, SUPPLIER_ROLES, Role
from rollouts.states import (
    ALLOWED_TARGET_MOVES,
    AWAITING_CONSENTS,
    ENDED_STATUSES,
    FAILED_STATES,
    FINAL_CONSENTS,
    HALTED_STATUSES,
    LIVE_STATES,
    OPEN_STATUSES,
    RETRY_POLICIES,
    ROLLOUT_STEPS,
    RUNNING_STATUSES,
    STAGE_OF_STATE,
    STATE_OF_FAILURE,
    TARGET_MOVES,
    TERMINAL_STATES,
    UNLIMITED_ATTEMPTS,
    Consent,
    FailureCode,
    RejectionReason,
    RetryPolicy,
    RolloutStatus,
    SmiStatus,
    TargetState,
    failure_code,
    open_steps,
    remembered_status,
    retry_policy,
    retry_values_sql,
)

S, T = RolloutStatus, TargetState


def verbs(*roles: Role, at: RolloutStatus, has_pilot: bool | None = None) -> list[str]:
    return [step.verb for step in open_steps(*roles, at=at, has_pilot=has_pilot)]


class TestRolloutSteps:
    @pytest.mark.requirement("R2.5")
    def test_a_rollout_with_a_pilot_opens_its_safe_launch_through_the_review_alone(self) -> None:
        assert "open_safe_launch" not in verbs(Role.DCC_OPERATOR, at=S.NOTIFIED, has_pilot=True)
        assert "start_pilot" not in verbs(Role.DCC_OPERATOR, at=S.NOTIFIED, has_pilot=False)
        openers = {step.verb for step in ROLLOUT_STEPS.values() if step.target == S.SAFE_LAUNCH}
        assert openers == {"accept_pilot", "open_safe_launch", "skip_pilot"}

    @pytest.mark.requirement("R5.4")
    @pytest.mark.parametrize("status", sorted(RUNNING_STATUSES))
    def test_one_permitted_person_suspends_at_once(self, status: RolloutStatus) -> None:
        assert "suspend" in verbs(Role.DCC_OPERATOR, at=status)

    @pytest.mark.requirement("R5.3", "R5.4")
    @pytest.mark.parametrize("status", sorted(HALTED_STATUSES))
    def test_resuming_takes_the_confirmation_of_the_panel(self, status: RolloutStatus) -> None:
        assert "resume" in verbs(Role.PANEL_MEMBER, at=status)
        assert "resume" not in verbs(*(set(Role) - {Role.PANEL_MEMBER}), at=status)

    @pytest.mark.requirement("R1.5")
    @pytest.mark.parametrize("status", sorted(OPEN_STATUSES))
    def test_dcc_can_revoke_at_any_time(self, status: RolloutStatus) -> None:
        assert "revoke" in verbs(Role.DCC_OPERATOR, at=status)

    @pytest.mark.parametrize("status", sorted(ENDED_STATUSES))
    def test_nothing_follows_the_end(self, status: RolloutStatus) -> None:
        assert verbs(*Role, at=status) == []

    @pytest.mark.parametrize("role", sorted(SUPPLIER_ROLES | CSP_ROLES | {Role.DCC_VIEWER}))
    @pytest.mark.parametrize("status", list(RolloutStatus))
    def test_who_only_looks_on_takes_no_step(self, role: Role, status: RolloutStatus) -> None:
        assert verbs(role, at=status) == []

    def test_every_status_can_be_reached_and_every_open_one_left(self) -> None:
        reached = {step.target for step in ROLLOUT_STEPS.values()}
        left = {source for step in ROLLOUT_STEPS.values() for source in step.sources}

        assert set(RolloutStatus) - reached == {S.DRAFT}
        assert left == set(RolloutStatus) - ENDED_STATUSES

    def test_the_names_of_facts_are_unique(self) -> None:
        facts = [step.fact for step in ROLLOUT_STEPS.values()]
        assert len(set(facts)) == len(facts)
        assert all(re.fullmatch(r"(rollout|pilot)\.[a-z-]+", fact) for fact in facts)

    def test_a_confirmed_suspension_still_remembers_where_the_rollout_ran(self) -> None:
        suspend, pause, resume = (ROLLOUT_STEPS[verb] for verb in ("suspend", "pause", "resume"))

        remembered = remembered_status(suspend, at=S.PILOT, remembered=None)
        assert remembered == S.PILOT
        remembered = remembered_status(pause, at=S.SUSPENDED, remembered=remembered)
        assert remembered == S.PILOT
        assert resume.lands_at(remembered=remembered) == S.PILOT
        assert remembered_status(resume, at=S.PAUSED, remembered=remembered) is None

    def test_resuming_without_a_memory_is_a_fault(self) -> None:
        with pytest.raises(ValueError, match="resume"):
            ROLLOUT_STEPS["resume"].lands_at()


class TestTargetMoves:
    def test_the_path_of_a_hub_that_meets_no_trouble(self) -> None:
        path = [T.ELIGIBLE, T.SCHEDULED, T.DISTRIBUTING, T.DISTRIBUTED, T.ACTIVATING, T.ACTIVATED]

        assert all((a, b) in ALLOWED_TARGET_MOVES for a, b in pairwise(path))

    @pytest.mark.parametrize("state", [state for state in T if state != T.ACTIVATED])
    def test_a_hub_that_runs_the_version_counts_as_activated_from_anywhere(self, state: TargetState) -> None:
        assert (state, T.ACTIVATED) in ALLOWED_TARGET_MOVES

    @pytest.mark.requirement("R5.6")
    def test_activated_is_the_end(self) -> None:
        assert not any((T.ACTIVATED, state) in ALLOWED_TARGET_MOVES for state in T)

    def test_no_image_is_activated_unverified(self) -> None:
        assert {a for a, b in ALLOWED_TARGET_MOVES if b == T.ACTIVATING} == {T.DISTRIBUTED, T.CANCELLING}

    def test_staying_is_no_move_and_every_state_but_the_first_is_reached(self) -> None:
        assert not any((state, state) in ALLOWED_TARGET_MOVES for state in T)
        assert {move.target for move in TARGET_MOVES} == set(T)

    def test_states_are_either_live_or_terminal(self) -> None:
        assert not LIVE_STATES & TERMINAL_STATES
        assert set(T) == LIVE_STATES | TERMINAL_STATES
        assert set(STAGE_OF_STATE) == set(T)
        assert set(STAGE_OF_STATE.values()) == {0, 1, 2}


class TestReasons:
    def test_every_failure_code_belongs_to_a_state(self) -> None:
        assert set(STATE_OF_FAILURE) == set(FailureCode) - {FailureCode.NONE}

    @pytest.mark.parametrize("code", list(RETRY_POLICIES))
    def test_what_is_tried_again_is_a_move_of_the_table(self, code: FailureCode) -> None:
        policy, failed = retry_policy(code), STATE_OF_FAILURE[code]
        stages = (
            {T.ACTIVATING, T.CANCELLING, T.NO_CONFIRMATION}
            if failed == T.ACTIVATION_FAILED
            else {T.DISTRIBUTING}
        )

        assert policy.back_to is not None
        assert failed in FAILED_STATES
        assert all((stage, policy.back_to) in ALLOWED_TARGET_MOVES for stage in stages)
        assert all((stage, failed) in ALLOWED_TARGET_MOVES for stage in stages)

    def test_a_failed_state_is_left_by_the_word_of_the_hub_alone(self) -> None:
        ways = {b for a, b in ALLOWED_TARGET_MOVES if a in FAILED_STATES - {T.NO_CONFIRMATION}}

        assert ways == {T.DISTRIBUTED, T.ACTIVATED}

    def test_an_unreachable_hub_is_tried_until_the_end_and_then_never_again(self) -> None:
        assert retry_policy(FailureCode.UNREACHABLE).attempts == UNLIMITED_ATTEMPTS
        assert FailureCode.UNREACHABLE_UNTIL_END not in RETRY_POLICIES

    @pytest.mark.parametrize("stored", [None, -1, 9, 999])
    def test_a_code_of_no_failure_says_nothing(self, stored: int | None) -> None:
        assert failure_code(stored) is FailureCode.NONE
        assert failure_code(FailureCode.HASH_MISMATCH) is FailureCode.HASH_MISMATCH

    def test_attempts_run_out(self) -> None:
        assert retry_policy(FailureCode.ACTIVATION_FAILURE).attempts == 3
        assert retry_policy(FailureCode.HARDWARE_MISMATCH) == RetryPolicy(attempts=1, back_to=None)

    def test_the_database_is_given_the_same_policies(self) -> None:
        sql = retry_values_sql()

        assert sql.startswith("VALUES (")
        assert "(32, 3, interval '86400 seconds', 40)" in sql
        assert sql.count("interval") == len(RETRY_POLICIES)

    @pytest.mark.requirement("R4.2")
    def test_every_rejection_says_what_is_the_matter(self) -> None:
        for reason in RejectionReason:
            assert reason.label.endswith(".")
            assert len(reason.value) <= 24
        assert "another" not in RejectionReason.UNKNOWN_DEVICE.label.lower()


def test_consents_are_awaited_or_final() -> None:
    assert set(Consent) == FINAL_CONSENTS | AWAITING_CONSENTS
    assert not FINAL_CONSENTS & AWAITING_CONSENTS


def test_device_statuses_are_spelt_as_in_messages() -> None:
    assert [status.message_name for status in SmiStatus] == [
        "Pending",
        "Whitelisted",
        "InstalledNotCommissioned",
        "Commissioned",
        "Decommissioned",
        "Withdrawn",
        "Suspended",
        "Recovery",
        "Recovered",
    ]


def test_every_role_belongs_to_one_kind_of_organisation_and_has_a_sentence() -> None:
    groups = [DCC_ROLES, SUPPLIER_ROLES, CSP_ROLES, PANEL_ROLES]
    assert sum(map(len, groups)) == len(Role)
    assert frozenset().union(*groups) == frozenset(Role)
    assert all(role.description.endswith(".") for role in Role)
    assert set(DESCRIPTIONS) == set(Role)
