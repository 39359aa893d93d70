"""Forms that change something stored: two people at once lose nothing, and what is left alone stays exact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

from django import forms
from django.http import QueryDict

from portal.kernel.refusals import Refusal

MADE_FROM: Final = "made_from"
_DIGEST_BYTES: Final = 6
_LONGEST_VALUE: Final = 200
T = TypeVar("T")


def submit(form: forms.BaseForm, act: Callable[[], T]) -> tuple[T | None, int]:
    """Do what a form asks for, if it is valid; a refusal becomes an error of the form.

    Return what came of it, or None, and the status of the page that shows the form again.
    """
    if not form.is_valid():
        return None, form.refused_status if isinstance(form, EditForm) else HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        return act(), HTTPStatus.OK
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return None, refusal.status


class EditForm(forms.Form):
    """A form over stored values (`initial`), which carries a digest of each as it was shown.

    A field left as it was shown takes the stored value, whatever that is by now and whether or not the
    control can show it to the last second. A field changed by both people is refused with both values; the
    page then shown is made from what is stored now, so saving it again is a decision.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = {name: self._shown(name) for name in self.fields}
        self.untouched: set[str] = set()
        self.conflicts: set[str] = set()
        shown = json.dumps({name: _digest(value) for name, value in self._stored.items()})
        if self.is_bound:
            self._merge()
        self.fields[MADE_FROM] = forms.CharField(
            required=False,
            widget=forms.HiddenInput({"id": False}),  # several forms share a page
        )
        self.initial = {**self.initial, MADE_FROM: shown}
        if self.is_bound:
            self.data[self.add_prefix(MADE_FROM)] = shown  # type: ignore[index]

    @property
    def refused_status(self) -> HTTPStatus:
        """The status of the page that shows this form again."""
        return HTTPStatus.CONFLICT if self.conflicts else HTTPStatus.UNPROCESSABLE_ENTITY

    def full_clean(self) -> None:
        """Take untouched fields from what is stored, and refuse what two people changed."""
        left_alone = [field for name, field in self.fields.items() if name in self.untouched]
        for field in left_alone:
            field.disabled = True  # Django's way of taking the initial value as it is
        try:
            super().full_clean()
        finally:
            for field in left_alone:
                field.disabled = False
        if not self.is_bound:
            return
        self.cleaned_data.pop(MADE_FROM, None)
        for name in sorted(self.conflicts):
            theirs, yours = self._words(self._stored[name], name), self._words(self._sent(name), name)
            self.add_error(
                name,
                f"Somebody else has changed this to “{theirs}” since you opened the page. "
                f"You entered “{yours}”. Save again to keep yours, or change it.",
            )

    def _merge(self) -> None:
        made_from = _read(self.data.get(self.add_prefix(MADE_FROM)))
        data = QueryDict("", mutable=True)
        data.update(self.data)
        self.data = data
        for name, stored in self._stored.items():
            sent, now = _digest(self._sent(name)), _digest(stored)
            before = made_from.get(name, now)
            if sent in {before, now}:
                self.untouched.add(name)
                data.setlist(self.add_prefix(name), stored)
            elif before != now:
                self.conflicts.add(name)

    def _shown(self, name: str) -> list[str]:
        field = self.fields[name]
        return self._texts(name, field.prepare_value(self.get_initial_for_field(field, name)))

    def _sent(self, name: str) -> list[str]:
        sent = self.fields[name].widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        return self._texts(name, sent)

    def _texts(self, name: str, value: Any) -> list[str]:
        widget = self.fields[name].widget
        if isinstance(widget, forms.CheckboxInput):
            return ["on"] if widget.format_value(value) is not None or value is True else []
        shown = value if isinstance(value, (list, tuple)) else widget.format_value(value)
        texts = shown if isinstance(shown, (list, tuple)) else [shown]
        plain = (str(text).replace("\r\n", "\n").strip() for text in texts if text is not None)
        return sorted(text for text in plain if text)

    def _words(self, texts: list[str], name: str) -> str:
        field = self.fields[name]
        if isinstance(field.widget, forms.CheckboxInput):
            return "ticked" if texts else "not ticked"
        labels = dict(_flat(getattr(field, "choices", ())))
        words = ", ".join(labels.get(text, text) for text in texts) or "nothing"
        return words if len(words) <= _LONGEST_VALUE else f"{words[:_LONGEST_VALUE]} …"


def _digest(texts: list[str]) -> str:
    return hashlib.blake2b(json.dumps(texts).encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _read(text: object) -> Mapping[str, Any]:
    try:
        made_from = json.loads(str(text or "{}"))
    except ValueError:
        return {}
    return made_from if isinstance(made_from, dict) else {}


def _flat(choices: Any) -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in choices]
