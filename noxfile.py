"""Checks of the project. Without arguments: tests, lint, types, docs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "docs"]
nox.options.default_venv_backend = "venv"

PROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ("--constraint", "constraints.txt")
SCHEMAS = {
    "citation-file-format": "CITATION.cff",
    "dependabot": ".github/dependabot.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/*_form.yml",
    "github-workflows": ".github/workflows/*.yml",
}
"""Schemas of files that others read, by the name of check-jsonschema, and the files."""


def install(session: nox.Session, group: str) -> None:
    """Install the project and a dependency group at the tested versions."""
    tools = nox.project.dependency_groups(PROJECT, group)
    # Compiled on their first import, not all thousands of files of torch at once.
    session.install("--no-compile", "--editable", ".", *tools, *CONSTRAINTS)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests. Those with real data need ROBUSTSEG_TEST_DATA, see CONTRIBUTING.md."""
    install(session, "tests")
    # A file stays with one worker, which makes its fixtures once. Files keep their order: sorted by
    # their number of tests, the longest test would come last and leave one worker idle.
    spread = ("--numprocesses", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    keep = {"PYTHONDONTWRITEBYTECODE": None}  # many tests start processes, which import all again
    session.run("pytest", *spread, *session.posargs, env=keep)


def installed(session: nox.Session) -> Path:
    """Return a folder with the packages as a wheel has them: corruptions and reports inside."""
    folder = Path(session.create_tmp()) / "installed"
    shutil.rmtree(folder, ignore_errors=True)
    session.install("--no-deps", "--target", str(folder), ".")
    return folder


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the imports between rooms; needs no torch."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"), *CONSTRAINTS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    project = str(Path("pyproject.toml").resolve())
    with session.chdir(installed(session)):
        session.run("lint-imports", "--config", project)
    session.run("python", "docs/house.py", "--check")
    for schema, pattern in SCHEMAS.items():
        paths = sorted(map(str, Path().glob(pattern)))
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths)


@nox.session
def types(session: nox.Session) -> None:
    """Check types, of the packages as installed and of what uses them."""
    install(session, "types")
    folder = installed(session)
    for name in ("tests", "benchmarks", "docs"):
        shutil.copytree(name, folder / name)
    for name in ("noxfile.py", "pyproject.toml"):
        shutil.copy(name, folder)
    with session.chdir(folder):
        session.run("mypy", "--num-workers", "2")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site; a broken link or anchor fails. Needs no torch."""
    session.install(*nox.project.dependency_groups(PROJECT, "docs"), *CONSTRAINTS)
    session.install("--no-deps", "--editable", ".")
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--strict", *session.posargs, env=quiet)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Run the quick tests; fewer lines than the floor in pyproject.toml fail."""
    install(session, "tests")
    session.install("pytest-cov", *CONSTRAINTS)
    quick = ("-m", "not slow and not thorough")
    session.run("pytest", "--numprocesses", "2", *quick, "--cov", *session.posargs)


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build the distributions into dist/ and check them; an argument is their version."""
    session.install(*nox.project.dependency_groups(PROJECT, "build"), *CONSTRAINTS)
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist", ".")
    built = sorted(Path("dist").iterdir())
    session.run("twine", "check", "--strict", *map(str, built))
    for version in session.posargs:
        if not all(path.name.startswith(f"robustbench_seg-{version}") for path in built):
            session.error(f"{', '.join(path.name for path in built)}: not version {version}")


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """Install the wheel and run it beside files and folders named like its rooms."""
    session.install(*nox.project.dependency_groups(PROJECT, "build"), *CONSTRAINTS)
    built = Path(session.create_tmp())
    session.run("python", "-m", "build", "--wheel", "--outdir", str(built), ".")
    (path,) = built.glob("*.whl")
    session.install(str(path), *CONSTRAINTS)
    with tempfile.TemporaryDirectory() as empty:
        for name in ("corruptions", "reports"):
            (Path(empty) / name).mkdir()
            (Path(empty) / f"{name}.py").write_text("raise SystemExit('not the room')")
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
    # Old libraries use calls that others have deprecated.
    session.run("pytest", "-W", "ignore::DeprecationWarning", *session.posargs)


@nox.session(default=False)
def newest(session: nox.Session) -> None:
    """Run the tests with the newest version of everything."""
    tools = nox.project.dependency_groups(PROJECT, "tests")
    session.install("--upgrade", "--editable", ".", *tools)
    session.run("pytest", "--numprocesses", "2", *session.posargs)


@nox.session(default=False)
def transformers4(session: nox.Session) -> None:
    """Load checkpoints written by transformers 4 and compare with its predictions."""
    # It excludes the project's version of huggingface-hub, which reading files does not need.
    dependencies = [
        dependency
        for dependency in PROJECT["project"]["dependencies"]
        if not dependency.startswith("huggingface-hub")
    ]
    session.install(*dependencies, "pytest", *CONSTRAINTS)
    session.install("transformers==4.57.*")
    session.install("--editable", ".", "--no-deps")
    # transformers warns of its own deprecations.
    ignored = ("-W", "ignore::DeprecationWarning", "-W", "ignore::FutureWarning")
    session.run("pytest", *ignored, "tests/models/test_transformers.py", *session.posargs)


@nox.session(default=False)
def mmsegmentation(session: nox.Session) -> None:
    """Compare `mmseg:` with mmsegmentation's own inference, without its compiled operators."""
    install(session, "tests")
    # mmcv has wheels for few versions of torch; a stand-in takes the place of its operators.
    session.install("setuptools<81", "ftfy", "regex", *CONSTRAINTS)
    peers = ("mmsegmentation==1.2.2", "mmcv-lite==2.1.0", "mmengine==0.10.7")
    session.install(*peers, *CONSTRAINTS)
    session.run("pytest", "-W", "ignore", "tests/models/test_mmseg_networks.py", *session.posargs)


