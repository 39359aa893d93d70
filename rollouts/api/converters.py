"""Path converters of the REST mirror; registered when the application starts, before any address is read."""

from __future__ import annotations

from typing import Any, Final

from django.urls import register_converter
from django.urls.converters import get_converters

from portal.kernel import references
from portal.rest.converters import GuidConverter, IdConverter, LabelConverter, ReferenceConverter
from rollouts.states.governing import INCIDENT_STEPS

# Pausing, resuming and stopping are decided, and signed by people (R5.3).
ROLLOUT_VERBS: Final = (
    "notify",
    "start_pilot",
    "end_pilot",
    "accept_pilot",
    "skip_pilot",
    "reopen_pilot",
    "reject_pilot",
    "suspend",
    "revoke",
)


class _VerbConverter:
    """One of the verbs of a table of steps."""

    regex: str

    def to_python(self, value: str) -> str:
        """Return the verb."""
        return value

    def to_url(self, value: str) -> str:
        """Write the verb."""
        return value


class RolloutVerb(_VerbConverter):
    """The verb of a step of a rollout."""

    regex = "|".join(ROLLOUT_VERBS)


class IncidentVerb(_VerbConverter):
    """The verb of a step of an incident; merging has an address of its own."""

    regex = "|".join(verb for verb in INCIDENT_STEPS if verb != "merge")


CONVERTERS: Final[dict[str, Any]] = {
    "id": IdConverter,
    "guid": GuidConverter,
    "word": ReferenceConverter,
    "label": LabelConverter,
    "verb": RolloutVerb,
    "incident_verb": IncidentVerb,
}

#: What Suppliers make, whose ids count what all of them do.
REFERENCES: Final = (
    "approval_rule",
    "certificate",
    "estate_file",
    "estate_view",
    "incident",
    "incident_file",
    "selection_rule",
    "service_message",
    "submission",
)


def register() -> None:
    """Register the converters that no other area has registered."""
    references.register(*REFERENCES)
    for name in CONVERTERS.keys() - get_converters().keys():
        register_converter(CONVERTERS[name], name)
