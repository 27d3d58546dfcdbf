"""Reading the source tree, for the house's own rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BEKAL = ROOT / "bekal"
ROOMS = tuple(
    sorted(
        folder.name
        for folder in BEKAL.iterdir()
        if (folder / "__init__.py").exists() and folder.name not in ("project", "doors")
    )
)


def python_files(*folders: str) -> list[Path]:
    """Every module under the folders (of the repository), migrations apart."""
    return sorted(
        file
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        if "migrations" not in file.parts and ".venv" not in file.parts
    )


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def calls(file: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call of a module with its callee as written, such as `Wave.objects.create`."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def imports(file: Path) -> Iterator[str]:
    """Every imported name, dotted."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Name and physical lines of every function."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            yield node.name, node.end_lineno - node.lineno + 1
