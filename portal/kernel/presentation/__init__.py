"""How the portal looks and speaks: states, icons, times, charts and form fields, for templates."""

from __future__ import annotations
