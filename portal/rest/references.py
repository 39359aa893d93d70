"""References over REST: as they are answered, and as they are read in bodies and queries."""

from __future__ import annotations

from typing import Annotated, Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from portal.kernel.references import PATTERN, id_named
from portal.rest.schemas import Example

Reference = Annotated[str, Example("4F7QK2M9XT0BZ"), "What it is called in addresses; it says nothing else."]


class ReferenceField(serializers.RegexField):
    """The reference of something of one kind, as its id; what only looks like one is the id of nothing."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(f"^{PATTERN}$", **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Return the id."""
        return id_named(str(super().to_internal_value(data)), self.kind)

    def run_validators(self, value: Any) -> None:
        """Check the text before it is read, not what was read."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Check the text, then read it."""
        if data is not None and data is not serializers.empty:
            if not isinstance(data, str):
                raise ValidationError("This is not a text.", code="not_a_text")
            for validator in self.validators:
                validator(data)  # type: ignore[call-arg]
        return super().run_validation(data)
