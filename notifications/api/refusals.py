"""The refusals of this area, as the description and docs/reference/problems.md explain them."""

from __future__ import annotations

from typing import Final

from portal.problems import ProblemType, add_to_catalogue

CATALOGUE: Final = (
    ProblemType(
        "cursor_expired",
        410,
        "Entries after this cursor are no longer kept.",
        "Read your estate afresh, then go on after `oldest`.",
    ),
    ProblemType(
        "bad_webhook_url",
        422,
        "The address cannot be called.",
        "Give a public one that begins with https://.",
    ),
    ProblemType("too_many_webhooks", 409, "There are as many webhooks as there may be.", "Remove one first."),
    ProblemType("no_room", 503, "The server has as many streams as it holds.", "Wait for `Retry-After`."),
    ProblemType("too_many_streams", 429, "You follow too many streams at once.", "End one first."),
    ProblemType("cursor_ahead", 422, "The cursor lies beyond the newest entry.", "It is not from this feed."),
)

add_to_catalogue(*CATALOGUE)
