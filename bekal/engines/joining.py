"""Receipts of joining a wave: one Ed25519 signature over a group of people, an audit path for each (docs/joining.md).

leaf = SHA-256(0x00 || RFC 8785 JSON of {format, joined_at, ticket_id, wave}); the tree is that of RFC 9162 §2.1;
signed is the RFC 8785 JSON of {format, root, size}.
"""

import re
from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bekal.engines.merkle import HASH_SIZE, Tree, leaf_hash, root_from_path

FORMAT = "bekal-join-receipt/1"
GROUP_FORMAT = "bekal-join-group/1"
MEMBERS = {"format", "joined_at", "ticket_id", "wave", "index", "size", "path", "signature"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TICKET = re.compile(r"[0-9a-f]{32}")
WAVE = re.compile(r"[a-z0-9-]{1,40}/[1-9][0-9]{0,8}")


def joined_leaf(*, wave: str, ticket_id: str, joined_at: str) -> bytes:
    """Leaf data of one person who joined: `wave` "code/number", `ticket_id` 32 hex digits, `joined_at` whole seconds.

    The same bytes as RFC 8785 gives, which for such plain texts needs no escaping.
    """
    return f'{{"format":"{FORMAT}","joined_at":"{joined_at}","ticket_id":"{ticket_id}","wave":"{wave}"}}'.encode()


def sign_group(leaves: Sequence[bytes], key: Ed25519PrivateKey) -> list[bytes]:
    """The receipts (JSON) of the people behind `leaves`, in their order, under one signature."""
    tree = Tree([leaf_hash(leaf) for leaf in leaves])
    paths = tree.paths()
    signature = b2a_base64(key.sign(_signed(tree.root, tree.size)), newline=False)
    return [
        b'%b,"index":%d,"size":%d,"path":"%b","signature":"%b"}'
        % (leaf[:-1], index, tree.size, b2a_base64(paths[index], newline=False), signature)
        for index, leaf in enumerate(leaves)
    ]


def verify_join_receipt(receipt: Mapping[str, Any], public_key: str) -> list[str]:
    """What is wrong with a receipt under the published key (64 hex digits); empty when it holds. Never raises."""
    try:
        return _problems(receipt, public_key)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return [f"{type(error).__name__}: {error}"]


def _problems(receipt: Mapping[str, Any], public_key: str) -> list[str]:
    texts = {name: receipt[name] for name in ("wave", "ticket_id", "joined_at")}
    index, size = receipt["index"], receipt["size"]
    if set(receipt) != MEMBERS or receipt["format"] != FORMAT or type(index) is not int or type(size) is not int:
        return ["not a receipt of version 1"]
    forms = {"wave": WAVE, "ticket_id": TICKET, "joined_at": INSTANT}
    wrong = [name for name, form in forms.items() if not form.fullmatch(texts[name])]
    if wrong:
        return [f"{name} is not written as a receipt writes it" for name in wrong]
    packed = b64decode(receipt["path"], validate=True)
    path = [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)]
    root = root_from_path(leaf_hash(joined_leaf(**texts)), index, size, path)
    if root is None or len(packed) % HASH_SIZE:
        return ["the path does not belong to this place in the group"]
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(b64decode(receipt["signature"], validate=True), _signed(root, size))
    except InvalidSignature:
        return ["the signature is wrong"]
    return []


def _signed(root: bytes, size: int) -> bytes:
    return rfc8785.dumps({"format": GROUP_FORMAT, "root": root.hex(), "size": size})
