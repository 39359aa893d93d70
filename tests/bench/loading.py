"""`estate_load`: from a CSV file to an estate that can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from portal.kernel import clock, sql
from rollouts import services
from tests.bench import estate
from tests.bench.figures import Figure, Seconds, rate
from tests.bench.stage import Stage

_BLOCK: Final = 1024 * 1024


def measure(stage: Stage) -> list[Figure]:
    """Load the same file into an empty estate several times; the bare side copies ready-made rows.

    Both end with the same indexes and fresh statistics.
    """
    who = estate.people()
    path, rows = stage.estate_csv(), stage.var / "hubs.copy"
    ours, bare = Seconds(), Seconds()
    for _ in range(stage.runs(5)):
        estate.forget_rollouts()
        sql.run("TRUNCATE rollouts_hub, rollouts_estate_tally")
        sql.run("CHECKPOINT")
        with path.open("rb") as file, ours.timed():
            report = services.load_estate(who.as_operator, source=file, now=clock.now())
        assert (report.accepted, report.refused) == (stage.hubs, 0)
        assert estate.count("SELECT count(*) FROM rollouts_hub") == stage.hubs
        assert estate.count("SELECT sum(n)::bigint FROM rollouts_estate_tally") == stage.hubs
        if not rows.is_file():
            _keep_rows(rows)
        assert _bare(rows, bare) == stage.hubs
    rows.unlink()
    sql.run("VACUUM ANALYZE rollouts_hub")
    return [rate("estate_load", "hubs/s", rows=stage.hubs, ours=ours, bare=bare, ratio_at_most=1.5)]


def _keep_rows(path: Path) -> None:
    with path.open("wb") as file:
        for block in sql.copy_out("SELECT * FROM rollouts_hub", options="FORMAT binary"):
            file.write(block)


def _bare(path: Path, seconds: Seconds) -> int:
    indexes = [
        row.definition.replace("rollouts_hub", "bench_hub")
        for row in sql.rows(
            "SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = 'rollouts_hub'::regclass"
        )
    ]
    estate.drop(["bench_hub"])
    sql.run("CHECKPOINT")
    with estate.bare() as raw:
        with seconds.timed():
            raw.execute("CREATE TABLE bench_hub (LIKE rollouts_hub) WITH (fillfactor = 90)")
            with raw.cursor() as cursor:
                with cursor.copy("COPY bench_hub FROM STDIN (FORMAT binary, FREEZE)") as copy:
                    for block in _blocks(path):
                        copy.write(block)
                written = cursor.rowcount
            for definition in indexes:
                raw.execute(definition)
            raw.commit()
            raw.execute("ANALYZE bench_hub")
            raw.commit()
        raw.execute("DROP TABLE bench_hub")
        raw.commit()
    return written


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_BLOCK), b"")
