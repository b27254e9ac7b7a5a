"""The application: every command of ``tuneflow``, and the options that stand before them."""

import sys
from typing import Annotated

import typer
from typer import Argument, Option

from tuneflow.cli.compare import compare
from tuneflow.cli.demo import demo
from tuneflow.cli.options import recipe_names
from tuneflow.cli.report import dashboard, report
from tuneflow.cli.terminal import CommandGroup, recipe_list, recipe_page
from tuneflow.cli.tune import predict, tune
from tuneflow.cli.workers import serve, worker

EXIT_CODES = """Exit codes: 0 all is well; 1 no trial came to a score; 2 wrong input; 70 a bug;
130 interrupted."""

app = typer.Typer(
    cls=CommandGroup,
    help="One line tunes a tabular model well.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text: half the time, and the same in a log
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command that the shell asks for; the process ends here."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:  # the package is loaded before its folders, so nothing is imported upwards
        typer.echo(f"tuneflow {sys.modules['tuneflow'].__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
    debug: Annotated[
        bool, Option("--debug", help="Show tracebacks; may stand after the command too.")
    ] = False,
) -> None:
    """Take the options that all commands share."""


def recipes(
    name: Annotated[
        str | None,
        Argument(help="Show this one; all, if left out.", autocompletion=recipe_names),
    ] = None,
    schema: Annotated[
        bool, Option("--schema", help="Print the JSON schema of a recipe file instead.")
    ] = False,
) -> None:
    """List the recipes, or show one."""
    from tuneflow.recipe import catalogue

    if schema:
        typer.echo(catalogue.json_schema(), nl=False)
    elif name is None:
        typer.echo(recipe_list(catalogue.recipes()))
    else:
        typer.echo(recipe_page(catalogue.load_recipe(name)))


for command in (recipes, tune, predict, compare, report, dashboard, worker, serve, demo):
    app.command()(command)
