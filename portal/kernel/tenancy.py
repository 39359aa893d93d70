"""For whom a connection reads and writes: what the policies of the database go by (ADR 17).

A request is answered in a role of the database that sees the rows of one organisation, and of none until
it is known who asks. Workers and commands act for everybody, in the role they log in with. Who acts is held
here; the connection tells the database before its next statement (`portal.kernel.postgresql`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TypeVar

from django.conf import settings

T = TypeVar("T")

WEB: Final = "portal_web"
SUPPLIER: Final = "portal_supplier"
OPERATOR: Final = "portal_operator"
CSP: Final = "portal_csp"
PANEL: Final = "portal_panel"
REQUEST_ROLES: Final = (WEB, SUPPLIER, OPERATOR, CSP, PANEL)
"""Of nobody yet, of Suppliers, of the DCC, of CSPs, of the Panel. The first is part of each other."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A role of the database, and the organisation whose rows it sees."""

    role: str
    organisation_id: int | None = None


NOBODY: Final = Tenant(WEB)
_default: list[Tenant | None] = [None]
_current: ContextVar[Tenant | None] = ContextVar("tenant")


def current() -> Tenant | None:
    """Return for whom statements are run; none = for the process itself, by the role it logged in with."""
    return _current.get(_default[0]) if settings.ROW_LEVEL_SECURITY else None


def set_default(tenant: Tenant | None) -> None:
    """Say for whom this process acts outside of requests; what only serves them acts for nobody."""
    _default[0] = tenant


@contextmanager
def acting_as(tenant: Tenant | None) -> Iterator[None]:
    """Run statements for a tenant."""
    before = _current.set(tenant)
    try:
        yield
    finally:
        _current.reset(before)


def become(tenant: Tenant) -> None:
    """Go on for a tenant, within a request that began for nobody; outside of one nothing changes."""
    if _current.get(None) is not None:
        _current.set(tenant)


def crossing() -> AbstractContextManager[None]:
    """Look at the rows of everybody for a moment, as the process: to learn who asks, or to count."""
    return acting_as(None)


def held(blocks: Iterable[T], tenant: Tenant | None) -> Iterator[T]:
    """Make each block of a stream for the tenant it was begun for: the request is over by then."""
    source = iter(blocks)
    while True:
        with acting_as(tenant):
            try:
                block = next(source)
            except StopIteration:
                return
        yield block
