"""The libraries of `clients/`, generated from the description where that is needed, as tests use them."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

CLIENTS = Path(__file__).resolve().parent.parent / "clients"


@cache
def generator() -> ModuleType:
    """Return the program that generates them."""
    spec = importlib.util.spec_from_file_location("clients_generate", CLIENTS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def python_library() -> Any:
    """Return the package `firmware_portal`."""
    sources = str(generator().python())
    if sources not in sys.path:
        sys.path.insert(0, sources)
    import firmware_portal

    return firmware_portal
