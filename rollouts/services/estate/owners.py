"""Whose a file is that a worker writes or reads: the person or system that ordered it, as they are now."""

from __future__ import annotations

from portal.identity.api import principal_of
from portal.identity.api_scopes import ApiScope
from portal.identity.models import ApiClient, User
from portal.identity.scope import Scope
from rollouts.models import Export, ImportFile


def owner_scope(file: Export | ImportFile, *, needed: ApiScope) -> Scope | None:
    """Return the scope of whose a file is; None of a person who has left, or a system that was revoked."""
    if file.client_id:
        clients = ApiClient.objects.select_related("oauth", "organisation")
        client = clients.filter(pk=file.client_id, revoked_at=None, organisation__is_active=True).first()
        principal = None if client is None else principal_of(client, names=client.oauth.get_scopes())
        scope = principal.scope if principal is not None and needed in principal.allowed else None
    else:
        user = (
            User.objects.filter(pk=file.user_id or 0, is_active=True).select_related("organisation").first()
        )
        scope = None if user is None else Scope.of(user)
    return scope if scope is not None and scope.organisation_id == file.organisation_id else None
