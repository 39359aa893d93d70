"""The libraries of `clients/`: generated, type-checked, tested against a portal and built. `make clients`.

The description is held by validators and generators that nobody here wrote: those in Python from the lock, those
for Node where Node is found and its packages can be had; where not, that is said, and is no failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parent.parent
DESCRIPTION: Final = ROOT / "docs" / "reference" / "openapi.yaml"
PYTHON: Final = ROOT / "clients" / "python"
TYPESCRIPT: Final = ROOT / "clients" / "typescript"
POSTMAN: Final = ROOT / "clients" / "postman" / "dist" / "portal.postman_collection.json"
CRM: Final = ROOT / "docs" / "how-to" / "connect-a-crm"
_BIN: Final = Path(sys.executable).parent
_FOR_NODE: Final = "redocly, spectral, openapi-typescript, tsc and npm pack"
_NODE: Final = 20


def main() -> None:
    """Do all of it; the first thing that fails ends it."""
    validate()
    generate_elsewhere()
    build_python()
    has_node = build_typescript()
    tests = [f"tests/live/{name}.py" for name in ("test_python_library", "test_python_library_async")]
    tests += ["tests/live/test_crm_soak.py"]
    tests += ["tests/live/test_typescript_library.py"] if has_node else []
    run("tests against a portal", [sys.executable, "-m", "pytest", "-q", *tests, *sys.argv[1:]], cwd=ROOT)


def validate() -> None:
    """Hold the description against its standard, and let another generator make classes of it."""
    run("openapi-spec-validator", [_BIN / "openapi-spec-validator", DESCRIPTION], cwd=ROOT)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "described.py"
        words = [
            "--input",
            DESCRIPTION,
            "--input-file-type",
            "openapi",
            "--output",
            made,
            "--formatters",
            "builtin",
        ]
        words += ["--output-model-type", "dataclasses.dataclass"]
        run("datamodel-code-generator", [_BIN / "datamodel-codegen", *words], cwd=ROOT)
        run("its classes", [sys.executable, "-W", "error", made], cwd=ROOT)


def generate_elsewhere() -> None:
    """Let openapi-generator make a Postman collection, and a client that has what it once lost: webhooks' management."""
    if shutil.which("java") is None:
        say("No Java here: openapi-generator is left out.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        words = ["generate", "-i", DESCRIPTION, "-g", "python", "-o", scratch]
        with log.open("w") as output:
            run("openapi-generator", [_BIN / "openapi-generator-cli", *words], cwd=ROOT, output=output)
        made = (Path(scratch) / "openapi_client" / "api" / "webhooks_api.py").read_text()
        missing = [name for name in ("create_webhook", "replay_webhook") if f"def {name}(" not in made]
        if missing:
            sys.exit(f"openapi-generator lost {', '.join(missing)}.")
        words = ["generate", "-i", DESCRIPTION, "-g", "postman-collection", "-o", scratch]
        with log.open("w") as output:
            run("Postman collection", [_BIN / "openapi-generator-cli", *words], cwd=ROOT, output=output)
        POSTMAN.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(scratch) / "postman.json", POSTMAN)


def build_python() -> None:
    """Generate, type-check and build the Python package."""
    run("openapi-python-client", [sys.executable, ROOT / "clients" / "generate.py"], cwd=ROOT)
    run("mypy", [_BIN / "mypy"], cwd=PYTHON)
    types = [_BIN / "mypy", "--config-file", PYTHON / "pyproject.toml", "-p", "crm"]
    run("mypy of the CRM", types, cwd=ROOT, more={"MYPYPATH": f"{PYTHON / 'src'}{os.pathsep}{CRM}"})
    shutil.rmtree(PYTHON / "dist", ignore_errors=True)
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", PYTHON / "dist", PYTHON]
    run("pip wheel", [sys.executable, "-m", "pip", *words], cwd=ROOT)
    (wheel,) = (PYTHON / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as scratch:
        words = ["install", "--quiet", "--no-deps", "--target", scratch, wheel]
        run("pip install", [sys.executable, "-m", "pip", *words], cwd=ROOT)
        use = "import firmware_portal; from firmware_portal.generated.models import Rollout; print(Rollout)"
        run("the wheel alone", [sys.executable, "-c", use], cwd=Path(scratch), more={"PYTHONPATH": scratch})


def build_typescript() -> bool:
    """Do the same with what is written for Node; return whether there was a Node to do it with."""
    if not _has_node():
        say(f"No Node of version {_NODE} or later here: {_FOR_NODE} are left out.")
        return False
    try:
        # A registry that cannot be reached is given up soon.
        words = ["npm", "ci", "--silent", "--ignore-scripts", "--fetch-timeout=20000", "--fetch-retries=1"]
        run("npm ci", words, cwd=TYPESCRIPT)
    except subprocess.CalledProcessError:
        say(f"The packages for Node cannot be had: {_FOR_NODE} are left out.")
        return False
    for script in ("lint", "generate", "build"):
        run(f"npm run {script}", ["npm", "run", "--silent", script], cwd=TYPESCRIPT)
    run("npm pack", ["npm", "pack", "--silent", "--pack-destination", "dist"], cwd=TYPESCRIPT)
    return True


def _has_node() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = answer.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= _NODE


def run(
    name: str,
    words: Sequence[str | Path],
    *,
    cwd: Path,
    more: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
) -> None:
    """Say what is done, and do it.

    Raises:
        CalledProcessError: it failed.
    """
    say(name)
    variables = {**os.environ, "REDOCLY_TELEMETRY": "off", **(more or {})}
    subprocess.run([str(word) for word in words], cwd=cwd, env=variables, stdout=output, check=True)


def say(words: str) -> None:
    """Tell whoever started us."""
    print(f"== {words}", flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"{failure.cmd[0]} failed ({failure.returncode}).")
