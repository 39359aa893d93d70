"""Help where it is needed, as template tags: `{% load help_ui %}`."""

from __future__ import annotations

from typing import Final

from django import template
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.kernel.presentation.terms import TERMS, slug_of

register: Final = template.Library()


@register.simple_tag
def term(name: str, words: str = "") -> SafeString:
    """Lead a word to its meaning: `{% term "Cut-off" "cut-off" %}`; `words` as they stand in the sentence.

    Raises:
        KeyError: the page of terms does not have it.
    """
    return format_html(
        '<a class="term" href="/help/terms/#{}" title="{}">{}</a>', slug_of(name), TERMS[name], words or name
    )


@register.simple_block_tag
def help_panel(content: str, *, title: str) -> str:
    """Draw an answer that unfolds below its question."""
    return get_template("_components/help_panel.html").render({"content": content, "title": title})
