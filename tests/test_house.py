"""The front door is cheap and complete, and behind it imports point down."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import tuneflow

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tuneflow"

# The house, floor by floor: a room imports only from rooms on floors below its own. Rooms on one
# floor do not know each other.
FLOORS = {
    "errors": 0,
    "data": 1,
    "storage": 1,
    "recipe": 2,
    "reporting": 2,
    "models": 3,
    "search": 3,
    "study": 4,
    "tuning": 5,
    "comparison": 6,
    "cli": 7,
    "__init__": 8,
    "__main__": 9,
}

# Not yet where they belong; this set only shrinks.
MISPLACED: set[tuple[str, str]] = set()

# A report is read from the record and from nothing else.
KNOWN_TO_REPORTING = {"errors", "storage"}

HEAVY = {
    "cmaes",
    "joblib",
    "lightgbm",
    "numpy",
    "optuna",
    "pandas",
    "plotly",
    "pydantic",
    "scipy",
    "skops",
    "sklearn",
    "torch",
    "typer",
    "xgboost",
}

MODULES = sorted(PACKAGE.rglob("*.py"))
DOTTED = re.compile(r"tuneflow(\.\w+)+(:\w+)?")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def is_room(name: str) -> bool:
    return name in FLOORS or (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def room_named(dotted: str) -> str:
    """The room that `tuneflow.x.y` lies in; a name that is no room comes from the front door."""
    parts = dotted.replace(":", ".").split(".")
    return parts[1] if len(parts) > 1 and is_room(parts[1]) else "__init__"


def absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parent.parts
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *filter(None, [node.module])])


def names_imported(node: ast.AST, path: Path) -> Iterator[str]:
    """Dotted names that a node brings in; also those kept as text, for `import_module`."""
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom():
            home = absolute(node, path)
            yield from (f"{home}.{alias.name}" for alias in node.names)
        case ast.Constant(value=str(text)) if DOTTED.fullmatch(text):
            yield text


def rooms_imported(source: str, path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(source))
    names = (name for node in nodes for name in names_imported(node, path))
    ours = (name for name in names if name.split(".")[0] == "tuneflow")
    return {room_named(name) for name in ours} - {room_of(path)}


def path_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def test_every_module_has_a_floor() -> None:
    homeless = {path_of(module) for module in MODULES if room_of(module) not in FLOORS}
    assert not homeless, f"give them a line in FLOORS: {sorted(homeless)}"


@pytest.mark.parametrize("module", MODULES, ids=path_of)
def test_imports_point_down(module: Path) -> None:
    own = FLOORS[room_of(module)]
    rooms = rooms_imported(module.read_text(encoding="utf-8"), module)
    level_or_up = {
        room: FLOORS[room]
        for room in rooms
        if FLOORS[room] >= own and (path_of(module), room) not in MISPLACED
    }
    assert not level_or_up, f"{path_of(module)} is on floor {own} and imports {level_or_up}"


def test_reporting_knows_the_ledger_and_nothing_else() -> None:
    modules = [module for module in MODULES if room_of(module) == "reporting"]
    rooms = [rooms_imported(module.read_text(encoding="utf-8"), module) for module in modules]
    assert set().union(*rooms) <= KNOWN_TO_REPORTING


@pytest.mark.parametrize(
    ("line", "room"),
    [
        ("import tuneflow.tuning.tune", "tuning"),
        ("import tuneflow", "__init__"),
        ("from tuneflow import tune", "__init__"),
        ("from tuneflow import errors", "errors"),
        ("from tuneflow.models.engine import ENGINES", "models"),
        ("from .. import tuning", "tuning"),
        ("from ..tuning.tune import tune", "tuning"),
        ("def f():\n    from tuneflow.tuning.tune import tune", "tuning"),
        ("if TYPE_CHECKING:\n    from tuneflow.tuning.tune import tune", "tuning"),
        ("home = 'tuneflow.models.boosting:Boosting'", "models"),
    ],
)
def test_no_form_of_import_escapes_the_law(line: str, room: str) -> None:
    assert rooms_imported(line, PACKAGE / "data" / "dataset.py") == {room}


def runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module that run, at once or in a function; what only types need does not."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from runtime_nodes(node)


def modules_imported(source: str, path: Path, modules: set[str]) -> set[str]:
    """Modules of the package that one imports, lazily or not: the longest known part of a name."""
    nodes = runtime_nodes(ast.parse(source))
    names = {name for node in nodes for name in names_imported(node, path)}
    parts = (name.replace(":", ".").split(".") for name in names)
    longest = (
        next((".".join(p[:n]) for n in range(len(p), 1, -1) if ".".join(p[:n]) in modules), "")
        for p in parts
    )
    return set(filter(None, longest))


def circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """Groups of modules each of which can be reached from the others by following imports."""

    def reached(start: str) -> set[str]:
        seen, stack = set(), [start]
        while stack:
            new = graph[stack.pop()] - seen
            seen |= new
            stack += new
        return seen

    reach = {module: reached(module) for module in graph}
    return {
        frozenset(other for other in reach[module] if module in reach[other])
        for module in graph
        if module in reach[module]
    }


def dotted(module: Path) -> str:
    return ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_no_modules_import_each_other() -> None:
    names = {dotted(module) for module in MODULES}
    graph = {
        dotted(module): modules_imported(module.read_text(encoding="utf-8"), module, names)
        for module in MODULES
    }
    found = [sorted(group) for group in circles(graph)]
    assert not found, f"break them: {found}"


@pytest.mark.parametrize(
    ("graph", "groups"),
    [
        ({"a": {"b"}, "b": set()}, []),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [{"a", "b"}]),
        (
            {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}},
            [{"a", "b", "c"}, {"d", "e"}],
        ),
    ],
)
def test_circles_are_found(graph: dict[str, set[str]], groups: list[set[str]]) -> None:
    assert circles(graph) == set(map(frozenset, groups))


def test_imports_of_functions_count_and_those_of_types_do_not() -> None:
    source = (
        "if TYPE_CHECKING:\n    from tuneflow.a import x\n"
        "def f():\n    from tuneflow.b import y\n    from tuneflow import c\n"
    )
    modules = {"tuneflow.a", "tuneflow.b", "tuneflow.c"}
    path = PACKAGE / "data" / "dataset.py"
    assert modules_imported(source, path, modules) == {"tuneflow.b", "tuneflow.c"}


# Optuna's private parts are used in these two modules, and each use is tested.
KNOWN_TO_OPTUNA = {"storage/optuna_internals.py", "search/cma_es.py"}
PRIVATE = re.compile(r"\b(?:self|cls)\.(_[a-z]\w*)|\bdef (_[a-z]\w*)")
MARKS = ("fixed_params", "cached_all_trials", '["stop"]')


def private_names(*sources: str) -> set[str]:
    return {
        name for source in sources for pair in PRIVATE.findall(source) for name in pair if name
    }


def optuna_is_entered(source: str, privates: set[str]) -> set[str]:
    """Private names of Optuna's that a module imports, asks others for, or overrides."""
    tree = ast.parse(source)
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    optunas = [node for node in imports if node.module.split(".")[0] == "optuna"]
    entered = {node.module for node in optunas if "._" in node.module}
    entered |= {a.name for node in optunas for a in node.names if a.name.startswith("_")}
    bases = {a.asname or a.name: (node.module, a.name) for node in optunas for a in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in privates:
            entered |= (
                set() if ast.unparse(node.value) in ("self", "cls", "super()") else {node.attr}
            )
        if isinstance(node, ast.ClassDef):
            for module, name in (bases[b] for b in map(ast.unparse, node.bases) if b in bases):
                mro = getattr(import_module(module), name).__mro__
                theirs = (inspect.getsource(c) for c in mro if c.__module__.startswith("optuna"))
                entered |= private_names(*theirs) & private_names(ast.unparse(node))
    return entered | {mark for mark in MARKS if mark in source}


@pytest.fixture(scope="module")
def privates_of_optuna() -> set[str]:
    folder = Path(import_module("optuna").__file__).parent
    return private_names(*(path.read_text(encoding="utf-8") for path in folder.rglob("*.py")))


@pytest.mark.parametrize("module", MODULES, ids=path_of)
def test_private_parts_of_optuna_stay_in_two_modules(
    module: Path, privates_of_optuna: set[str]
) -> None:
    entered = optuna_is_entered(module.read_text(encoding="utf-8"), privates_of_optuna)
    assert not entered or path_of(module) in KNOWN_TO_OPTUNA


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("study._storage", "_storage"),
        ("trial.study._study_id", "_study_id"),
        ("from optuna.storages._grpc.server import make_server", "optuna.storages._grpc.server"),
        ("from optuna import _transform", "_transform"),
        (
            "from optuna.storages import JournalStorage as J\n"
            "class Mine(J):\n    def _write_log(self): ...",
            "_write_log",
        ),
        (
            "from optuna.storages import JournalStorage\n"
            "class Mine(JournalStorage):\n    def f(self): self._backend",
            "_backend",
        ),
        ("system_attrs['fixed_params']", "fixed_params"),
    ],
)
def test_every_way_into_optuna_is_found(
    source: str, name: str, privates_of_optuna: set[str]
) -> None:
    assert optuna_is_entered(source, privates_of_optuna) == {name}


