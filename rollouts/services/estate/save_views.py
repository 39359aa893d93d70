"""Views of the estate under a name: kept, renamed, shared with one's organisation, removed (R4.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portal.identity.models import User
from portal.identity.scope import Scope
from portal.kernel.names import checked_name
from portal.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import SavedView
from rollouts.models.takeaways import LONGEST_QUERY

MOST_VIEWS: Final = 100
"""So many views one person may keep."""


class NameTaken(Refusal):
    """The person has a view of this name already."""

    code = "name_taken"


@unit_of_work
def save_view(scope: Scope, *, name: str, query: str, is_shared: bool, now: datetime) -> int:
    """Keep filters under a name; return the number of the view.

    Raises:
        NotPermitted: the Panel sees no single hubs, and only a person keeps views.
        BadInput: no name, too long a one, too long a filter, or too many views.
        NameTaken: the person has one of this name.
    """
    if scope.is_panel or scope.user_id is None:
        raise NotPermitted("The Panel sees rollouts and their figures, not single hubs.")
    if len(query) > LONGEST_QUERY:
        raise BadInput("These filters are too long to be kept.")
    wanted = _checked(scope.user_id, name)
    if SavedView.objects.filter(owner_id=scope.user_id).count() >= MOST_VIEWS:
        raise BadInput(f"You keep {MOST_VIEWS} views already. Remove one first.")
    view = SavedView.objects.create(
        organisation_id=scope.organisation_id,
        owner_id=scope.user_id,
        owner_name=scope.name,
        name=wanted,
        query=query,
        is_shared=is_shared,
        created_at=now,
    )
    return view.pk


@unit_of_work
def change_view(
    scope: Scope, *, view_id: int, name: str, is_shared: bool, expected: str | None = None
) -> None:
    """Rename, share or stop sharing one's own view.

    `expected` is the `version_of` its name and `is_shared` before.

    Raises:
        EditConflict: it is not as `expected`.
        NotFound: there is none, or it is somebody else's.
        BadInput, NameTaken: as in `save_view`.
    """
    view = _own(scope, view_id)
    check_version(expected, {"name": view.name, "is_shared": view.is_shared})
    view.name = _checked(view.owner_id, name, besides=view_id)
    view.is_shared = is_shared
    view.save(update_fields=["name", "is_shared"])


@unit_of_work
def remove_view(scope: Scope, *, view_id: int) -> None:
    """Remove one's own view.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    _own(scope, view_id).delete()


@inside_unit_of_work
def _own(scope: Scope, view_id: int) -> SavedView:
    own = SavedView.objects.filter(
        owner_id=scope.user_id or 0, organisation_id=scope.organisation_id, pk=view_id
    )
    view = own.select_for_update().first()
    if view is None:
        raise NotFound("There is no such view of yours.")
    return view


@inside_unit_of_work
def _checked(owner_id: int, name: str, *, besides: int = 0) -> str:
    User.objects.select_for_update().get(pk=owner_id)  # two requests at once see each other's names
    wanted = checked_name(name, of="view")
    if SavedView.objects.filter(owner_id=owner_id, name=wanted).exclude(pk=besides).exists():
        raise NameTaken(f"You have a view called “{wanted}” already.")
    return wanted
