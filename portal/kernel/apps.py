"""Registration of the kernel's few tables."""

from __future__ import annotations

from typing import Final

from django import forms
from django.apps import AppConfig
from django.db.models.signals import pre_save

from portal.kernel.lines import check_kept, check_typed

#: What is said beside a field that was left empty: what to do, not what a rule says.
_EMPTY: Final = (
    (forms.Field, "Fill this in."),
    (forms.ChoiceField, "Choose one."),
    (forms.MultipleChoiceField, "Choose at least one."),
    (forms.FileField, "Choose a file."),
)


class KernelConfig(AppConfig):
    """The ground every area stands on."""

    name = "portal.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have every form say what to do about an empty field, and every line be one line."""
        for field, words in _EMPTY:
            field.default_error_messages = {**field.default_error_messages, "required": words}
        pre_save.connect(check_kept, dispatch_uid="one-line")
        _check_lines_of_forms()


def _check_lines_of_forms() -> None:
    validate = forms.CharField.validate

    def checked(self: forms.CharField, value: str) -> None:
        validate(self, value)
        check_typed(self, value)

    forms.CharField.validate = checked  # type: ignore[method-assign, assignment]
