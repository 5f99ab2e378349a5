"""All checks of the project. Without arguments: tests, lint, types."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types"]
nox.options.default_venv_backend = "venv"

PROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ("--constraint", "constraints.txt")


def install(session: nox.Session, group: str) -> None:
    """Install the project and a group of tools, at the tested versions."""
    tools = nox.project.dependency_groups(PROJECT, group)
    session.install("--editable", ".", *tools, *CONSTRAINTS)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests. Those with real data need ROBUSTSEG_TEST_DATA, see CONTRIBUTING.md."""
    install(session, "tests")
    # A file stays with one worker: its fixtures are made once.
    session.run("pytest", "--numprocesses", "2", "--dist", "loadfile", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the layers of the architecture; needs no torch."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"), *CONSTRAINTS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("python", "docs/house.py", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session, "types")
    session.run("mypy")


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it alone, and run it beside folders named like its packages."""
    session.install("build")
    built = Path(session.create_tmp())
    session.run("python", "-m", "build", "--wheel", "--outdir", str(built), ".")
    (path,) = built.glob("*.whl")
    session.install(str(path), *CONSTRAINTS)
    with tempfile.TemporaryDirectory() as empty:
        for name in ("reports", "corruptions"):
            (Path(empty) / name).mkdir()
        with session.chdir(empty):
            session.run("robustseg", "--help")
            session.run("python", "-m", "robustbench_seg", "--version")
            session.run("robustseg", "eval", "--limit", "1", "--corruptions", "fog", "--out", "run")
    path.unlink()


@nox.session(default=False)
def minimums(session: nox.Session) -> None:
    """Run the tests with the oldest allowed version of everything except torch."""
    oldest = [
        dependency.replace(">=", "==")
        for dependency in PROJECT["project"]["dependencies"]
        if not dependency.startswith("torch")
    ]
    session.install("torch", *CONSTRAINTS)
    session.install("--editable", ".", *oldest, *nox.project.dependency_groups(PROJECT, "tests"))
    # Old libraries use what newer ones among themselves warn of.
    session.run("pytest", "-W", "ignore::DeprecationWarning", *session.posargs)


@nox.session(default=False)
def transformers4(session: nox.Session) -> None:
    """Read the checkpoints that transformers 4 writes, and compare with what it predicts."""
    # It does not go with the hub's client of the project, which reading files does not need.
    dependencies = [
        dependency
        for dependency in PROJECT["project"]["dependencies"]
        if not dependency.startswith("huggingface-hub")
    ]
    session.install(*dependencies, "pytest", *CONSTRAINTS)
    session.install("transformers==4.57.*")
    session.install("--editable", ".", "--no-deps")
    # Its warnings are about itself.
    ignored = ("-W", "ignore::DeprecationWarning", "-W", "ignore::FutureWarning")
    session.run("pytest", *ignored, "tests/models/test_transformers.py", *session.posargs)


@nox.session(default=False)
def ray(session: nox.Session) -> None:
    """Kill nodes, workers and drivers of a Ray cluster of two nodes on this machine."""
    install(session, "tests")
    session.install("--editable", ".[ray]", *CONSTRAINTS)
    session.run("pytest", "tests/evaluation/test_ray.py", *session.posargs)


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill a run 100 times, from its start in a new process on; compare what comes of it."""
    install(session, "tests")
    with tempfile.TemporaryDirectory() as empty:
        # So many frames that the run itself is about as long as what comes before it.
        options = ("--kills", "100", "--frames", "40", "--start")
        session.run("python", "-m", "tests.helpers.kills", empty, *options)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Feed 10,000 damaged files and command lines to whatever reads them."""
    install(session, "tests")
    with tempfile.TemporaryDirectory() as empty:
        session.run(
            "python", "-m", "tests.helpers.fuzzing", empty, "--inputs", "10000", *session.posargs
        )


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure speed as ratios against other implementations, in one run."""
    install(session, "tests")
    for path in sorted(Path("benchmarks").glob("bench_*.py")):
        session.run("python", str(path))
