"""`report()`: whatever holds studies becomes a report on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneflow.errors import StudyError
from tuneflow.reporting.live import app
from tuneflow.reporting.report import Report, page_of
from tuneflow.storage.read_only import open_source

if TYPE_CHECKING:
    import optuna

    from tuneflow.reporting.comparison import ComparisonReport


def report(x: Any, study_name: str | None = None) -> Report | ComparisonReport:
    """Report on studies: tables, figures, and one page of both.

    Args:
        x: A :class:`Result`, a :class:`Comparison`, an Optuna study, a list of results or studies,
            or a storage that exists: a file name, a URL or an Optuna storage. It is read once, and
            never written to.
        study_name: Which study the report is about, where there are several; by default the one
            that was touched last. The others are compared with it. Of a comparison, one table.

    Returns:
        The report: ``.tables``, ``.figures``, ``.save("page.html")``, ``.show()``.

    Raises:
        StudyError: There is no such storage or study, or it has several objectives.
        MissingExtra: A database driver is not installed.

    >>> import optuna, tuneflow as tf
    >>> study = optuna.create_study(study_name="parabola")
    >>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=5)
    >>> tf.report(study).tables["studies"].loc["parabola", "trials"]
    np.int64(5)
    """
    if hasattr(x, "verdict"):  # a Comparison knows its own panels
        compared: ComparisonReport = x.report(study_name)
        return compared
    found = _report(x)
    return found if study_name is None else found.about(study_name)


def serve(
    storage: Any, study_name: str | None = None, *, port: int = 8050, browser: bool = False
) -> None:
    """Show a live page on 127.0.0.1 that follows the studies of a storage, until Ctrl-C.

    Args:
        storage: A file name, a URL or an Optuna storage; it is never written to.
        study_name: The study shown first; by default the one touched last.
        port: Of 127.0.0.1; 0 for any that is free.
        browser: Open it in a browser.

    Raises:
        StudyError: There is no such storage or study, or the port is in use.
        MissingExtra: The extra ``live`` is not installed.
    """

    source = open_source(storage)
    source.studies(None if study_name is None else [study_name])
    app.serve(source, page_of, study_name, port=port, browser=browser)


def _report(x: Any) -> Report:
    if isinstance(x, list | tuple):
        return Report.of([_study(part) for part in x])
    if hasattr(study := getattr(x, "study", x), "get_trials"):  # a Result has one
        return Report.of([study])
    source = open_source(_storage(x))
    if not (studies := source.studies()):
        raise StudyError("report: the storage holds no study yet.")
    found = Report.of(studies, source)
    source.release()
    return found


def _study(part: Any) -> optuna.Study:
    study: optuna.Study = getattr(part, "study", part)
    if not hasattr(study, "get_trials"):
        raise StudyError(
            f"report: a list of results or studies is needed; got a {type(part).__name__} in it."
        )
    return study


def _storage(x: Any) -> Any:
    if not isinstance(x, str | Path) and not hasattr(x, "get_all_studies"):
        raise StudyError(
            f"report: a result, studies or a storage is needed; got {type(x).__name__}."
        )
    return x
