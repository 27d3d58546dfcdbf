"""`bekal draw`: the draw itself, and the check of what was published (docs/draw.md §4-§8, §10)."""

import argparse
import fcntl
import hashlib
import json
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import rfc8785

from bekal.cli.trouble import Trouble
from bekal.engines.draw.annulment import verify_annulment
from bekal.engines.draw.beacon import CHAINS, BeaconLied, BeaconRound, Chain
from bekal.engines.draw.bundle import (
    MALFORMED,
    REFUSALS,
    check_chain,
    differences,
    encode_bundle,
    make_bundle,
    recommit,
    verify_bundle,
)
from bekal.engines.draw.commitment import (
    CommitmentRefused,
    check_signatures,
    commitment_hash,
    places_in_order,
    strata_rows,
)
from bekal.engines.draw.cut import Spread, one_process
from bekal.engines.draw.result import select
from bekal.engines.draw.roll import Roll, decode_roll
from bekal.engines.draw.source import Secrets, Shown, read_source
from bekal.engines.draw.spread import SpreadFailed, processes, spark

PUBLISHED = {"commitment", "operators", "witnesses", "signatures", "strata"}
BUNDLE, RESULT = "bundle.json", "result.bin"

Json = dict[str, Any]


def add_commands(draw: Any) -> None:
    """`draw run` and `draw verify` below `draw`, a set of subparsers."""
    run = draw.add_parser("run", help="draw a committed roll; writes bundle.json and result.bin")
    for name, text in (
        ("roll", "the frozen roll"),
        ("commitment", "what was published: {commitment, operators, witnesses, signatures, strata}"),
        ("beacon", "the round as a drand relay gives it, or {secrets: {name: hex}} of a ceremony"),
        ("out", "folder for bundle.json and result.bin"),
    ):
        run.add_argument(f"--{name}", type=Path, required=True, metavar=name.upper(), help=text)
    workers = _shared(run)
    workers.add_argument("--spark", metavar="MASTER_URL", help="draw on a Spark cluster, spark://host:port")
    run.set_defaults(run=_run)

    verify = draw.add_parser("verify", help="check a published draw: bundle and roll, or annulment and commitment")
    verify.add_argument("bundle", type=Path, help="bundle, or annulment")
    verify.add_argument("roll", type=Path, help="roll; for an annulment its commitment as published, or the bundle")
    verify.add_argument("--result", type=Path, help="the result file, compared too")
    verify.add_argument("--keys", type=Path, help="keys as the parties publish them: {operators, witnesses, parties}")
    verify.add_argument("--round", type=Path, help="the round as anyone fetched it from drand")
    verify.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    _shared(verify)
    verify.set_defaults(run=_verify)


def _shared(command: argparse.ArgumentParser) -> Any:
    command.add_argument("--chain", type=Path, help="trust one more drand chain (a rehearsal's)")
    workers = command.add_mutually_exclusive_group()
    workers.add_argument("--processes", type=_count, default=1, metavar="N", help="processes of this machine")
    return workers


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1024")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    _refuse_finished(options.out)
    published, chains = _published(options.commitment), _chains(options.chain)
    with _named(options.roll):
        roll = decode_roll(_mapped(options.roll))
    with _named(options.commitment):
        doc, places = published["commitment"], _committed_places(published, roll, chains)
    with _named(options.beacon):
        shown = _shown(_json(options.beacon))
        randomness = read_source(doc["source"]).randomness(commitment_hash(doc), shown)
    with _spread(options) as spread, _claimed(options.out):
        result = select(roll=roll, commitment=doc, places=places, randomness=randomness, spread=spread)
        parties = {name: published[name] for name in ("operators", "witnesses", "signatures")}
        bundle = make_bundle(commitment=doc, **parties, shown=shown, result=result)
        _publish(options.out, {RESULT: result.pieces(), BUNDLE: [encode_bundle(bundle)]})
    said = bundle["result"]
    print(f"{said['winners']} winners, {said['waiting']} waiting, root {said['root']}: {options.out / BUNDLE}")
    return 0


def _published(file: Path) -> Json:
    published = _json(file)
    if published.keys() != PUBLISHED:
        raise Trouble(f"{file} must have exactly the members {', '.join(sorted(PUBLISHED))}.")
    return published


def _committed_places(published: Json, roll: Roll, chains: Mapping[str, Chain]) -> list[int]:
    """Places of each stratum of the roll. Raises what the engine raises for a commitment that does not hold."""
    doc, strata = published["commitment"], published["strata"]
    places = places_in_order(roll, {(row["region"], row["group"]): row["places"] for row in strata})
    own: list[Any] = strata_rows(roll, places)
    if rfc8785.dumps(own) != rfc8785.dumps(strata):
        raise CommitmentRefused("its strata are not those of the roll, in the same order")
    changed = differences(recommit(doc, roll, strata), doc)
    if changed:
        raise CommitmentRefused(f"the commitment does not follow from the roll: {', '.join(changed)}")
    for strange in check_chain(doc, chains):
        raise CommitmentRefused(strange)
    check_signatures(doc, published["operators"], published["witnesses"], published["signatures"])
    return places


