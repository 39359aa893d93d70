"""The other side of the CSP interface: an estate of hubs that behaves. It knows nothing of the portal."""

from __future__ import annotations
