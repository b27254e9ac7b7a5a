"""The commands for many machines: `worker` joins a study, `serve` shares a storage."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from tuneflow.cli import options
from tuneflow.cli.files import read_table
from tuneflow.cli.terminal import exit_if_interrupted

NOT_ENCRYPTED = """The protocol is not encrypted and asks for no password: whoever reaches the port
can read and change every study. Serve a network that you trust, or through a tunnel."""


def worker(  # noqa: PLR0913 -- the options of a command are its signature
    storage: Annotated[str, Argument(help="Where the study is: a file, a URL, grpc://host:port.")],
    *,
    study: Annotated[str, Option("--study", help="Its name.")],
    data: Annotated[Path, Option(help="The same table as everybody else's.")],
    target: options.Target,
    trials: Annotated[
        int | None, Option(help="In all, whoever runs them; by default as the study was begun.")
    ] = None,
    timeout: Annotated[float | None, Option(help="Seconds for this worker.")] = None,
    jobs: options.Jobs = 1,
    trial_timeout: options.TrialTimeout = None,
    quiet: options.Quiet = False,
) -> None:
    """Join a study from this machine; recipe and folds are read from the study."""
    frame = read_table(data)
    from tuneflow.study.workers.workers import Workers
    from tuneflow.tuning import join

    states: list[str] = []
    ended_early = join.join(
        storage,
        study,
        (frame, target),
        n_trials=trials,
        timeout=timeout,
        workers=Workers(jobs, trial_timeout=trial_timeout),
        callback=lambda study, trial: states.append(trial.state.name.lower()),
        progress=not quiet,
    )
    if not quiet:
        counts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
        typer.echo(f"study {study}: trials of this worker: {', '.join(counts) or 'none'}.")
    if ended_early:
        typer.echo(f"note: {ended_early}", err=True)
    exit_if_interrupted([ended_early])


def serve(
    storage: Annotated[str, Argument(help="A journal or a database; SQLite is slow behind it.")],
    *,
    port: Annotated[int, Option(min=1, max=65535, help="Where workers find it.")] = 13000,
    host: Annotated[
        str,
        Option(help="An address of this machine; any but localhost is open to the network."),
    ] = "localhost",
) -> None:
    """Share a storage with workers elsewhere, as grpc://host:port."""
    from tuneflow.storage.open import serve_storage

    server = serve_storage(storage, host, port)
    typer.echo(f"grpc://{host}:{port} serves {storage}, until Ctrl-C.\n{NOT_ENCRYPTED}", err=True)
    server.wait_for_termination()
