"""The fields by which a form takes a list of hubs."""

from __future__ import annotations

from typing import Any

from django import forms


class PastedHubsField(forms.CharField):
    """Hubs pasted as text, one GUID a line."""

    def __init__(self) -> None:
        super().__init__(
            label="Hubs",
            required=False,
            help_text="One GUID a line, in any spelling.",
            widget=forms.Textarea(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}),
        )


class HubFileField(forms.FileField):
    """A file with a column of GUIDs."""

    def __init__(self, **options: Any) -> None:
        options = {"label": "File", "help_text": "CSV, text or XLSX with a column of GUIDs.", **options}
        widget = forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx,.xlsm"})
        super().__init__(required=False, widget=widget, **options)
