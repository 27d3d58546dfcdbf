"""A lane for tests: its own process on its own durable database, and a client that asks it one thing at a time."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from bekal.doors.passes import JOIN_COOKIE, make_pass
from benchmarks.surging.world import WAVE, World

FAR = datetime(2090, 1, 1, tzinfo=UTC)
WAVE_KEY = bytes.fromhex(WAVE.replace("-", ""))
Answer = tuple[int, dict[str, str], bytes]


class Lane:
    """`port`: of a lane with room; `full`: of one where only those admitted before may stand in line."""

    def __init__(self, world: World) -> None:
        self.world, self.port, self.full = world, world.lane, world.small_lane
        self.site = f"http://localhost:{world.site}"

    def card(self, citizen: bytes, *, wave: bytes = WAVE_KEY, until: datetime = FAR, key: bytes = b"") -> str:
        return make_pass(key or self.world.join_key, citizen=citizen, wave=wave, until=until)

    def ask(
        self, card: str = "", *, method: str = "POST", path: str = "/saya/gelombang", body: bytes = b"", port: int = 0,
        **more: str,
    ) -> Answer:  # fmt: skip
        """One request; headers with `_` for `-`, "" leaves one out."""
        headers = {"Origin": self.site, "Cookie": f"bahasa=en; {JOIN_COOKIE}={card}"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        connection.request(method, path, body or None, {name: value for name, value in headers.items() if value})
        answer = connection.getresponse()
        said = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return said

    def receipt(self, card: str, **more: str) -> dict[str, Any]:
        status, _, body = self.ask(card, Accept="application/json", **more)
        assert status == 200, body
        return dict(json.loads(body))

    def raw(self, data: bytes) -> bytes:
        """What comes back for bytes, until the lane hangs up or says nothing for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as one:
            one.sendall(data)
            said = b""
            while True:
                try:
                    piece = one.recv(65_536)
                except TimeoutError:
                    return said
                if not piece:
                    return said
                said += piece

    def attempts(self, citizen: bytes) -> int:
        found = self.world.sql(f"SELECT attempts FROM waves_joining WHERE citizen_id = '{citizen.hex()}'::uuid")
        return int(found or 0)


@contextmanager
def running_lane(folder: Path) -> Iterator[Lane]:
    """Lanes that know the keys of this process."""
    kept = dict(os.environ)
    place = folder / "installation"
    place.mkdir()
    folder.chmod(0o711)
    (place / "master.key").write_text(settings.MASTER_KEY.hex())
    world = World(folder, small=0)
    try:
        world.begin(only_lanes=True)
        yield Lane(world)
    finally:
        world.end()
        os.environ.clear()
        os.environ.update(kept)
