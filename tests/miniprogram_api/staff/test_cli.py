"""`flask staff …` as an operator types it."""

from flask import Flask

from .conftest import Door


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["staff", *words])
    return done.exit_code, done.output


def test_a_made_password_is_shown_once_and_works(app: Flask, door: Door) -> None:
    code, output = run(app, "add", "chen", "--role", "cashier", "--store", "S01")
    assert code == 0
    password = output.split()[-1]
    assert door.sign_in("chen", password).get_json()["staff"]["store"] == "S01"
    code, output = run(app, "password", "chen")
    assert code == 0
    assert door.sign_in("chen", password).status_code == 401
    assert door.sign_in("chen", output.split()[-1]).status_code == 201


def test_refusals_are_sentences(app: Flask) -> None:
    assert run(app, "leave", "nobody") == (1, "Error: 没有这位员工 · nobody works here as nobody\n")
    code, output = run(app, "add", "chen", "--role", "cashier", "--password", "short")
    assert code == 1
    assert "密码太弱" in output


def test_the_list_shows_roles_and_no_secrets(app: Flask, chen: str, wang: str) -> None:
    assert run(app, "role", "chen", "--role", "manager")[0] == 0
    code, output = run(app, "list", "--json")
    assert code == 0
    assert output.splitlines() == [
        '{"username": "chen", "name": "小陈", "role": "manager", "store": null, "second_factor": false}',
        '{"username": "wang", "name": "王老板", "role": "owner", "store": null, "second_factor": false}',
    ]
