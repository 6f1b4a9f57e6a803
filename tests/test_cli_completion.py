"""`genz completion`: the scripts, run by the shells themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import check_refusal, run
from genz.cli.completion import INSTALLATION

needs_bash = pytest.mark.skipif(
    os.name != "posix" or shutil.which("bash") is None, reason="needs bash"
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A `genz` that a shell finds, of this Python."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "genz"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m genz "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def complete(environment: dict[str, str], folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words, by the function that it would call."""
    program = """
        source <(genz completion bash) || exit 9
        function=$(complete -p genz | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        compopt() { echo "compopt $1 $2"; }
        "$function" genz "${COMP_WORDS[COMP_CWORD]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(  # noqa: S603
        ["bash", "--norc", "-c", program, "bash", *words],  # noqa: S607
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


@needs_bash
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["genz", "pr"], ["predict", "probe"]),
        (["genz", "store", ""], ["export", "import", "prune", "stats", "verify"]),
        (
            ["genz", "fit", "--max-"],
            ["--max-requests", "--max-tokens", "--max-cost", "--max-unknown"],
        ),
        (["genz", "fit", "houses.csv", "--form", ""], ["tile", "batch", "pair"]),
        (["genz", "features", "model", "lo"], ["lock"]),
        (["genz", "completion", "z"], ["zsh"]),
    ],
)
def test_bash_completes(
    environment: dict[str, str], tmp_path: Path, words: list[str], offered: list[str]
) -> None:
    found = complete(environment, tmp_path, *words)
    assert found == offered


@needs_bash
def test_bash_completes_files(environment: dict[str, str], tmp_path: Path) -> None:
    assert "compopt -o default" in complete(environment, tmp_path, "genz", "fit", "hou")
    assert "compopt -o default" in complete(environment, tmp_path, "genz", "doctor", "--config", "")


@pytest.mark.parametrize("shell", INSTALLATION)
def test_scripts_say_how_they_are_installed(shell: str) -> None:
    done = run("completion", shell)
    assert done.exit_code == 0
    first, *rest = done.stdout.splitlines()
    assert first == f"# Completion of genz in {shell}; {INSTALLATION[shell]}"
    assert f"genz completion {shell}" in first
    assert any("_GENZ_COMPLETE" in line for line in rest)
    if (path := shutil.which(shell)) is not None:
        subprocess.run([path, "-n"], input=done.stdout, text=True, check=True)  # noqa: S603


def test_other_shells_are_refused() -> None:
    check_refusal(run("completion", "tcsh"), 2, "'bash', 'zsh', 'fish'")
