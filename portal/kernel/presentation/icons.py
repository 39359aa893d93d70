"""The portal's own icons: one 24 by 24 outline each, drawn inline so that no request or style is needed."""

# ruff: noqa: E501 - the data of a path is not prose

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_RING = '<circle cx="12" cy="12" r="9"/>'

ICONS: Final[dict[str, str]] = {
    "activate": '<path d="M13 3 5 14h6l-1 7 8-11h-6z"/>',
    "alert": '<path d="M12 4 2.8 20h18.4z"/><path d="M12 10v4.5M12 17.4v.1"/>',
    "arrow-right": '<path d="M5 12h14M13 6l6 6-6 6"/>',
    "ban": _RING + '<path d="m5.8 5.8 12.4 12.4"/>',
    "bell": '<path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15z"/><path d="M10 21.2h4"/>',
    "building": '<path d="M5 21V4h9v17M14 9h5v12M3 21h18M8.5 8h2M8.5 12h2M8.5 16h2"/>',
    "calendar": '<rect x="3.5" y="5" width="17" height="15.5" rx="2"/><path d="M3.5 10h17M8 2.8V7M16 2.8V7"/>',
    "chart": '<path d="M4 4v16h16"/><path d="M8.5 16v-4M13 16V8M17.5 16v-6"/>',
    "check": '<path d="m4.5 12.5 5 5 10-11"/>',
    "check-circle": _RING + '<path d="m8 12.4 2.8 2.8 5.4-6"/>',
    "chevron-down": '<path d="m6 9.5 6 6 6-6"/>',
    "chevron-left": '<path d="m14.5 6-6 6 6 6"/>',
    "chevron-right": '<path d="m9.5 6 6 6-6 6"/>',
    "circle": '<circle cx="12" cy="12" r="8.5" stroke-dasharray="3.2 3.5"/>',
    "clock": _RING + '<path d="M12 7v5l3.5 2"/>',
    "clock-check": '<path d="M20.8 10A9 9 0 1 0 11 20.9"/><path d="M12 7v5l2.5 1.5M14.5 18.5l2.4 2.4 4.4-5"/>',
    "copy": '<rect x="8.5" y="8.5" width="12" height="12" rx="2"/><path d="M15.5 8.5v-5h-12v12h5"/>',
    "dash-circle": _RING + '<path d="M8 12h8"/>',
    "download": '<path d="M12 4v11M7 10.5l5 5 5-5M4.5 20h15"/>',
    "edit": '<path d="M4 20h4.5L20 8.5 15.5 4 4 15.5z"/><path d="m12.8 6.7 4.5 4.5"/>',
    "external": '<path d="M18 13.5V20H4V6h6.5M14.5 3.8h5.7v5.7M20 4l-9 9"/>',
    "eye": '<path d="M2.5 12S6 5.8 12 5.8 21.5 12 21.5 12 18 18.2 12 18.2 2.5 12 2.5 12z"/>'
    '<circle cx="12" cy="12" r="2.8"/>',
    "file": '<path d="M6 3h8l4.5 4.5V21H6z"/><path d="M13.5 3v5h5M9.5 13h6M9.5 17h6"/>',
    "filter": '<path d="M3.5 5h17l-6.7 8v6.2l-3.6-2V13z"/>',
    "flag": '<path d="M5.5 21V4h12.8l-2.5 4.6 2.5 4.6H5.5"/>',
    "flask": '<path d="M9.5 3.2h5M10.5 3.2V9.5L5 19.8h14L13.5 9.5V3.2M7.8 15h8.4"/>',
    "hourglass": '<path d="M6.5 3h11M6.5 21h11M8 3v3.8l4 5.2 4-5.2V3M8 21v-3.8l4-5.2 4 5.2V21"/>',
    "hub": '<circle cx="12" cy="12" r="2.6"/><path d="M7.4 16.6a6.5 6.5 0 0 1 0-9.2M16.6 7.4a6.5 6.5 0 0 1 0 9.2'
    'M4.2 19.8a11 11 0 0 1 0-15.6M19.8 4.2a11 11 0 0 1 0 15.6"/>',
    "inbox": '<path d="M3.5 13.5 6.5 5h11l3 8.5V20h-17z"/><path d="M3.5 13.5h5l1.5 2.8h4l1.5-2.8h5"/>',
    "info": _RING + '<path d="M12 11.2v5M12 7.8v.1"/>',
    "key": '<circle cx="8" cy="15.5" r="4.2"/><path d="M11 12.5 19.5 4M16 7.5l3 3"/>',
    "list": '<path d="M8.5 6h12M8.5 12h12M8.5 18h12M4 6h.1M4 12h.1M4 18h.1"/>',
    "lock": '<rect x="4.5" y="10.5" width="15" height="10" rx="2"/><path d="M8 10.5V7.8a4 4 0 0 1 8 0v2.7"/>',
    "log-out": '<path d="M10 4H4.5v16H10M15.5 7.5 20 12l-4.5 4.5M20 12H9.5"/>',
    "mail": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m3.5 7 8.5 6.5L20.5 7"/>',
    "megaphone": '<path d="M4 10v4.5h3.5L17 19V5.5L7.5 10z"/><path d="M8 15l1.3 5h2.4l-1.2-4M20 10.5v3.5"/>',
    "menu": '<path d="M4 6.5h16M4 12h16M4 17.5h16"/>',
    "on-hub": '<path d="M12 3v8M8.3 7.8 12 11.5l3.7-3.7"/><path d="M4 12.5V20h16v-7.5"/><path d="m8.7 16 2.1 2 4-4"/>',
    "pause": _RING + '<path d="M9.6 8.6v6.8M14.4 8.6v6.8"/>',
    "play": _RING + '<path d="m10 8.4 5.6 3.6-5.6 3.6z"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "printer": '<path d="M7 8.5V3.5h10v5M7 17H3.5V8.5h17V17H17"/><path d="M7 14h10v6.5H7z"/>',
    "pulse": '<path d="M2.5 12.5h4.8l2.7-7.5 4 14 2.7-6.5h4.8"/>',
    "question": _RING + '<path d="M9.4 9.6a2.7 2.7 0 1 1 3.9 2.4c-.9.5-1.3 1-1.3 1.9M12 16.8v.1"/>',
    "refresh": '<path d="M20 5.5v5h-5M4 18.5v-5h5"/><path d="M19.2 10.5A7.8 7.8 0 0 0 5.3 8.3M4.8 13.5a7.8 7.8 0 0 0 13.9 2.2"/>',
    "revoke": '<path d="M4 4.5v5.5h5.5"/><path d="M4.5 10A8 8 0 1 1 4 13.5"/><path d="m10 11 4 4M14 11l-4 4"/>',
    "rocket": '<path d="M12 3c4 2.6 5 6.4 4.4 12H7.6C7 9.4 8 5.6 12 3z"/><path d="m7.6 11-3 3.4V18l3-1.8M16.4 11l3 3.4V18l-3-1.8'
    'M10.5 18v3M13.5 18v3"/><circle cx="12" cy="9.3" r="1.3"/>',
    "rule": '<path d="M4 6h9M17 6h3M4 12h3M11 12h9M4 18h9M17 18h3"/><circle cx="15" cy="6" r="2"/>'
    '<circle cx="9" cy="12" r="2"/><circle cx="15" cy="18" r="2"/>',
    "search": '<circle cx="10.8" cy="10.8" r="6.8"/><path d="m15.8 15.8 4.7 4.7"/>',
    "settings": '<circle cx="12" cy="12" r="3"/><path d="M12 2.8v3.4M12 17.8v3.4M2.8 12h3.4M17.8 12h3.4M5.5 5.5l2.4 2.4'
    'M16.1 16.1l2.4 2.4M18.5 5.5l-2.4 2.4M7.9 16.1l-2.4 2.4"/>',
    "shield": '<path d="M12 3 4.5 5.8V12c0 4.6 3 7.6 7.5 9 4.5-1.4 7.5-4.4 7.5-9V5.8z"/><path d="m8.6 12 2.5 2.5 4.3-4.8"/>',
    "shield-cross": '<path d="M12 3 4.5 5.8V12c0 4.6 3 7.6 7.5 9 4.5-1.4 7.5-4.4 7.5-9V5.8z"/><path d="m9.5 9.5 5 5M14.5 9.5l-5 5"/>',
    "stop": _RING + '<rect x="8.8" y="8.8" width="6.4" height="6.4" rx="1"/>',
    "trash": '<path d="M4 6.5h16M9 6.5v-3h6v3M6 6.5 7 21h10l1-14.5M10 10.5v6.5M14 10.5v6.5"/>',
    "undo": '<path d="M4 4.5v5.5h5.5"/><path d="M4.5 10A8 8 0 1 1 4 13.5"/>',
    "upload": '<path d="M12 16V5M7 9.5l5-5 5 5M4.5 20h15"/>',
    "user": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.6-4 3.6-6 7.5-6s6.9 2 7.5 6"/>',
    "user-check": '<circle cx="10" cy="8" r="4"/><path d="M2.5 20.5c.6-4 3.6-6 7.5-6 1.5 0 2.9.3 4 1M15.5 18.5l2.2 2.2 4-4.6"/>',
    "user-clock": '<circle cx="9.5" cy="8" r="4"/><path d="M2.5 20.5c.5-4 3.3-6 7-6"/><circle cx="17.5" cy="17" r="4.5"/>'
    '<path d="M17.5 14.8V17l1.5 1"/>',
    "user-off": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.6-4 3.6-6 7.5-6s6.9 2 7.5 6M4 3.5l16 16"/>',
    "users": '<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 19.5c.5-3.5 3-5.2 6.5-5.2s6 1.7 6.5 5.2M15.5 5.3a3.5 3.5 0 0 1 0 6.4'
    'M17.5 14.7c2.3.6 3.7 2.2 4 4.8"/>',
    "webhook": '<circle cx="12" cy="6.5" r="3"/><circle cx="5.5" cy="17.5" r="3"/><circle cx="18.5" cy="17.5" r="3"/>'
    '<path d="M10.5 9.2 7 15M13.5 9.2 17 15M8.5 17.5h7"/>',
    "x": '<path d="m6 6 12 12M18 6 6 18"/>',
    "x-circle": _RING + '<path d="m9 9 6 6M15 9l-6 6"/>',
}


def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """Draw an icon; without a label it is decoration and hidden from assistive technology.

    Raises:
        KeyError: there is no icon of this name.
    """
    shapes = mark_safe(ICONS[name])  # noqa: S308 - constants of this module
    css_class = f"icon {css}".strip()
    if label:
        return format_html(
            '<svg class="{}" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>',
            css_class,
            label,
            shapes,
        )
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>', css_class, shapes
    )
