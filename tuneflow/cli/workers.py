"""The shell's commands for many machines: `worker` joins a study, `serve` shares a storage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

NOT_ENCRYPTED = """The protocol is not encrypted and asks for no password: whoever reaches the port
can read and change every study. Serve a network that you trust, or through a tunnel."""


def add_to(app: typer.Typer) -> None:
    """Give an application these commands."""
    app.command("worker")(worker)
    app.command("serve")(serve)


def worker(  # noqa: PLR0913 -- the options of a command are its signature
    storage: Annotated[str, Argument(help="Where the study is: a file, a URL, grpc://host:port.")],
    *,
    study: Annotated[str, Option("--study", help="Its name.")],
    data: Annotated[Path, Option(help="The same table as everybody else's.")],
    target: Annotated[str, Option("--target", "-y", help="The column to be predicted.")],
    trials: Annotated[
        int | None, Option(help="In all, whoever runs them; by default as the study was begun.")
    ] = None,
    timeout: Annotated[float | None, Option(help="Seconds for this worker.")] = None,
    jobs: Annotated[int, Option("--jobs", "-j", help="Trials at a time; -1: one a core.")] = 1,
    trial_timeout: Annotated[
        float | None, Option(help="Seconds after which a trial is given up.")
    ] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print notes and errors only.")] = False,
) -> None:
    """Join a study from this machine; recipe and folds are what its ledger says."""
    from tuneflow.cli.files import read_table

    frame = read_table(data)
    from tuneflow.study.workers.workers import Workers
    from tuneflow.tuning.join import join
    from tuneflow.tuning.result import INTERRUPTED

    ran: list[str] = []
    cut_short = join(
        storage,
        study,
        (frame, target),
        n_trials=trials,
        timeout=timeout,
        workers=Workers(jobs, trial_timeout=trial_timeout),
        callback=lambda study, trial: ran.append(trial.state.name.lower()),
        progress=not quiet,
    )
    if not quiet:
        told = ", ".join(f"{ran.count(state)} {state}" for state in dict.fromkeys(ran)) or "none"
        typer.echo(f"study {study}: trials of this worker: {told}.")
    if cut_short:
        typer.echo(f"note: {cut_short}", err=True)
    if cut_short == INTERRUPTED:
        raise typer.Exit(130)


def serve(
    storage: Annotated[str, Argument(help="A journal or a database; SQLite is slow behind it.")],
    *,
    port: Annotated[int, Option(min=1, max=65535, help="Where workers find it.")] = 13000,
    host: Annotated[
        str,
        Option(
            help="An address of this machine; others than localhost can be "
            "reached from the network."
        ),
    ] = "localhost",
) -> None:
    """Share a storage with workers elsewhere, as grpc://host:port."""
    from tuneflow.tuning.join import serve as serve_

    server = serve_(storage, host, port)
    typer.echo(f"grpc://{host}:{port} serves {storage}, until Ctrl-C.\n{NOT_ENCRYPTED}", err=True)
    server.wait_for_termination()
