"""Generate what the libraries for Python and TypeScript are made of, from docs/reference/openapi.yaml.

`python clients/generate.py [python] [typescript]`. What is there and made from the same description by
the same generator is left as it is. What is generated is not kept under version control.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
DESCRIPTION: Final = HERE.parent / "docs" / "reference" / "openapi.yaml"
_SETTINGS: Final = """\
content_type_overrides:
  application/x-ndjson: application/octet-stream
  text/csv: application/octet-stream
  application/zip: application/octet-stream
  "*/*": application/octet-stream
post_hooks: []
"""


def python() -> Path:
    """Generate `firmware_portal.generated`, and return the folder that has the package."""
    sources = HERE / "python" / "src"
    target = sources / "firmware_portal" / "generated"
    with (HERE / "python" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several tests may want it at once
        mark = target / ".made-from"
        wanted = _fingerprint(version("openapi-python-client"), _SETTINGS)
        if not mark.exists() or mark.read_text() != wanted:
            _generate_python(target)
            mark.write_text(wanted)
    return sources


def _generate_python(target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        settings, made = Path(scratch) / "settings.yaml", Path(scratch) / "generated"
        settings.write_text(_SETTINGS)
        program = Path(sys.executable).parent / "openapi-python-client"
        words = ["generate", f"--path={DESCRIPTION}", f"--config={settings}", f"--output-path={made}"]
        done = subprocess.run(  # noqa: S603 - our own words
            [program, *words, "--meta=none", "--fail-on-warning"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(made, target)


def _fingerprint(*more: str) -> str:
    parts = [DESCRIPTION.read_bytes(), *(each.encode() for each in more)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


if __name__ == "__main__":
    for name in sys.argv[1:] or ["python"]:
        {"python": python}[name]()
