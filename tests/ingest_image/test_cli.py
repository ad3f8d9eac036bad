"""How a command is found and started."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from embedded_node.commands import node
from embedded_node.versions import versions
from ingest_image import cli
from ingest_image.cli import main
from ingest_image.demo.command import demo
from ingest_image.duplicates.command import duplicates
from ingest_image.plugin_command import plugin
from ingest_image.reprocess.command import reprocess
from ingest_image.store.check import check
from ingest_image.store.command import store
from ingest_image.store.move import move
from tests.helpers.documented import the_block

NOBODY = ["doctor", "--url", "http://127.0.0.1:9"]
COUNT = """
import gc, sys
from ingest_image.cli import main
rounds = [0]
gc.callbacks.append(lambda phase, info: rounds.__setitem__(0, rounds[0] + (phase == "start")))
main.get_command(None, "index")
print(rounds[0], gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def test_the_garbage_collector_rests_while_a_command_is_loaded_and_leaves_what_was_loaded_alone() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout.split() == ["0", "True", "True"]


def test_ctrl_c_counts_before_the_command_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes seconds on a busy machine, in which a signal that is still ignored would be lost."""
    taken = []

    def loaded(name: str) -> ModuleType:
        taken.append(signal.getsignal(signal.SIGINT))
        return importlib.import_module(name)

    monkeypatch.setattr(cli, "_imported", loaded)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        CliRunner().invoke(main, ["api-token"], env={"IMAGE_TOKEN": "of-a-test"})
    finally:
        signal.signal(signal.SIGINT, before)
    assert taken == [signal.default_int_handler]


def completing(instruction: str, **words: str) -> list[str]:
    """What the program prints for a shell; it is called by the lines in docs/commands.md."""
    run = "import sys; sys.argv[0] = 'ingest-image'; from ingest_image.cli import main; main(prog_name='ingest-image')"
    environment = {**os.environ, "_INGEST_IMAGE_COMPLETE": instruction, **words}
    done = subprocess.run([sys.executable, "-c", run], env=environment, capture_output=True, text=True, timeout=240)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_lines_of_the_page_are_those_that_complete() -> None:
    """What docs/commands.md prints calls the program as `completing` does."""
    lines = the_block("docs/commands.md", "eval ").text.splitlines()
    said = [re.search(r"_INGEST_IMAGE_COMPLETE=(\w+) ingest-image", line) for line in lines]
    assert [found and found[1] for found in said] == ["bash_source", "zsh_source", "fish_source"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_options(shell: str) -> None:
    def completed(*words: str) -> list[str]:
        # fish says the last word by itself.
        place = words[-1] if shell == "fish" else str(len(words) - 1)
        return completing(f"{shell}_complete", COMP_WORDS=" ".join(words), COMP_CWORD=place)

    # As each shell's script reads it: a kind, then the word, and for two of them what it means.
    command, option = completed("ingest-image", "du"), completed("ingest-image", "duplicates", "--ind")
    if shell == "bash":
        assert (command, option) == (["plain,duplicates"], ["plain,--index"])
    elif shell == "fish":
        assert [line.partition("\t")[0] for line in (*command, *option)] == ["plain,duplicates", "plain,--index"]
        assert "List clusters of near duplicates" in command[0]
    else:
        assert (command[:2], option[:2]) == (["plain", "duplicates"], ["plain", "--index"])
        assert "List clusters of near duplicates" in command[2]


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o nosort -F _ingest_image_completion ingest-image"),
        ("zsh", "compdef _ingest_image_completion ingest-image"),
        ("fish", "complete --no-files --command ingest-image"),
    ],
)
def test_each_shell_gets_its_script(shell: str, registers: str) -> None:
    script = completing(f"{shell}_source")
    assert any(registers in line for line in script) and any(f"{shell}_complete" in line for line in script)


@pytest.mark.parametrize("group", [main, store], ids=lambda group: str(group.name))
def test_the_help_has_the_whole_sentence_of_each_command(group: click.Group) -> None:
    shown = " ".join(CliRunner().invoke(group, ["--help"]).output.split())
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None and command.help is not None
        sentence = " ".join(command.help.split("\n\n")[0].split()).partition(". ")[0].removesuffix(".")
        assert f"{name} {sentence}." in f"{shown}.", name
    assert "..." not in shown.replace("[ARGS]...", "").replace("INDEX...", "")


@pytest.mark.parametrize(("group", "typed", "meant"), [(main, "serach", "search"), (store, "claen", "clean")])
def test_a_command_that_is_not_there_is_told_with_the_one_that_may_be_meant(
    group: click.Group, typed: str, meant: str
) -> None:
    result = CliRunner().invoke(group, [typed])
    assert result.exit_code == 2 and f"No such command '{typed}'. Did you mean {meant}?" in result.output
    assert "Did you mean" not in CliRunner().invoke(group, ["xyz"]).output


def test_nobody_gets_colours_who_wants_none() -> None:
    """As `doctor` prints them to a terminal, which is what `color` stands for."""

    def printed(**environment: str) -> str:
        return CliRunner().invoke(main, NOBODY, env={"NO_COLOR": None, **environment}, color=True).output

    assert "\x1b[31merror" in printed()
    assert "\x1b" not in printed(NO_COLOR="1") and printed(NO_COLOR="1").startswith("error")


@pytest.mark.parametrize(
    ("arguments", "redirected", "code", "says"),
    [
        ("--help", ">/dev/full", 1, "Error: it could not all be written: "),
        (" ".join(NOBODY), ">/dev/full", 1, "Error: it could not all be written: "),
        ("api-token", ">&-", 0, ""),
    ],
)
def test_a_full_disk_or_no_output_at_all_is_no_defect(arguments: str, redirected: str, code: int, says: str) -> None:
    command = ["sh", "-c", f"{sys.executable} -m ingest_image {arguments} {redirected}"]
    token = {**os.environ, "IMAGE_TOKEN": "of-a-test"}
    done = subprocess.run(command, env=token, capture_output=True, text=True, timeout=240)
    assert done.returncode == code and done.stderr.startswith(says) and done.stderr.count("\n") == bool(says), done


@pytest.mark.parametrize("command", [duplicates, reprocess, check, move], ids=lambda command: str(command.name))
def test_an_index_is_named_once_as_option_or_argument(command: click.Command) -> None:
    nobody = ["--url", "http://127.0.0.1:9"]
    environment = {"IMAGE_STORE_URL": ""}
    without = CliRunner().invoke(command, nobody, env=environment)
    assert without.exit_code == 2 and "which index? give --index" in without.output
    twice = CliRunner().invoke(command, ["images", "--index", "images", *nobody], env=environment)
    assert twice.exit_code == 2 and "given twice" in twice.output
    for given in (["images"], ["--index", "images"]):
        result = CliRunner().invoke(command, [*given, *nobody], env=environment)
        wanted = "there is no store" if command is check else "does not answer"
        assert result.exit_code == 1 and wanted in result.output


@pytest.mark.parametrize(
    ("command", "name", "old"),
    [
        (node, "--port", "--http-port"),
        (demo, "--es-port", "--http-port"),
        (node, "--service-token-file", "--token-file"),
    ],
)
def test_old_names_of_options_are_still_taken(command: click.Command, name: str, old: str) -> None:
    assert [name, old] in [option.opts for option in command.params]


def test_programs_read_where_the_zip_of_the_plugin_is(tmp_path: Path) -> None:
    version = versions()[0].number
    result = CliRunner().invoke(plugin, ["--es-version", version, "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    (made,) = tmp_path.glob("*.zip")
    install = f"bin/elasticsearch-plugin install file://{made}"
    assert json.loads(result.output) == {"es_version": version, "file": str(made), "install": install}


@pytest.mark.parametrize(
    ("arguments", "coding"),
    [
        (["duplicates", "caf\udce9"], "utf-8"),
        (["search", "--index", "caf\udce9", "boat"], "utf-8"),
        (["export", "--index", "caf\udce9", "out"], "utf-8"),
        (["search", "--api-key", "caf\udce9", "boat"], "latin-1"),
    ],
)
def test_what_cannot_be_sent_is_told_without_showing_it(
    arguments: list[str], coding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are not UTF-8 in an argument, as the system hands them over."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [*arguments, "--url", "http://127.0.0.1:9"])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.output == f"Error: an argument has characters that cannot be sent as {coding}\n"
