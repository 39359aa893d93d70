"""Whose signatures a decision needs, and when they count (R5.5)."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import connection

from portal.identity.models import OrganisationKind
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Decision, SignOff, SignOffRequirement
from rollouts.reads.governance.signing import standing_of
from rollouts.states.governing import DecisionStatus
from tests.factories import OrganisationFactory, UserFactory
from tests.integration.deciding import recommended, sign, status_of

pytestmark = pytest.mark.django_db


def second_member(world):
    return Scope.of(UserFactory(organisation=world.panel))


class TestSignatures:
    @pytest.mark.requirement("R5.3")
    def test_two_of_the_panel_or_a_sub_committee_of_its_own_may_confirm(self, world, rollout, now):
        committee = OrganisationFactory(kind=OrganisationKind.PANEL, name="Operations Group")
        chair = Scope.of(UserFactory(organisation=committee))
        other_member = second_member(world)
        proposal = services.propose_requirements(
            world.operator,
            rows=[
                {"option": 1, "organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 2},
                {"option": 2, "organisation": committee.pk, "role": "PANEL_MEMBER", "number": 1},
            ],
            reasons="Terms of reference.",
            now=now,
        )
        assert sign(chair, proposal, now).status == "ENACTED"

        decision = recommended(world, rollout, "PAUSE", now)
        signed = sign(world.as_panel, decision, now)
        assert (signed.status, status_of(rollout)) == ("RECOMMENDED", "SAFE_LAUNCH")
        assert signed.still_needed == (
            "one panel member of SEC Panel",
            "one panel member of Operations Group",
        )
        signed = sign(other_member, decision, now)
        assert (signed.status, status_of(rollout)) == ("ENACTED", "PAUSED")

        proceeds = recommended(world, rollout, "PROCEED", now)
        assert sign(chair, proceeds, now).status == "ENACTED"

    def test_an_edit_voids_the_signatures_of_the_earlier_wording(self, world, rollout, now):
        member = second_member(world)
        rows = [{"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 2}]
        proposal = services.propose_requirements(world.operator, rows=rows, reasons="Two see more.", now=now)
        sign(world.as_panel, proposal, now)
        sign(member, proposal, now)
        decision = recommended(world, rollout, "PAUSE", now)
        sign(world.as_panel, decision, now)

        edited = services.recommend(
            world.operator,
            decision_id=decision.pk,
            version=decision.version,
            outcome="STOP",
            reasons="It is worse than it seemed.",
            now=now,
        )

        with pytest.raises(services.RecommendationChanged):
            sign(member, decision, now)
        signed = sign(member, edited, now)
        assert (signed.status, status_of(rollout)) == ("RECOMMENDED", "SAFE_LAUNCH")
        assert sign(world.as_panel, edited, now).status == "ENACTED"
        assert SignOff.objects.filter(decision=decision, voided_at=now).count() == 1

    def test_two_editors_at_once_do_not_overwrite_each_other(self, world, rollout, now):
        decision = recommended(world, rollout, "PAUSE", now)

        with pytest.raises(services.RecommendationChanged):
            services.recommend(
                world.operator,
                decision_id=decision.pk,
                version=decision.version - 1,
                outcome="STOP",
                reasons="Read too early.",
                now=now,
            )

    def test_nobody_signs_twice_nor_for_a_body_that_has_signed(self, world, rollout, now):
        member = second_member(world)
        committee = OrganisationFactory(kind=OrganisationKind.PANEL, name="Operations Group")
        UserFactory(organisation=committee)
        proposal = services.propose_requirements(
            world.operator,
            rows=[
                {"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 1},
                {"organisation": committee.pk, "role": "PANEL_MEMBER", "number": 1},
            ],
            reasons="Both.",
            now=now,
        )
        sign(world.as_panel, proposal, now)
        sign(Scope.of(committee.users.first()), proposal, now)
        decision = recommended(world, rollout, "PAUSE", now)
        sign(world.as_panel, decision, now)

        for scope in (world.as_panel, member):
            with pytest.raises(services.SignOffNotNeeded):
                sign(scope, decision, now)

    def test_only_persons_whose_signature_counts_sign(self, world, rollout, now):
        decision = recommended(world, rollout, "PAUSE", now)
        machine = replace(world.as_panel, user_id=None, client_id="crm")

        for scope in (world.operator, machine):
            with pytest.raises(NotPermitted):
                sign(scope, decision, now)
        for scope in (world.as_supplier, world.as_csp):
            with pytest.raises(NotFound):
                sign(scope, decision, now)

    def test_whoever_recommends_does_not_confirm_even_where_dcc_must_sign(self, world, rollout, now):
        colleague = Scope.of(UserFactory(organisation=world.dcc))
        rows = [{"organisation": world.dcc.pk, "role": "DCC_OPERATOR", "number": 1}]
        proposal = services.propose_requirements(world.as_panel, rows=rows, reasons="Trial.", now=now)
        sign(Scope.of(UserFactory(organisation=world.panel)), proposal, now)
        sign(colleague, proposal, now)
        decision = recommended(world, rollout, "PAUSE", now)

        with pytest.raises(NotPermitted):
            sign(world.operator, decision, now)
        assert sign(colleague, decision, now).status == "ENACTED"
        assert status_of(rollout) == "PAUSED"

    def test_a_requirement_nobody_could_meet_is_not_proposed(self, world, now):
        for rows in (
            [{"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 2}],
            [{"organisation": 0, "role": "PANEL_MEMBER", "number": 1}],
            [{"organisation": world.panel.pk, "role": "EMPEROR", "number": 1}],
            [],
        ):
            with pytest.raises(BadInput):
                services.propose_requirements(world.operator, rows=rows, reasons="-", now=now)

    def test_a_requirement_changes_only_with_its_old_and_its_new_signatures(self, world, now):
        committee = OrganisationFactory(kind=OrganisationKind.PANEL, name="Operations Group")
        chair = Scope.of(UserFactory(organisation=committee))
        first = services.propose_requirements(
            world.operator,
            rows=[{"organisation": committee.pk, "role": "PANEL_MEMBER", "number": 1}],
            reasons="The group has the time.",
            now=now,
        )
        assert sign(world.as_panel, first, now).status == "RECOMMENDED"
        assert sign(chair, first, now).status == "ENACTED"

    @pytest.mark.django_db(transaction=True)
    def test_two_changes_signed_at_the_same_moment_come_into_force_one_after_the_other(
        self, world, now, monkeypatch
    ):
        both_are_there, put = threading.Barrier(2), SignOffRequirement.objects.bulk_create
        proposals = [
            services.propose_requirements(
                world.operator,
                rows=[
                    {"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 1, "option": option}
                ],
                reasons="One sees enough.",
                now=now,
            )
            for option in (1, 2)
        ]

        def put_late(rows):
            with suppress(threading.BrokenBarrierError):
                both_are_there.wait(1)  # neither sees the other's rows, were it not for the lock
            return put(rows)

        monkeypatch.setattr(SignOffRequirement.objects, "bulk_create", put_late)

        def run(proposal):
            try:
                sign(world.as_panel, proposal, now)
            finally:
                connection.close()

        signing = [threading.Thread(target=run, args=(proposal,)) for proposal in proposals]
        for each in signing:
            each.start()
        for each in signing:
            each.join(10)

        in_force = SignOffRequirement.objects.filter(in_force_until=None)
        assert in_force.count() == 1
        assert set(Decision.objects.values_list("status", flat=True)) == {DecisionStatus.ENACTED}

    @pytest.mark.requirement("R5.3")
    def test_still_needed_is_said_before_anybody_has_signed(self, world, rollout, now):
        decision = recommended(world, rollout, "PAUSE", now)

        assert standing_of(decision).still_needed == (
            "one panel member of the SEC Panel or a nominated Sub-Committee",
        )
