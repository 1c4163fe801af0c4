"""The xet path: tokens for a store in a folder, `local://`, which the client's engine reads and writes by itself.

The server learns of a file's content as the Hub does, by its SHA-256, from the shards that the engine leaves there.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .server import NAME, HubServer, json_reply, route
from .wire import Reply, Request

_RECORD = 48  # bytes, of all that a shard has
_VERIFIED, _WITH_SHA256 = 1 << 31, 1 << 30
_END = b"\xff" * 32


@route("GET", rf"/api/models/{NAME}/xet-(?P<kind>read|write)-token/(?P<revision>[^/]+)")
def xet_token(server: HubServer, request: Request, name: str, kind: str, revision: str) -> Reply:
    del revision
    if refusal := server.write_refusal(request, name) if kind == "write" else server.refusal(request, name):
        return refusal
    expires, where = int(time.time()) + 3600, f"local://{server.xet_store}"
    reply = json_reply({"accessToken": "xet", "exp": expires, "casUrl": where})
    headers = {"X-Xet-Access-Token": "xet", "X-Xet-Token-Expiration": str(expires), "X-Xet-Cas-Url": where}
    return Reply(200, reply.body, {**reply.headers, **headers})


def xet_headers(server: HubServer, name: str, sha256: str) -> dict[str, str]:
    """What a file's headers tell of xet; nothing where it is not kept so."""
    found = find_xet_hash(server.xet_store, sha256) if server.xet_store else None
    route = f"{server.url}/api/models/{name}/xet-read-token/main"
    return {"X-Xet-Hash": found[0], "X-Xet-Refresh-Route": route} if found else {}


def find_xet_hash(store: Path, sha256: str) -> tuple[str, int] | None:
    """The engine's own hash, and the size, of a file with this SHA-256."""
    found = (files for path in store.glob("xet/xorbs/shards/*.mdb") for files in _read_shard(path.read_bytes()))
    return next(((xet_hash, size) for xet_hash, size, its in found if its == sha256), None)


def _read_shard(data: bytes) -> Iterator[tuple[str, int, str]]:
    """Each file's xet hash, size, and SHA-256."""
    at = _RECORD
    while data[at : at + 32] != _END:
        flags, entries = struct.unpack_from("<II", data, at + 32)
        size = sum(struct.unpack_from("<I", data, at + _RECORD * (1 + i) + 36)[0] for i in range(entries))
        xet_hash = _hex(data[at : at + 32])
        at += _RECORD * (1 + entries * (2 if flags & _VERIFIED else 1))
        if flags & _WITH_SHA256:
            yield xet_hash, size, _hex(data[at : at + 32])
            at += _RECORD


def _hex(digest: bytes) -> str:
    return "".join(digest[i : i + 8][::-1].hex() for i in range(0, 32, 8))


def read_from_store(store: Path, sha256: str) -> bytes | None:
    """The content of a file with this SHA-256."""
    found = find_xet_hash(store, sha256)
    if found is None:
        return None
    from hf_xet import XetFileInfo, XetSession

    with tempfile.TemporaryDirectory() as folder:
        # A copy, since the engine of the process that is publishing holds the store's lock.
        copy, to = Path(folder) / "store", Path(folder) / "file"
        shutil.copytree(store, copy)
        with XetSession().new_file_download_group(endpoint=f"local://{copy}") as group:
            group.start_download_file(XetFileInfo(*found), str(to))
        return to.read_bytes()
