"""Demo data: each feature brings its own, in the order in which they joined.

A feature joins from `app.py` with `register("商品 · rewards", seed)`. A seed calls the same services
that the shop calls. It runs at every start, so it looks at what is there first: a reference chosen
by its cause, or a question to the database, makes the second run write nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn


@dataclass(frozen=True)
class SignIn:
    """Somebody who can sign in to the demo."""

    username: str
    password: str
    role: str

    def as_json(self) -> dict[str, str]:
        """As `demo.json` shows it."""
        return asdict(self)


class Seeding:
    """What a seed tells while it runs: how far it is, and who can sign in."""

    def __init__(self, progress: Progress, name: str, sign_ins: list[SignIn]) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None)
        self._sign_ins = sign_ins

    def expect(self, steps: int) -> None:
        """Say how many steps there are."""
        self._progress.update(self._task, total=steps)

    def advance(self, steps: int = 1) -> None:
        """Say that some steps are done."""
        self._progress.advance(self._task, steps)

    def sign_in(self, username: str, password: str, role: str) -> None:
        """Show on the panel and in `demo.json` that this person can sign in."""
        self._sign_ins.append(SignIn(username, password, role))

    def finish(self) -> None:
        """Show the seed as done, however many steps it told."""
        task = self._progress.tasks[self._task]
        done = max(1, int(task.completed))
        self._progress.update(self._task, total=done, completed=done)


Seed = Callable[[Seeding], None]
_seeds: dict[str, Seed] = {}
_people: dict[str, str] = {}


def register(name: str, seed: Seed) -> None:
    """Join the demo data; the same name again takes the place of the first."""
    _seeds[name] = seed


def introduce(people: Mapping[str, str]) -> None:
    """Tell whose phone a newcomer may pick up: openid of a demo shopper to a friendly name."""
    _people.update(people)


def people() -> dict[str, str]:
    """The demo shoppers whom the simulator's login screen lists."""
    return dict(_people)


def run(console: Console) -> list[SignIn]:
    """Run every seed in an application context, with a bar for each; gives who can sign in."""
    sign_ins: list[SignIn] = []
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        for name, seed in _seeds.items():
            seeding = Seeding(progress, name, sign_ins)
            seed(seeding)
            seeding.finish()
    return sign_ins
