"""What may stand in an address: an id that a database holds, a GUID in any spelling, a word."""

from __future__ import annotations

from typing import Final

from portal.kernel.guid import Guid, NotAGuid

HIGHEST: Final = 2**31 - 1


class IdConverter:
    """A positive number that fits a column of ids; any other is no address."""

    regex = "[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """Return the number.

        Raises:
            ValueError: no id is so high.
        """
        if (number := int(value)) > HIGHEST:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        """Write the number."""
        return str(value)


class GuidConverter:
    """A GUID, however it is spelt."""

    regex = "[0-9A-Fa-f:. -]{16,40}"

    def to_python(self, value: str) -> Guid:
        """Return the GUID.

        Raises:
            ValueError: it is none.
        """
        try:
            return Guid.parse(value)
        except NotAGuid as error:
            raise ValueError(value) from error

    def to_url(self, value: Guid | str) -> str:
        """Write the GUID."""
        return str(value)


class ReferenceConverter:
    """A reference: letters, digits and dashes."""

    regex = "[A-Za-z0-9][A-Za-z0-9_-]{0,39}"

    def to_python(self, value: str) -> str:
        """Return the word."""
        return value

    def to_url(self, value: str) -> str:
        """Write the word."""
        return value


class LabelConverter(ReferenceConverter):
    """A label as an organisation wrote it, without a slash."""

    regex = "[^/\\x00-\\x1f]{1,40}"
