"""Forms of imports: they check shape only; what is allowed is decided by the services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from portal.kernel.presentation.edits import EditForm
from portal.kernel.presentation.local_times import LOCAL_HINT, LocalTimeField
from rollouts.states.inventory import FileKind

_KINDS: Final = [
    (FileKind.LOAD.value, "Inventory of hubs"),
    (FileKind.SUPPLIER_CHANGE.value, "Changes of Supplier"),
    (FileKind.STATUS_CHANGE.value, "Changes of SMI status, and exchanges"),
    (FileKind.CPL.value, "Central Products List"),
]
#: Words of columns that are not written as they stand.
_SPELT: Final = {
    word.lower(): word for word in ("GUID", "GPF", "SMI", "HAN", "MPID", "CHTS", "GBCS", "SHA-256")
} | {"id": "number"}


class ImportForm(forms.Form):
    """A file to be imported."""

    kind = forms.ChoiceField(label="What the file holds", choices=_KINDS, widget=forms.RadioSelect)
    file = forms.FileField(
        label="File",
        help_text="CSV of any make, or an .xlsx workbook: every sheet that has the heading is read.",
    )
    as_of = LocalTimeField(
        label="As of",
        required=False,
        help_text=f"For an inventory: when it was made. Blank: midnight this morning. {LOCAL_HINT}",
    )
    names_columns = forms.BooleanField(
        label="Let me name the columns first",
        required=False,
        help_text="Where the headings are your own. They are remembered.",
    )


def columns_form(
    *args: Any,
    columns: Sequence[str],
    needed: Sequence[str],
    headings: Sequence[str],
    mapping: Mapping[str, str],
) -> EditForm:
    """Make the form that asks under which heading a file has each column; needed ones come first."""
    fields: dict[str, Any] = {}
    for name in sorted(columns, key=lambda each: (each not in needed, list(columns).index(each))):
        own = mapping.get(name, "")
        choices = [("", "The file has none"), *((text, text) for text in dict.fromkeys(headings))]
        if own and own not in headings:
            choices.append((own, f"{own} (not in this file)"))
        words = [_SPELT.get(word, word) for word in name.split("_")]
        label = " ".join([words[0][0].upper() + words[0][1:], *words[1:]])
        fields[name] = forms.ChoiceField(
            label=label if name in needed else f"{label} (optional)", choices=choices, required=name in needed
        )
    form = type("ColumnsForm", (EditForm,), fields)
    made: EditForm = form(*args, initial=dict(mapping))
    return made
