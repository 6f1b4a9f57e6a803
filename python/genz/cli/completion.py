"""``genz completion``: a script by which a shell completes commands, options and files."""

import click

from genz.cli.command import Command

VARIABLE = "_GENZ_COMPLETE"
"""By which the script asks for what could come next."""

INSTALLATION = {
    "bash": 'add to ~/.bashrc:  eval "$(genz completion bash)"',
    "zsh": 'add to ~/.zshrc, after compinit:  eval "$(genz completion zsh)"',
    "fish": "once:  genz completion fish > ~/.config/fish/completions/genz.fish",
}


@click.command(
    cls=Command,
    short_help="Print a script for completion in a shell.",
    examples=(
        ("in this shell, now", "completion bash > genz.sh && . ./genz.sh"),
        ("in every fish", "completion fish > ~/.config/fish/completions/genz.fish"),
    ),
)
@click.argument("shell", type=click.Choice(list(INSTALLATION)))
def completion(shell: str) -> None:
    """Print the script by which SHELL completes commands, options, choices and files.

    How to install it stands in its first line. Bash must be 4.4 or later.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choices are those that click knows
    script = kind(click.get_current_context().find_root().command, {}, "genz", VARIABLE).source()
    click.echo(f"# Completion of genz in {shell}; {INSTALLATION[shell]}")
    click.echo(script.strip())
