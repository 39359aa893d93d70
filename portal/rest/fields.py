"""Bodies and parameters, member by member: what is unknown is refused, and a moment has a zone."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from portal.rest.converters import HIGHEST
from portal.rest.schemas import enum_name, name_schema

QUERY: Final = "is_query"
_TYPES: Final[Mapping[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...]]] = {
    serializers.BooleanField: (bool,),
    serializers.IntegerField: (int,),
    serializers.FloatField: (int, float),
    serializers.CharField: (str,),
}
_MANY: Final = (serializers.ListField, serializers.DictField)
#: RFC 3339; the offset is asked for by name, and seconds may be left out.
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)


class StrictSerializer(serializers.Serializer[Any]):
    """A body, or the parameters of a query: a member it does not know is a mistake, said at once."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown members, then read the others."""
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            raise ValidationError({name: ["There is no such member."] for name in unknown[:20]})
        if (
            isinstance(data, Mapping)
            and not self.context.get(QUERY)
            and (others := self._of_another_type(data))
        ):
            raise ValidationError(others)
        return super().to_internal_value(data)

    def _of_another_type(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        # The framework would take a number for a text, 0 and "no" for false, "5" for a number.
        problems = {name: _type_problem(field, data.get(name)) for name, field in self.fields.items()}
        return {name: [problem] for name, problem in problems.items() if problem}


def _type_problem(field: Any, value: Any) -> str:
    """Say what is wrong with the JSON type of a member, or of a list's items; the field judges the rest."""
    items = [value]
    if isinstance(field, _MANY) and isinstance(value, list | dict):
        field, items = field.child, list(value.values()) if isinstance(value, dict) else value
    types = next((types for kind, types in _TYPES.items() if isinstance(field, kind)), None)
    if types is None or set(map(type, items)) <= {*types, type(None)}:
        return ""
    return "This is not a text." if types == (str,) else "This is not of the type described."


class CommaSeparatedField(serializers.CharField):
    """A text of several values between commas; in a query each may also be a parameter of its own."""


class OffsetDateTimeField(serializers.DateTimeField):
    """A moment by RFC 3339, with its offset: `2027-03-15T02:00:00Z`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default_timezone", UTC)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> datetime:
        """Refuse what is written in another way of ISO 8601, such as the days of a week.

        Raises:
            ValidationError: it is.
        """
        if isinstance(data, str):
            data = data.strip()
            if not _TIME.fullmatch(data):
                raise ValidationError("Write it as in 2027-03-15T02:00:00Z (RFC 3339).", code="invalid")
            data = data.upper()
        moment: datetime = super().to_internal_value(data)
        return moment

    def enforce_timezone(self, value: datetime) -> datetime:
        """Refuse a time without an offset: nobody could tell which moment is meant."""
        if value.tzinfo is None:
            raise ValidationError("Give the offset: end the time with Z, or with +01:00.", code="no_offset")
        moment: datetime = super().enforce_timezone(value)
        if not _EARLIEST <= moment < _LATEST:
            raise ValidationError("Give a time of this century.", code="out_of_range")
        return moment


class IdField(serializers.IntegerField):
    """The id of something: a positive number that fits its column."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=HIGHEST, **kwargs)


class EnumField(serializers.ChoiceField):
    """One name of an enumeration, as the value of that name."""

    def __init__(self, words: type[enum.Enum], *, only: Collection[enum.Enum] = (), **kwargs: Any) -> None:
        self.words = words
        super().__init__(choices=[word.name for word in words if not only or word in only], **kwargs)
        if not only:
            closed = {"type": "string", "enum": [word.name for word in words]}
            described = name_schema(f"{enum_name(words)}Choice", closed)
            self._spectacular_annotation = {"field": described}

    def to_internal_value(self, data: Any) -> Any:
        """Return the member of the enumeration."""
        return self.words[super().to_internal_value(data)]


class EnumListField(CommaSeparatedField, serializers.RegexField):
    """Names of an enumeration between commas, as the values of those names."""

    def __init__(self, words: type[enum.Enum], **kwargs: Any) -> None:
        self.words = words
        names = "|".join(word.name for word in words)
        super().__init__(f"^({names})(,({names}))*$", max_length=500, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Return the members of the enumeration."""
        return [self.words[name] for name in str(super().to_internal_value(data)).split(",")]

    def run_validators(self, value: Any) -> None:
        """Check the text before it is read, not what was read."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Check the text, then read it."""
        if isinstance(data, str):
            for validator in self.validators:
                validator(data)  # type: ignore[call-arg]
        return super().run_validation(data)


class JsonObjectField(serializers.JSONField):
    """A JSON object that is read by somebody else, and described as a component."""

    def __init__(self, *, described_as: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if described_as:
            self._spectacular_annotation = {"field": {"$ref": f"#/components/schemas/{described_as}"}}

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what is no object, or holds a NUL, which no database stores."""
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise ValidationError("This is not a JSON object.", code="not_an_object")
        if _holds_nul(value):
            raise ValidationError("A text holds a NUL character.", code="null_characters_not_allowed")
        return value


class InvalidQuery(ValidationError):
    """A parameter of the query is unknown, or has a value that cannot be: errors name it as it is called."""

    is_of_query: Final = True


def query_values(query: QueryDict, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a query, each with its one value; of a list the values, between commas.

    Raises:
        ValidationError: a parameter that holds one value is there several times.
    """
    repeated = {name for name, values in query.lists() if len(values) > 1}
    if several := sorted(name for name in repeated if not isinstance(fields.get(name), CommaSeparatedField)):
        raise InvalidQuery({name: ["Give it once."] for name in several[:20]})
    return {name: ",".join(values) if name in repeated else values[-1] for name, values in query.lists()}


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)
