"""How far one plain call walks through the package.

Run it with ``python tests/trace_call.py``, or with ``-v`` to see which modules and frames are
counted. For one ``tune(X, y, "lightgbm", n_trials=2)`` it prints

- in how many modules of tuneflow at least one function runs,
- how many frames of tuneflow are on the stack when LightGBM grows its first tree,
- how many pairs of modules call each other both ways.

A call from A to B counts also if a library stands between them. Importing is not running.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from sklearn.datasets import load_breast_cancer

import tuneflow as tf

PACKAGE = Path(tf.__file__).parent


@dataclass
class Trace:
    """Follows calls by `sys.setprofile`.

    Attributes:
        modules: Modules of which a function has run.
        calls: Pairs of modules, of which the first has called the second.
        frames: Functions on the stack when the first tree was grown.
    """

    modules: set[str] = field(default_factory=set)
    calls: set[tuple[str, str]] = field(default_factory=set)
    frames: list[str] = field(default_factory=list)
    _stack: list[str | None] = field(default_factory=list)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take note of one event; `argument` is not needed."""
        if event == "return" and self._stack:
            self._stack.pop()
        if event != "call":
            return
        if frame.f_code.co_qualname == "Booster.update" and not self.frames:
            self.frames = frames_above(frame)
        module = None if "<module>" in self._stack else module_of(frame)
        caller = next(filter(None, reversed(self._stack)), None)
        self._stack.append("<module>" if frame.f_code.co_name == "<module>" else module)
        if module and frame.f_code.co_name != "<module>":
            self.modules.add(module)
            self.calls |= {(caller, module)} if caller not in (None, "<module>", module) else set()

    @property
    def both_ways(self) -> list[tuple[str, str]]:
        """Pairs of modules that call each other."""
        return sorted((a, b) for a, b in self.calls if a < b and (b, a) in self.calls)


def module_of(frame: FrameType) -> str | None:
    """The module of the package that a frame is in; None if it is in none."""
    path = Path(frame.f_code.co_filename)
    return path.relative_to(PACKAGE).as_posix() if PACKAGE in path.parents else None


def frames_above(frame: FrameType) -> list[str]:
    """Functions of the package on the stack, the first that was called first."""
    functions, above = [], frame.f_back
    while above:
        if module := module_of(above):
            functions.append(f"{module}:{above.f_code.co_qualname}")
        above = above.f_back
    return functions[::-1]


def trace_tune() -> Trace:
    """Trace one call, from `tune` to the result."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    tune, trace = tf.tune, Trace()
    sys.setprofile(trace)
    try:
        tune(X, y, "lightgbm", n_trials=2, progress=False)
    finally:
        sys.setprofile(None)
    return trace


def main() -> None:
    """Print the three figures."""
    trace = trace_tune()
    lines = [
        f"{len(trace.modules)} modules, {len(trace.frames)} frames before a tree grows, "
        f"{len(trace.both_ways)} pairs of modules that call each other"
    ]
    if "-v" in sys.argv:
        pairs = [f"{a} <-> {b}" for a, b in trace.both_ways]
        lines += ["", *sorted(trace.modules), "", *trace.frames, "", *pairs]
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