def test_importing_tuneflow_imports_no_heavy_library() -> None:
    code = "import sys; old = set(sys.modules); import tuneflow; print(*set(sys.modules) - old)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}


def libraries_imported(module: Path) -> set[str]:
    nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    names = (name for node in nodes for name in names_imported(node, module))
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"tuneflow"}


def test_every_library_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name in extras for line in extras[name])]
    declared = {re.match(r"[\w-]+", line)[0].replace("scikit-learn", "sklearn") for line in wanted}
    assert set().union(*map(libraries_imported, MODULES)) <= declared


def test_type_checkers_see_every_public_name_where_it_lives() -> None:
    """A name imported `as` itself is exported also to `mypy --strict`."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    exported = {
        alias.asname: (node.module, alias.name)
        for node in imports
        for alias in node.names
        if alias.asname
    }
    assert sorted(exported) == tuneflow.__all__
    for name, (module, original) in exported.items():
        assert original == name
        assert module == f"tuneflow.{tuneflow._MODULES[name]}"


def test_public_names_are_sorted_and_unique() -> None:
    assert list(tuneflow.__all__) == sorted(set(tuneflow.__all__))


@pytest.mark.parametrize("name", tuneflow.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(tuneflow, name) is not None
    assert name in dir(tuneflow)


def test_the_promised_names_are_public() -> None:
    promised = {
        "recipes",
        "load_recipe",
        "Recipe",
        "tune",
        "Result",
        "load",
        "TuneflowError",
        "report",
    }
    assert promised <= set(tuneflow.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="tunee"):
        tuneflow.tunee  # noqa: B018 -- the access is what is tested
