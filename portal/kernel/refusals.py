"""The one family of anticipated noes.

A refusal is raised where it is decided and becomes an answer in one place per surface:
a message beside the form, or an RFC 9457 problem.
"""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """Something that was asked for cannot be done, for a reason worth telling.

    `code` is stable and documented; the message says what to do about it.
    """

    code = "refused"
    status = 409

    def __init__(
        self, message: str, *, code: str | None = None, facts: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.facts = dict(facts or {})


class NotPermitted(Refusal):
    """The person or client may not do this."""

    code = "not_permitted"
    status = 403


class NotFound(Refusal):
    """There is no such thing, or not for this organisation: the two read the same."""

    code = "not_found"
    status = 404


class BadInput(Refusal):
    """What was sent has the wrong shape."""

    code = "bad_input"
    status = 422
