"""What is read: `resolve` with its headers and redirects, Git LFS, model info and the tree."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, unquote

from .server import KIND, NAME, HubServer, error_reply, json_reply, route
from .state import file_facts, git_hash, is_lfs
from .wire import Reply, Request
from .xet import xet_headers


@route("GET|HEAD", rf"/{NAME}/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
def resolve(server: HubServer, request: Request, name: str, revision: str, file: str) -> Reply:
    if refusal := server.refusal(request, name, revision):
        return refusal
    commit = server.repos[name].at(unquote(revision))
    data, of_commit = commit.files.get(unquote(file)), {"X-Repo-Commit": commit.sha}
    if data is None:
        return error_reply(404, "EntryNotFound", "Entry not found", **of_commit)
    if not is_lfs(file):
        return Reply(200, data, of_commit | {"ETag": f'"{git_hash(data)}"'}, file=True)
    sha256 = hashlib.sha256(data).hexdigest()
    server.lfs[sha256] = data
    linked = {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data)), "Accept-Ranges": "bytes"}
    where = f"{server.cdn_url}/lfs/{sha256}?filename={quote(file)}&Signature=secret"
    return Reply(302, b"Found", of_commit | linked | xet_headers(server, name, sha256) | {"Location": where})


@route("GET|HEAD", r"/lfs/(?P<sha256>[0-9a-f]{64})", "cdn")
def blob(server: HubServer, request: Request, sha256: str) -> Reply:
    del request
    data = server.lfs.get(sha256)
    return Reply(404) if data is None else Reply(200, data, {"ETag": f'"{sha256}"'}, file=True)


@route("GET", rf"/api/{KIND}/{NAME}(/revision/(?P<revision>[^/]+))?")
def model_info(server: HubServer, request: Request, name: str, revision: str | None) -> Reply:
    if refusal := server.refusal(request, name, revision):
        return refusal
    repo = server.repos[name]
    commit = repo.at(unquote(revision or "main"))
    siblings = [{"rfilename": file} for file in sorted(commit.files)]
    facts = {"_id": name, "id": name, "modelId": name, "sha": commit.sha, "private": repo.private, "gated": repo.gated}
    facts["xetEnabled"] = server.xet_store is not None
    return json_reply({**facts, "tags": [], "downloads": 0, "likes": 0, "siblings": siblings})


@route("GET", rf"/api/{KIND}/{NAME}/tree/(?P<revision>[^/]+)/?")
def tree(server: HubServer, request: Request, name: str, revision: str) -> Reply:
    if refusal := server.refusal(request, name, revision):
        return refusal
    commit = server.repos[name].at(unquote(revision))
    return json_reply(
        [{"type": "file", "path": file, **file_facts(file, data)} for file, data in sorted(commit.files.items())]
    )