def _shown(said: Json) -> Shown:
    """Secrets, or a round under our names or those of drand's relays, whose newer ones leave the randomness out."""
    if "secrets" in said:
        return Secrets(**said)
    members = {"number" if name == "round" else name: value for name, value in said.items()}
    if "randomness" not in members:
        members["randomness"] = hashlib.sha256(bytes.fromhex(members["signature"])).hexdigest()
    texts = [value for name, value in members.items() if name != "number"]
    if type(members.get("number")) is not int or not all(isinstance(text, str) for text in texts):
        raise BeaconLied("this is no round of drand and no secrets of a ceremony")
    return BeaconRound(**members)


def _chains(file: Path | None) -> Mapping[str, Chain]:
    if file is None:
        return CHAINS
    with _named(file):
        return {**CHAINS, "told to trust": Chain(**_json(file))}


def _keys(file: Path | None) -> Json:
    keys = {} if file is None else _json(file)
    if not all(isinstance(named, dict) for named in keys.values()):
        raise Trouble(f"{file} must be {{operators, witnesses, parties: {{name: key}}}}.")
    return keys


@contextmanager
def _spread(options: argparse.Namespace) -> Iterator[Spread]:
    try:
        if vars(options).get("spark"):
            with spark(options.spark) as spread:
                yield spread
        elif options.processes > 1:
            with processes(options.processes) as spread:
                yield spread
        else:
            yield one_process
    except SpreadFailed as failure:
        raise Trouble(f"Nothing was drawn: {failure}.") from failure


def _refuse_finished(folder: Path) -> None:
    if os.path.lexists(folder / BUNDLE):
        raise Trouble(f"{folder} holds a finished draw: nothing was changed.")


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """The folder is ours alone until the end."""
    with ExitStack() as stack:
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Trouble(f"Another draw is being written to {folder}; wait for its end.") from error
        _refuse_finished(folder)
        yield


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Trouble(f"{folder} cannot be written: {error.strerror}; no result was published.") from error


def _publish(folder: Path, files: Mapping[str, Iterable[bytes]]) -> None:
    """Writes files whole or not at all, in order; the last one is the mark that the draw is finished."""
    with _writing(folder), ExitStack() as undo:
        for name, pieces in files.items():
            part = folder / f"{name}.part"
            undo.callback(part.unlink, missing_ok=True)
            undo.callback((folder / name).unlink, missing_ok=True)
            with part.open("wb") as out:
                out.writelines(pieces)
                out.flush()
                os.fsync(out.fileno())
            part.replace(folder / name)
            _sync(folder)
        undo.pop_all()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _verify(options: argparse.Namespace) -> int:
    said = _json(options.bundle)
    keys, chains = _keys(options.keys), _chains(options.chain)
    trusted = {role: keys.get(role) for role in ("operators", "witnesses")}
    if "annulment" in said:
        problems, what = _annulment_problems(said, options, trusted, chains), "annulment"
    else:
        result = _mapped(options.result) if options.result else None
        with _spread(options) as spread:
            problems = verify_bundle(
                said, _mapped(options.roll), result_file=result, **trusted, chains=chains, spread=spread
            )
        problems += [] if problems else _strange_facts(said, options, keys.get("parties"))
        what = "draw"
    verdict = f"the {what} does not hold" if problems else f"the {what} holds: every step follows from the files"
    if options.json:
        print(json.dumps({"exit": int(bool(problems)), "problems": problems}, ensure_ascii=False))
    else:
        print("\n".join([*(f"problem: {problem}" for problem in problems), verdict]))
    return 1 if problems else 0


def _strange_facts(bundle: Json, options: argparse.Namespace, parties: Any) -> list[str]:
    """What a good bundle has otherwise than the world outside: the round, the keys of a ceremony's parties."""
    problems = []
    if options.round:
        with _named(options.round):
            if bundle["beacon"] != vars(_shown(_json(options.round))):
                problems.append("the round is not the one you fetched")
    named = bundle["commitment"]["source"].get("parties", [])
    if parties is not None:
        strange = [party["name"] for party in named if parties.get(party["name"]) != party["public_key"]]
        problems += [f"parties {name}: not the published key" for name in strange]
    return problems


def _annulment_problems(
    said: Json, options: argparse.Namespace, trusted: Json, chains: Mapping[str, Chain]
) -> list[str]:
    """An annulment against its commitment as published, or against the bundle of the draw it ends."""
    ended = _json(options.roll)
    with _named(options.roll):
        commitment, bundle = ended["commitment"], ended if "result" in ended else None
        signed = (ended["operators"], ended["witnesses"], ended["signatures"])
        shown = _shown(bundle["beacon"]) if bundle else None
    if options.round:
        with _named(options.round):
            shown = _shown(_json(options.round))
    return verify_annulment(said, commitment, bundle=bundle, shown=shown, signed=signed, **trusted, chains=chains)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """A refusal inside is one sentence that begins with the file."""
    try:
        yield
    except REFUSALS as refusal:
        raise Trouble(f"{file}: {refusal}.") from refusal
    except MALFORMED as error:
        raise Trouble(f"{file} is malformed: {type(error).__name__} {error}.") from error


def _json(file: Path) -> Json:
    try:
        said = json.loads(file.read_bytes())
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise Trouble(f"{file} is not JSON: {error}.") from error
    if not isinstance(said, dict):
        raise Trouble(f"{file} must be a JSON object.")
    return said


def _mapped(file: Path) -> memoryview:
    """A file as memory that the system reads when it is needed."""
    try:
        with file.open("rb") as opened:
            whole = os.fstat(opened.fileno()).st_size
            return memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) if whole else b"")
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}.") from error
