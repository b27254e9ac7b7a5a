"""Where a live page finds its studies, again and again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import optuna


class StudySource(Protocol):
    """Studies that may change while a page shows them."""

    def stamp(self) -> Hashable:
        """Something that changes when a study does; None if nobody can tell."""

    def names(self) -> list[str]:
        """Names of the studies there are now."""

    def studies(self, names: Sequence[str] | None = None) -> list[optuna.Study]:
        """Studies as they are now; all of them by default."""


@dataclass(frozen=True)
class StudyList:
    """Studies that the caller holds, as opposed to a storage that is opened."""

    items: tuple[optuna.Study, ...]

    def stamp(self) -> Hashable:
        """None: whether a study has changed is known only to whoever runs it."""
        return None

    def names(self) -> list[str]:
        """Names of the studies."""
        return [study.study_name for study in self.items]

    def studies(self, names: Sequence[str] | None = None) -> list[optuna.Study]:
        """The studies, in the order asked for."""
        by_name = dict(zip(self.names(), self.items, strict=True))
        return [by_name[name] for name in (by_name if names is None else names)]
