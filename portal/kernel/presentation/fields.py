"""Form fields as govuk-frontend draws them: which template part and which attributes a widget gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString

#: Widget classes and the part that draws them; the first that matches counts.
_PARTS: Final[tuple[tuple[type[forms.Widget], str], ...]] = (
    (forms.HiddenInput, "hidden"),
    (forms.CheckboxSelectMultiple, "checkboxes"),
    (forms.RadioSelect, "radios"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "file"),
    (forms.PasswordInput, "password"),
)
_CLASSES: Final = {
    "select": "govuk-select",
    "textarea": "govuk-textarea",
    "file": "govuk-file-upload",
    "password": "govuk-input govuk-password-input__input govuk-js-password-input-input",
    "input": "govuk-input",
}
_ERROR_CLASSES: Final = {
    "select": "govuk-select--error",
    "textarea": "govuk-textarea--error",
    "file": "govuk-file-upload--error",
    "password": "govuk-input--error",
    "input": "govuk-input--error",
}


@dataclass(frozen=True, slots=True)
class FormField:
    """A bound field, ready for its template."""

    bound: BoundField
    part: str
    hint: str
    width: str
    is_label_hidden: bool

    @property
    def id(self) -> str:
        """The id of the control (of the first one in a group)."""
        return control_id(self.bound)

    @property
    def hint_id(self) -> str:
        """The id of the hint."""
        return f"{self.bound.auto_id or self.bound.html_name}-hint"

    @property
    def error_id(self) -> str:
        """The id of the error message."""
        return f"{self.bound.auto_id or self.bound.html_name}-error"

    @property
    def described_by(self) -> str:
        """The ids a screen reader reads after the label."""
        ids = [self.hint_id] if self.hint else []
        if self.bound.errors:
            ids.append(self.error_id)
        return " ".join(ids)

    @property
    def control(self) -> SafeString:
        """The control itself, for parts that have one."""
        attributes: dict[str, Any] = {"class": self._css()}
        if self.described_by:
            attributes["aria-describedby"] = self.described_by
        if self.part == "password":
            attributes |= {"spellcheck": "false", "autocapitalize": "none"}
        return self.bound.as_widget(attrs=attributes)

    def _css(self) -> str:
        words = [_CLASSES.get(self.part, ""), str(self.bound.field.widget.attrs.get("class", ""))]
        if self.width and self.part == "input":
            words.append(f"govuk-input--width-{self.width}")
        if self.bound.errors:
            words.append(_ERROR_CLASSES.get(self.part, ""))
        return " ".join(word for word in words if word)


def control_id(bound: BoundField) -> str:
    """Return the id of a field's control, of the first one where there are several."""
    if isinstance(bound.field.widget, forms.RadioSelect) and bound.subwidgets:
        return str(bound.subwidgets[0].id_for_label)
    return bound.id_for_label or bound.auto_id or bound.html_name


def field_of(
    bound: BoundField, *, hint: str = "", width: str = "", is_label_hidden: bool = False
) -> FormField:
    """Choose how to draw a bound field; the form's help text is the hint unless another is given."""
    widget = bound.field.widget
    part = next((name for kind, name in _PARTS if isinstance(widget, kind)), "input")
    return FormField(bound, part, hint or str(bound.help_text), width, is_label_hidden)
