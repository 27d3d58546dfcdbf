"""The outsider's programs, run as an outsider runs them: alone, in a process of their own, with files."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bekal.engines.merkle import Tree
from bekal.engines.merkle.seal import CHAIN_START, chain, seal_leaf
from tests.engines.test_credential import ISSUER, signed

TOOLS = Path(__file__).parents[2] / "tools"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


LEDGER, CERTIFICATE = load("verify_ledger"), load("verify_certificate")


def alone(tool: str, *arguments: Any, code: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a tool isolated from the repository: no path, no environment."""
    start = ["-c", code] if code else [str(TOOLS / f"{tool}.py")]
    command = [sys.executable, "-I", *start, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)


@pytest.mark.parametrize("name", ["verify_draw", "verify_ledger", "verify_certificate"])
def test_tools_import_nothing_of_ours(name: str) -> None:
    tree = ast.parse((TOOLS / f"{name}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    outside = {module.split(".")[0] for module in imported} - set(sys.stdlib_module_names)
    assert outside <= {"cryptography", "drand_verify", "numpy"}


def journal(sizes: tuple[int, ...] = (1, 6, 13)) -> dict[str, Any]:
    seals, proofs, previous, first = [], [], CHAIN_START, 1
    for number, size in enumerate(sizes, start=1):
        leaves = [
            {
                "key": f"{first + i:012d}",
                "debit": "fund",
                "credit": f"citizen/{i}",
                "amount": 1000 + i,
                "code": "hibah £",
                "phase": "posted",
                "reference": '"q"\n',
                "at": "2023-01-01T00:00:00Z",
            }
            for i in range(size)
        ]
        salts = [bytes([number, i]) * 16 for i in range(size)]
        tree = Tree([seal_leaf(leaf, salt) for leaf, salt in zip(leaves, salts, strict=True)])
        chained = chain(previous, tree.root, size)
        seals.append(
            {
                "number": number,
                "first": first,
                "last": first + size - 1,
                "size": size,
                "root": tree.root.hex(),
                "previous": previous.hex(),
                "chain": chained.hex(),
                "at": f"2023-01-{number:02d}T00:00:00Z",
            }
        )
        proofs += [
            {"seal": number, "index": i, "leaf": leaf, "salt": salt.hex(), "path": [n.hex() for n in tree.path(i)]}
            for i, (leaf, salt) in enumerate(zip(leaves, salts, strict=True))
        ]
        previous, first = chained, first + size
    return {"seals": seals, "proofs": proofs}


def test_ledger_is_good(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    path.write_text(json.dumps(journal()))
    ran = alone("verify_ledger", path, "--json")
    assert ran.returncode == 0
    assert len(json.loads(ran.stdout)["checks"]) == 3 + 20 + 1


JOURNAL_CHANGES: list[tuple[str, int, str, Any]] = [
    ("seals", 1, "size", 7),
    ("seals", 1, "root", "00" * 32),
    ("seals", 1, "previous", "00" * 32),
    ("seals", 1, "chain", "00" * 32),
    ("seals", 1, "number", 5),
    ("seals", 1, "at", "2022-01-01T00:00:00Z"),
    ("seals", 1, "size", 0),
    ("seals", 1, "first", 1),
    ("seals", 1, "last", 1),
    ("seals", 1, "extra", 1),
    ("proofs", 3, "index", 1),
    ("proofs", 3, "index", 99),
    ("proofs", 3, "seal", 9),
    ("proofs", 3, "salt", "00"),
    ("proofs", 3, "path", []),
    ("proofs", 3, "path", ["00" * 32] * 9),
    ("proofs", 3, "leaf", {"key": "1"}),
    ("proofs", 3, "extra", 1),
    ("proofs", 3, "leaf", None),
]


@pytest.mark.parametrize("change", JOURNAL_CHANGES, ids=str)
def test_ledger_finds_changes(
    change: tuple[str, int, str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    side, place, name, value = change
    changed = journal()
    changed[side][place][name] = value
    path = tmp_path / "journal.json"
    path.write_text(json.dumps(changed))
    assert LEDGER.main([str(path)]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_ledger_runs_may_be_left_out() -> None:
    plain = journal()
    for seal in plain["seals"]:
        del seal["first"], seal["last"]
    assert all(line["ok"] for line in LEDGER.run(plain))


def test_ledger_finds_one_changed_rupiah_and_a_missing_seal() -> None:
    changed = journal()
    changed["proofs"][4]["leaf"]["amount"] += 1
    assert [line["check"] for line in LEDGER.run(changed) if not line["ok"]] == ["proof 5"]
    changed = journal()
    del changed["seals"][1]
    assert not all(line["ok"] for line in LEDGER.run(changed))
    assert not all(line["ok"] for line in LEDGER.run({**journal(), "extra": []}))


def test_certificate_is_good(tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(signed()))
    ran = alone("verify_certificate", path, "--issuer", ISSUER)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["good"] * 4


def _changes() -> list[dict[str, Any]]:
    good = signed()
    subject = {**good["credentialSubject"], "id": "urn:uuid:0"}
    return [
        {**good, "credentialSubject": subject},
        {**good, "validFrom": "2020-06-01T00:00:00Z"},
        {**good, "type": ["VerifiableCredential"]},
        {**good, "@context": []},
        {**good, "issuer": "did:web:example.org"},
        {**good, "extra": 1.5},
        {**good, "proof": {**good["proof"], "created": "2023-06-02T00:00:00Z"}},
        {**good, "proof": {**good["proof"], "proofValue": "z1"}},
        {**good, "proof": None},
        {},
    ]


@pytest.mark.parametrize("changed", _changes())
def test_certificate_finds_changes(changed: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(changed))
    assert CERTIFICATE.main([str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["exit"] == 1


def test_certificate_of_another_issuer() -> None:
    assert not all(line["ok"] for line in CERTIFICATE.run(signed(), "did:key:z6Mk"))