@nox.session(default=False)
def ray(session: nox.Session) -> None:
    """Kill nodes, workers and drivers of a Ray cluster of two nodes on this machine."""
    install(session, "tests")
    session.install("--editable", ".[ray]", *CONSTRAINTS)
    # By OpenVINO, as the commands run that a test starts.
    runtime = {"ROBUSTSEG_TEST_OPENVINO": "1"}
    session.run("pytest", "tests/evaluation/test_ray.py", *session.posargs, env=runtime)


@nox.session(default=False)
def transforms(session: nox.Session) -> None:
    """Corrupt images by transforms of Albumentations and Kornia."""
    install(session, "tests")
    session.install("albumentations==2.0.8", "kornia==0.9.0", *CONSTRAINTS)
    session.run("pytest", "-W", "ignore", "tests/corruptions_/test_transforms.py", *session.posargs)


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill a run 100 times, each time in a new process, and compare its tables."""
    install(session, "tests")
    with tempfile.TemporaryDirectory() as empty:
        # With 40 frames, the evaluation takes about as long as the imports before it.
        options = ("--kills", "100", "--frames", "40", "--start")
        session.run("python", "-m", "tests.helpers.kills", empty, *options)


@nox.session(default=False)
def thorough(session: nox.Session) -> None:
    """Run the tests that check again, on real data or many inputs, what the default ones check."""
    install(session, "tests")
    session.run("pytest", "-m", "thorough", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Feed 10,000 damaged files and command lines to their readers."""
    install(session, "tests")
    with tempfile.TemporaryDirectory() as empty:
        session.run(
            "python", "-m", "tests.helpers.fuzzing", empty, "--inputs", "10000", *session.posargs
        )


@nox.session(default=False)
def hostile(session: nox.Session) -> None:
    """Read all crafted input of strangers, and 10,000 run files that are changed at random."""
    install(session, "tests")
    spread = ("--numprocesses", "2", "--dist", "worksteal")
    whole = {"ROBUSTSEG_HOSTILE": "all"}
    session.run("pytest", *spread, "tests/e2e/hostile", *session.posargs, env=whole)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure speed as ratios to other implementations."""
    install(session, "tests")
    for path in sorted(Path("benchmarks").glob("bench_*.py")):
        session.run("python", "-m", f"benchmarks.{path.stem}")
