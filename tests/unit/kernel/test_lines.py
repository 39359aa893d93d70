"""Names are one line: no break, no control character, nothing that turns text around."""

from __future__ import annotations

import pytest
from django import forms

from portal.kernel.lines import SAYS, is_one_line, one_line

CONTROLS = ["\n", "\r", "\x00", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066"]


@pytest.mark.parametrize("control", CONTROLS)
def test_a_line_has_no_control_character(control):
    assert not is_one_line(f"North{control}Star")
    assert one_line(f" North {control}Star ") == "North Star"


@pytest.mark.parametrize("name", ["Brightwater Energy", "Zoë Čapek", "エネルギー", "R&D «Süd» 👩‍🔧", ""])
def test_every_script_is_a_line(name):
    assert is_one_line(name)


class Form(forms.Form):
    name = forms.CharField(required=False)
    email = forms.EmailField(required=False)
    text = forms.CharField(required=False, widget=forms.Textarea)


@pytest.mark.parametrize("control", CONTROLS)
def test_every_form_says_so_beside_the_field(control):
    form = Form({"name": f"North{control}Star", "text": "Two\r\nlines"})

    assert set(form.errors) == {"name"}
    if control != "\x00":  # Django has words of its own for this one
        assert form.errors["name"] == [SAYS]
