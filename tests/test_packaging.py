"""What is built is what was written: tuneflow works from a wheel, an sdist and a bare checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[1]
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))

# One worker takes them all, so that each archive is built once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

# Prints where tuneflow and a recipe really came from, and tunes with it. The recipe's path is
# taken from the interpreter's own record of opened files, not from what tuneflow says.
PROBE = """
import json, sys
opened = []
def note(event, args):
    if event == "open" and str(args[0]).endswith("random_forest.toml"):
        opened.append(str(args[0]))
sys.addaudithook(note)

import tuneflow
from sklearn.datasets import load_iris

recipe = tuneflow.load_recipe("random_forest")
X, y = load_iris(return_X_y=True, as_frame=True)
result = tuneflow.tune(X, y, recipe, scoring="accuracy", n_trials=2, progress=False)
print(json.dumps({
    "package": tuneflow.__file__,
    "opened": opened,
    "score": result.best_score,
    "rows": len(result.predict(X)),
}))
"""


def run(*command: object, cwd: Path, pythonpath: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": pythonpath, "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def make_environment(folder: Path) -> Path:
    """An environment with nothing in it but its interpreter, which is returned."""
    builder = venv.EnvBuilder(symlinks=os.name == "posix")
    builder.create(folder)
    return Path(builder.ensure_directories(folder).env_exe)


def lend_libraries(python: Path) -> None:
    """Let an environment see our libraries, but no editable tuneflow: .pth files do not nest."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", code, cwd=python.parent).strip())
    ours = [entry for entry in sys.path if Path(entry).name == "site-packages"]
    (packages / "lent.pth").write_text("\n".join(ours))


def probe(python: Path, cwd: Path, pythonpath: str = "") -> dict[str, Any]:
    answer = run(python, "-c", PROBE, cwd=cwd, pythonpath=pythonpath)
    return dict(json.loads(answer.splitlines()[-1]))


def build(folder: Path, *kinds: str) -> Path:
    options = ["--no-isolation", "--outdir", folder, *kinds]
    run(sys.executable, "-m", "build", *options, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the checkout."""
    return next(build(tmp_path_factory.mktemp("wheel"), "--wheel").glob("*.whl"))


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel built from that sdist."""
    return build(tmp_path_factory.mktemp("sdist"))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def recipes_in(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            Path(name).name: archive.read(name)
            for name in archive.namelist()
            if name.startswith("tuneflow/recipes/")
        }


def files_below(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {file.relative_to(ROOT).as_posix() for file in files if "__pycache__" not in file.parts}


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in names_in(wheel)}
    assert {top.partition("-")[0] for top in tops} == {"tuneflow"}
    assert files_below(ROOT / "tuneflow") <= names_in(wheel)


def test_the_wheel_holds_every_recipe_unchanged(wheel: Path) -> None:
    written = {
        path.name: path.read_bytes() for path in (ROOT / "recipes").iterdir() if path.is_file()
    }
    assert RECIPES
    assert recipes_in(wheel) == written


def test_a_wheel_built_from_the_sdist_is_the_same(wheel: Path, archives: Path) -> None:
    again = next(archives.glob("*.whl"))
    assert names_in(again) == names_in(wheel)
    assert recipes_in(again) == recipes_in(wheel)


def test_the_sdist_can_be_tested_where_it_is_unpacked(archives: Path) -> None:
    with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    alone = {"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml", ".ci/run"}
    folders = ("tuneflow", "recipes", "tests", "notebooks")
    assert alone.union(*(files_below(ROOT / folder) for folder in folders)) <= names


def test_a_wheel_tunes_far_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = (tmp_path / "venv").resolve()
    python = make_environment(home)
    install = ["-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    run(sys.executable, *install, wheel, cwd=tmp_path)
    lend_libraries(python)  # after the install, so that pip sees no tuneflow but this one
    seen = probe(python, cwd=tmp_path)
    assert Path(seen["package"]).is_relative_to(home)
    assert seen["opened"]
    assert all(Path(path).resolve().is_relative_to(home) for path in seen["opened"])
    assert 0.5 < seen["score"] <= 1
    assert seen["rows"] == 150
    assert "random_forest" in run(python.parent / "tuneflow", "recipes", cwd=tmp_path)


def test_a_bare_checkout_tunes_without_an_install(tmp_path: Path) -> None:
    python = make_environment(tmp_path / "venv")
    lend_libraries(python)
    seen = probe(python, cwd=tmp_path, pythonpath=str(ROOT))
    assert Path(seen["package"]).parent == ROOT / "tuneflow"
    assert {Path(path).resolve() for path in seen["opened"]} == {
        ROOT / "recipes" / "random_forest.toml"
    }
    assert seen["rows"] == 150


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_satisfies_the_schema_that_is_shipped_with_it(recipe: Path) -> None:
    schema = json.loads((ROOT / "recipes" / "recipe.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(tomllib.loads(recipe.read_text(encoding="utf-8")), schema)
