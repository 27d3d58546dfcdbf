"""Sizes, places and forbidden things: the house's rules, read from the source tree."""

import ast
import re
import statistics
from pathlib import Path

import pytest

from tests.house.source import BEKAL, ROOMS, ROOT, calls, functions, imports, named, python_files, tree

PRODUCT = python_files("bekal", "simulators", "demo", "tools")
LONG_FILES: frozenset[str] = frozenset()
LONG_FUNCTIONS: frozenset[str] = frozenset()
WRITES = {"create", "bulk_create", "update", "bulk_update", "delete", "get_or_create", "update_or_create"}
WRITERS = {("core", "machine.py"), ("core", "events.py"), ("core", "marks.py")}
MONEY_ROOMS = ("ledger", "scholarships", "market", "incentives")


def test_files_are_short() -> None:
    lengths = {named(file): len(file.read_text().splitlines()) for file in PRODUCT}
    assert {name for name, lines in lengths.items() if lines > 400} == LONG_FILES
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 400


def test_functions_are_short() -> None:
    lengths = {f"{named(file)}:{name}": lines for file in PRODUCT for name, lines in functions(file)}
    assert {name for name, lines in lengths.items() if lines > 60} == LONG_FUNCTIONS
    assert statistics.median(lengths.values()) <= 12
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 40


def test_only_actions_write() -> None:
    """The clients of a table write through its room's actions; `core.machine` moves states for them."""
    faults = []
    for file in python_files("bekal"):
        inside = file.relative_to(BEKAL).parts
        if inside[1:2] in (("actions.py",), ("actions",)) or inside[:2] in WRITERS:
            continue
        for node, callee in calls(file):
            name = callee.rsplit(".", 1)[-1]
            if (name in WRITES and ".objects" in callee) or (name == "save" and not node.args):
                faults.append(f"{named(file)}:{node.lineno} {callee}")
    assert faults == []


def test_actions_call_nobody() -> None:
    """An action is a transaction; whoever calls another system inside one holds its locks while it waits."""
    callers = ("bekal.core.ports.open_port", "bekal.core.ports", "httpx", "socket", "bekal.outside")
    faults = [
        f"{named(file)}: {name}"
        for file in python_files("bekal")
        if file.name == "actions.py" or "actions" in file.parts
        for name in imports(file)
        if name.startswith(callers) and not name.endswith(("Busy", "port_config"))
    ]
    assert faults == []


def test_nobody_listens_to_signals() -> None:
    faults = [
        f"{named(file)}: {name}"
        for file in PRODUCT
        for name in imports(file)
        if name.startswith(("django.dispatch", "django.db.models.signals", "django.core.signals"))
    ]
    assert faults == []


def test_time_is_read_in_one_place() -> None:
    forbidden = re.compile(r"(datetime\.now|datetime\.utcnow|datetime\.today|date\.today|time\.time|timezone\.now)$")
    faults = [
        f"{named(file)}:{node.lineno} {callee}"
        for file in python_files("bekal")
        for node, callee in calls(file)
        if forbidden.search(callee) and named(file) != "bekal/core/clock.py"
    ]
    assert faults == []


def test_chance_comes_from_one_place() -> None:
    allowed = {
        "bekal/core/ids.py", "bekal/core/vault.py", "bekal/cli/postgres.py", "bekal/cli/installation.py",
        "bekal/outside/snap.py",
    }  # fmt: skip
    faults = [
        f"{named(file)}: {name}"
        for file in python_files("bekal")
        for name in imports(file)
        if name.split(".")[0] in ("random", "secrets") or name == "uuid.uuid4"
        if named(file) not in allowed
    ]
    assert faults == []


def test_no_programme_is_named_in_code() -> None:
    codes = [folder.name for folder in (ROOT / "programmes").iterdir()]
    faults = [f"{named(file)}: {code}" for file in python_files("bekal") for code in codes if code in file.read_text()]
    assert faults == []


@pytest.mark.parametrize("room", MONEY_ROOMS)
def test_money_knows_no_fractions(room: str) -> None:
    faults = []
    for file in python_files(f"bekal/{room}"):
        for node in ast.walk(tree(file)):
            fraction = isinstance(node, ast.Constant) and isinstance(node.value, float)
            named_fraction = isinstance(node, ast.Name) and node.id in ("float", "Decimal")
            if fraction or named_fraction or isinstance(node, ast.Div):
                faults.append(f"{named(file)}:{getattr(node, 'lineno', '?')}")
    assert faults == []


@pytest.mark.parametrize("room", [*ROOMS, "doors"])
def test_every_room_says_what_it_is(room: str) -> None:
    readme = BEKAL / room / "README.md"
    assert readme.exists()
    assert 4 <= len(readme.read_text().splitlines()) <= 80


def test_names_say_something() -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|managers?|services?|handlers?|base|common|misc)(_|$)")
    faults = [named(file) for file in PRODUCT if empty.search(file.stem)]
    assert faults == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")))
    faults = [named(file) for file in PRODUCT if marks.search(file.read_text())]
    assert faults == []


def test_links_in_the_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *BEKAL.rglob("*.md")]
    faults = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith(("http://", "https://", "mailto:")) and not (page.parent / target).exists():
                faults.append(f"{named(page)} -> {target}")
    assert faults == []


def test_every_setting_is_documented() -> None:
    settings = (BEKAL / "project" / "settings.py").read_text()
    known = set(re.findall(r'"(BEKAL_[A-Z_]+|DATABASE_URL)"', settings))
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert sorted(name for name in known if name not in documented) == []


def test_settings_are_one_short_file() -> None:
    assert [named(file) for file in BEKAL.rglob("settings*.py")] == ["bekal/project/settings.py"]
    assert len(Path(BEKAL / "project" / "settings.py").read_text().splitlines()) <= 250
