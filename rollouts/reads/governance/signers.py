"""Which signatures count: each by a person of their own (R5.3)."""

from __future__ import annotations

from typing import Final

from portal.identity.models import User
from portal.kernel import sql
from rollouts.models.governance import Decision, SignOff

_NOBODY: Final = ""
OPENED_SINCE: Final = (
    "Your account was made, or given its role, after this was recommended,"
    " so your signature does not count here."
)
OPENED_BY_SIGNER: Final = (
    "You have opened the account of somebody who recommends or signs this, or they opened yours,"
    " so the two of you do not count as two."
)
SAME_MAILBOX: Final = "Somebody with your mailbox has signed this, or recommended it, already."


def reason_not_to_count(decision: Decision, user_id: int) -> str:
    """Return why somebody's signature on a recommendation would not count; nothing where it would.

    The requirement counts persons. An account somebody opened (made, gave a role, let in again, or took the
    second factor from) is not a person beside whoever opened it, nor beside whoever opened that one's.
    """
    user = User.objects.get(pk=user_id)
    if (
        user.admitted_at is not None
        and decision.recommended_at
        and user.admitted_at > decision.recommended_at
    ):
        return OPENED_SINCE
    signed = SignOff.objects.filter(decision=decision, version=decision.version, voided_at=None)
    others = set(signed.values_list("user_id", flat=True)) - {user_id}
    if decision.recommended_by_id is not None:
        others.add(decision.recommended_by_id)
    if not others:
        return _NOBODY
    opened = sql.fetch_all("rollouts", "who_opened", users=[user_id, *others])
    if any({each.opener, each.opened} & {user_id} and {each.opener, each.opened} & others for each in opened):
        return OPENED_BY_SIGNER
    boxes = {_mailbox(email) for email in User.objects.filter(pk__in=others).values_list("email", flat=True)}
    return SAME_MAILBOX if _mailbox(user.email) in boxes else _NOBODY


def _mailbox(email: str) -> str:
    name, _, domain = email.lower().partition("@")
    return f"{name.partition('+')[0]}@{domain}"
