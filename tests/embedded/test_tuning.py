"""PostgreSQL gets a fair part of the machine, whatever its size."""

from __future__ import annotations

import pytest

from portal.embedded import tuning

GIGABYTE = 1024**3


@pytest.mark.parametrize(
    ("memory", "expected"), [(GIGABYTE, "128MB"), (8 * GIGABYTE, "512MB"), (256 * GIGABYTE, "2048MB")]
)
def test_a_sixteenth_of_the_memory_is_cache_within_bounds(memory, expected):
    assert tuning.settings_for(memory)["shared_buffers"] == expected


def test_a_container_has_no_more_memory_than_its_limit(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text(f"{GIGABYTE}\n")
    monkeypatch.setattr(tuning, "_CGROUP_LIMITS", (limit,))

    assert tuning.memory_of_this_machine() == GIGABYTE


def test_no_limit_means_the_whole_machine(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("max\n")
    monkeypatch.setattr(tuning, "_CGROUP_LIMITS", (limit, tmp_path / "none"))

    assert tuning.memory_of_this_machine() > GIGABYTE // 4


def test_where_shared_memory_is_scarce_parallel_queries_use_files(monkeypatch, tmp_path):
    monkeypatch.setattr(tuning, "_SHARED_MEMORY", tmp_path / "none")

    assert tuning.settings_for(GIGABYTE)["dynamic_shared_memory_type"] == "mmap"
