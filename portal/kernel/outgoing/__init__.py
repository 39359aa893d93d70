"""Calls to addresses that somebody has typed: judged, pinned, and bounded as a whole."""
