"""Pages by keyset: `limit` and `after` in, `items` and the address of the next page out; no counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, get_type_hints

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request

from portal.kernel import paging
from portal.rest.fields import CommaSeparatedField, InvalidQuery, StrictSerializer
from portal.rest.schemas import members_of

T = TypeVar("T")
DEFAULT_LIMIT: Final = 100
MOST_A_PAGE: Final = 1_000
_LONGEST_CURSOR: Final = 200
_HIGHEST_ID: Final = 2**31 - 1


class FieldsQuery(StrictSerializer):
    """Which members of each item are wanted."""

    fields = CommaSeparatedField(  # type: ignore[assignment]
        required=False,
        default="",
        allow_blank=True,
        max_length=1_000,
        help_text="Members of each item that are wanted, between commas. Default: all of them.",
    )


class PageQuery(FieldsQuery):
    """Which part of a list is wanted, and which members of each item."""

    limit = serializers.IntegerField(
        required=False,
        default=DEFAULT_LIMIT,
        min_value=1,
        max_value=MOST_A_PAGE,
        help_text="How many at most.",
    )
    after = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=_LONGEST_CURSOR,
        help_text="The cursor in the `next` of the page before. Follow `next` rather than build it.",
    )


def id_after(cursor: str, *, of: paging.CursorKey) -> int | None:
    """Return the id that ended the page before, where a list is in the order of ids.

    Raises:
        BadCursor: the cursor is not one of ours.
    """
    if not cursor:
        return None
    (place,) = of.decode(cursor, size=1)
    if not isinstance(place, int) or not 0 <= place <= _HIGHEST_ID:
        raise paging.BadCursor("This cursor is damaged. Start again from the first page.")
    return place


def cursor_of(following: str | None, *, of: paging.CursorKey) -> str | None:
    """Return a cursor for a list that names its next page by a plain id."""
    return None if following is None else of.encode(int(following))


def page(
    request: Request,
    items: Iterable[T],
    shape: Callable[[T], Mapping[str, Any]],
    *,
    following: str | None,
    wanted: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return the document of a page: its items, and the address of the page after.

    `shape` returns a TypedDict, and says so: `fields` in the query names its members.

    Raises:
        InvalidQuery: there is no such member.
    """
    if wanted is None:
        wanted = wanted_members(
            ",".join(request.query_params.getlist("fields")), get_type_hints(shape)["return"]
        )
    documents: Sequence[Mapping[str, Any]] = [shape(item) for item in items]
    if wanted:
        documents = [{name: each[name] for name in each if name in wanted} for each in documents]
    address = _next(request, following)
    if address:
        request.next_page = address  # type: ignore[attr-defined]  # for the header `Link`
    return {"items": documents, "next": address}


def wanted_members(fields: str, shape: type) -> frozenset[str]:
    """Return the members a list is asked for; none named means all.

    Raises:
        InvalidQuery: there is no such member.
    """
    names = {name.strip() for name in fields.split(",") if name.strip()}
    if unknown := sorted(names - members_of(shape)):
        raise InvalidQuery({"fields": [f"There is no member {', '.join(unknown[:5])}."]})
    return frozenset(names)


def _next(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["after"] = cursor
    return f"{settings.PORTAL_URL}{request.path}?{query.urlencode()}"
