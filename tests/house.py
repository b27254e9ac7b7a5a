"""The size of the house: run as a script, it prints lines of code, and the longest of each kind.

Lines of code are those that hold a token other than a comment or a docstring.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "tuneflow"
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def docstring_lines(tree: ast.AST) -> set[int]:
    """Lines that belong to the docstrings of a module, its classes and its functions."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(
                getattr(first.value, "value", None), str
            ):
                lines |= set(range(first.lineno, (first.end_lineno or 0) + 1))
    return lines


def code_lines(source: str) -> int:
    """Lines of a file without docstrings, comments and blank lines."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docstring_lines(ast.parse(source)))


def functions(source: str) -> list[tuple[str, int, int]]:
    """Of every function: its name, the lines of its body, and its number of parameters."""
    sizes = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, FUNCTIONS):
            body = (node.end_lineno or 0) - node.body[0].lineno + 1
            body -= len(docstring_lines(node) & set(range(node.lineno, node.end_lineno or 0)))
            body = max(body, 1)
            args = node.args
            width = len(args.posonlyargs) + len(args.args) + len(args.kwonlyargs)
            sizes.append((node.name, body, width))
    return sizes


def sources() -> dict[str, str]:
    """Every module of the package, by its path."""
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def report() -> str:
    """What there is, room by room, and the longest of each kind."""
    files = sources()
    code = {name: code_lines(source) for name, source in files.items()}
    rooms: dict[str, int] = {}
    for name, lines in code.items():
        room = name.split("/")[0]
        rooms[room] = rooms.get(room, 0) + lines
    inside = [
        (f"{n}:{f}", body, width) for n, s in files.items() for f, body, width in functions(s)
    ]
    longest = sorted(((s.count("\n"), n) for n, s in files.items()), reverse=True)[:5]
    bodies = sorted(((body, name) for name, body, _ in inside), reverse=True)[:5]
    widest = sorted(((width, name) for name, _, width in inside), reverse=True)[:5]
    top = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    each = [*code.items()] if "-v" in sys.argv else [*rooms.items()]
    return "\n".join(
        [
            *(f"{lines:6} {name}" for name, lines in each),
            f"{sum(code.values()):,} lines of code, {len(files)} files, {len(top)} names at top",
            f"longest files: {longest}",
            f"longest bodies: {bodies}",
            f"widest signatures: {widest}",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
