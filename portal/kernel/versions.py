"""What an edit was made from: a digest of the values, compared once more where they are locked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder

from portal.kernel.refusals import Refusal

_DIGEST_BYTES: Final = 12


class EditConflict(Refusal):
    """It has changed since the caller read it."""

    code = "precondition_failed"
    status = 412


class _ExactEncoder(DjangoJSONEncoder):
    """Django's, but for microseconds, which it cuts off: two saves of one millisecond differ."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


def version_of(values: Mapping[str, Any]) -> str:
    """Return a digest of values by name, the same whatever their order."""
    text = json.dumps(values, cls=_ExactEncoder, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def check_latest(expected: int | None, latest: int) -> None:
    """Refuse a new version made from another than the latest; None expects nothing.

    Raises:
        EditConflict: there is a later one.
    """
    if expected is not None and expected != latest:
        raise EditConflict(
            f"Somebody else has saved version {latest} since you opened the page. Look at it, "
            "or save again to put yours in its place."
        )


def check_version(expected: str | None, values: Mapping[str, Any]) -> None:
    """Refuse a change made from other values than those of the locked row; None expects nothing.

    Raises:
        EditConflict: the values have moved.
    """
    if expected is not None and expected != version_of(values):
        raise EditConflict("Somebody else has changed this meanwhile. Look at it as it is now, then decide.")
