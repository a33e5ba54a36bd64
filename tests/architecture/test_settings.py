"""The example of the configuration shows every setting there is, as it is."""

from flask import Flask

from tests.architecture.code import ROOT


def test_the_example_is_what_the_command_prints(mall: Flask) -> None:
    printed = mall.test_cli_runner().invoke(args=["settings", "example"])
    assert printed.exit_code == 0, printed.output
    assert (ROOT / "instance" / "config.example.py").read_text() == printed.output


def test_every_setting_says_what_it_means() -> None:
    lines = (ROOT / "instance" / "config.example.py").read_text().splitlines()
    names = [at for at, line in enumerate(lines) if line.startswith("# ") and " = " in line]
    assert len(names) > 10
    assert all(lines[at - 1].startswith("# ") for at in names)
