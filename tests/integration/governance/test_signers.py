"""The requirement counts persons: an alias somebody has opened for themselves signs nothing beside them (R5.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.accounts import people
from portal.identity.models import User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotPermitted
from rollouts.models import SignOffRequirement
from rollouts.queries.governance.decisions import awaiting_confirmation
from rollouts.reads.governance.signing import standing_of
from tests.factories import UserFactory, make_rollout
from tests.integration.deciding import recommended, sign

pytestmark = pytest.mark.django_db


def require(world, number, *, now, role=Role.PANEL_MEMBER, body=None):
    SignOffRequirement.objects.create(
        option=1, organisation=body or world.panel, role=role, number=number, in_force_from=now
    )


def administrator(world):
    return Scope.of(UserFactory(organisation=world.panel, roles=[Role.PANEL_ADMIN]))


def invited(by, *, now, email="alias@panel.example", role=Role.PANEL_MEMBER):
    return Scope.of(people.invite(by, email=email, name="An alias", roles=[role], now=now))


@pytest.mark.requirement("R5.3")
def test_a_member_lets_nobody_in_and_an_administrator_signs_nothing(world, now):
    decision = recommended(world, make_rollout(world, now=now), "PROCEED", now)

    with pytest.raises(NotPermitted, match="Panel administrator"):
        invited(world.as_panel, now=now)
    with pytest.raises(NotPermitted, match="not among those"):
        sign(administrator(world), decision, now)
    with pytest.raises(BadInput, match="one of the two"):
        people.change_roles(
            administrator(world),
            world.panel_user.pk,
            roles={Role.PANEL_MEMBER, Role.PANEL_ADMIN},
            now=now,
        )


@pytest.mark.requirement("R5.3")
def test_an_account_made_after_the_recommendation_does_not_count(world, now):
    require(world, 2, now=now)
    decision = recommended(world, make_rollout(world, now=now), "PROCEED", now)
    alias = invited(administrator(world), now=now + timedelta(minutes=1))
    sign(world.as_panel, decision, now)

    with pytest.raises(NotPermitted, match="after this was recommended"):
        sign(alias, decision, now)
    assert awaiting_confirmation(alias) == []
    assert standing_of(decision).still_needed == ("one panel member of SEC Panel",)


@pytest.mark.requirement("R5.3")
@pytest.mark.parametrize("how", ["role", "reactivated", "second factor"])
def test_an_account_opened_again_after_the_recommendation_does_not_count(world, now, how):
    other = UserFactory(organisation=world.panel, roles=[Role.PANEL_ADMIN])
    decision = recommended(world, make_rollout(world, now=now), "PROCEED", now)
    by, later = administrator(world), now + timedelta(minutes=1)
    if how == "role":
        people.change_roles(by, other.pk, roles={Role.PANEL_MEMBER}, now=later)
    else:
        User.objects.filter(pk=other.pk).update(roles=[Role.PANEL_MEMBER], is_active=how != "reactivated")
        (people.reactivate if how == "reactivated" else people.reset_second_factor)(by, other.pk, now=later)
    other.refresh_from_db()

    with pytest.raises(NotPermitted, match="after this was recommended"):
        sign(Scope.of(other), decision, now)


@pytest.mark.requirement("R5.3")
@pytest.mark.parametrize("first", ["opener", "alias"])
def test_an_account_a_signer_has_opened_does_not_count_beside_theirs(world, now, first):
    """The signer was an administrator once, and opened the alias through an account in between."""
    require(world, 2, now=now)
    earlier = now - timedelta(days=90)
    opener = administrator(world)
    between = invited(opener, email="between@panel.example", role=Role.PANEL_ADMIN, now=earlier)
    alias = invited(between, now=earlier)
    User.objects.filter(pk=opener.user_id).update(roles=[Role.PANEL_MEMBER])
    opener = Scope.of(User.objects.get(pk=opener.user_id))
    decision = recommended(world, make_rollout(world, now=now), "PROCEED", now)
    each, two = (opener, alias) if first == "opener" else (alias, opener)
    sign(each, decision, now)

    with pytest.raises(NotPermitted, match="do not count as two"):
        sign(two, decision, now)
    assert sign(world.as_panel, decision, now).status == "ENACTED"


def test_the_dccs_recommender_does_not_sign_through_an_account_of_their_own_making(world, now):
    require(world, 1, now=now, role=Role.DCC_OPERATOR, body=world.dcc)
    alias = invited(
        world.operator, email="alias@dcc.example", role=Role.DCC_OPERATOR, now=now - timedelta(days=9)
    )
    decision = recommended(world, make_rollout(world, now=now), "PROCEED", now)

    with pytest.raises(NotPermitted, match="do not count as two"):
        sign(alias, decision, now)


@pytest.mark.requirement("R5.3")
def test_two_accounts_of_one_mailbox_are_one_person(world, now):
    require(world, 2, now=now)
    name, _, domain = world.panel_user.email.partition("@")
    alias = Scope.of(UserFactory(organisation=world.panel, email=f"{name}+two@{domain}"))
    decision = recommended(world, make_rollout(world, now=now), "PROCEED", now)
    sign(world.as_panel, decision, now)

    with pytest.raises(NotPermitted, match="mailbox"):
        sign(alias, decision, now)


@pytest.mark.requirement("R5.3")
def test_one_signature_fills_one_place_of_an_option(world, now):
    require(world, 1, now=now)
    require(world, 1, now=now)
    decision = recommended(world, make_rollout(world, now=now), "PROCEED", now)

    assert sign(world.as_panel, decision, now).still_needed == ("one panel member of SEC Panel",)
    assert sign(Scope.of(UserFactory(organisation=world.panel)), decision, now).status == "ENACTED"
