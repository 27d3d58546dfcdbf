"""Kept connections against a server that misbehaves as no library's would."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bekal.outside.lines import Lines, read
from bekal.outside.wire import Answer, BadAnswer, Unreachable
from tests.apart import run_apart

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *, head: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def asked(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


def talk(serve: Serve, script: Callable[[Lines], Awaitable[Any]], **config: str) -> Any:
    async def everything() -> Any:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        lines = Lines({"url": f"http://127.0.0.1:{port}/v1", "timeout_seconds": "0.5"} | config)
        try:
            return await script(lines)
        finally:
            lines.close()
            server.close()

    return run_apart(everything())


def named(wanted: str) -> Callable[[Answer], bool]:
    return lambda told: told.record().get("ref") == wanted


async def post(lines: Lines, ref: str, *, alone: bool = False) -> tuple[dict[str, Any], bool]:
    told, used = await lines.post("/pay", {}, json.dumps({"ref": ref}).encode(), trusts=None if alone else named(ref))
    return told.record(), used


def test_a_line_is_kept_for_the_next_question() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            writer.write(answer(await asked(reader)))

    async def script(lines: Lines) -> Any:
        return [
            await post(lines, "a"),
            await post(lines, "b"),
            await post(lines, "c", alone=True),
            await post(lines, "d"),
        ]

    assert talk(serve, script) == [
        ({"ref": "a"}, False),
        ({"ref": "b"}, True),
        ({"ref": "c"}, False),
        ({"ref": "d"}, True),
    ]


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_a_second_answer_is_never_the_next_questions(pause: float) -> None:
    """At once it comes with the first answer; later it comes while the line rests, or while the next one waits."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await asked(reader)
        writer.write(answer(body))
        await asyncio.sleep(pause)
        writer.write(answer(body))
        await asked(reader)
        writer.write(answer(b'{"ref": "too late"}'))

    async def script(lines: Lines) -> Any:
        first = await post(lines, "a")
        await asyncio.sleep(0.1)
        return [first, await post(lines, "b")]

    assert talk(serve, script) == [({"ref": "a"}, False), ({"ref": "b"}, False)]


def test_anothers_answer_is_seen_as_such_and_ends_the_line() -> None:
    """The copy comes just after the next question left: the caller sees that the line was used before."""
    lines_seen: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines_seen.append(1)
        first = await asked(reader)
        writer.write(answer(first))
        await asked(reader)
        writer.write(answer(first))
        await asyncio.sleep(0.05)

    async def script(lines: Lines) -> Any:
        await post(lines, "a")
        wrong = await post(lines, "b")
        await post(lines, "c")
        return wrong

    assert talk(serve, script) == ({"ref": "a"}, True)
    assert len(lines_seen) == 2


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n\r\n{}", b"HTTP/1.1 204 No\r\n\r\n", b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", b"x" * 40_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 1_200_000,
    ],
)  # fmt: skip
def test_what_is_no_plain_answer_is_none(said: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(said)
        await asyncio.sleep(1)

    with pytest.raises(BadAnswer):
        talk(serve, lambda lines: post(lines, "a"))


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"])
def test_silence_and_half_an_answer_are_no_answer(said: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(said)
        writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        await asyncio.sleep(1)

    for way in (serve, silent):
        with pytest.raises(Unreachable) as lost:
            talk(way, lambda lines: post(lines, "a"))
        assert lost.value.sent


def test_nobody_there_means_nothing_left() -> None:
    async def script() -> None:
        await Lines({"url": "http://127.0.0.1:1/v1"}).post("/pay", {}, b"{}", trusts=None)

    with pytest.raises(Unreachable) as lost:
        run_apart(script())
    assert not lost.value.sent


def test_chunks_and_pieces_are_put_together() -> None:
    whole = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4;x=y\r\n": 1\r\n1\r\n}\r\n0\r\n\r\n'
    for cut in range(len(whole)):
        assert read(bytearray(whole[:cut])) is None
    found = read(bytearray(whole))
    assert found
    assert (found[0].record(), found[1], found[2]) == ({"a": 1}, len(whole), True)
    closing = read(bytearray(answer(b"{}", head=b"Connection: close\r\nRetry-After: 7\r\n")))
    assert closing
    assert (closing[0].retry_after, closing[2]) == (7.0, False)
