"""What is written: repositories, branches, Git LFS in two steps, and commits upon a head."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
from typing import Any
from urllib.parse import unquote

import yaml

from .server import KIND, NAME, HubServer, error_reply, json_reply, route
from .state import Repo, git_hash, is_lfs
from .wire import Reply, Request
from .xet import read_from_store

FIRST_FILES = {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"}
MOST_BYTES = 50_000_000


@route("POST", r"/api/repos/create")
def create(server: HubServer, request: Request) -> Reply:
    asked = json.loads(request.body)
    name = f"{asked['organization']}/{asked['name']}"
    if refusal := server.write_refusal(request, name):
        return refusal
    reply = {"url": f"{server.url}/{name}", "name": name, "id": name}
    with server.lock:
        if name in server.repos:
            return json_reply({"error": "You already created this model repo", **reply}, 409)
        private = asked.get("visibility") == "private" or asked.get("private") is True
        server.repos[name] = Repo(name, private=private)
        server.repos[name].commit(FIRST_FILES, title="initial commit")
    return json_reply(reply)


@route("POST", rf"/api/{KIND}/{NAME}/branch/(?P<branch>[^/]+)")
def make_branch(server: HubServer, request: Request, name: str, branch: str) -> Reply:
    if refusal := server.write_refusal(request, name):
        return refusal
    refs = server.repos[name].refs
    if unquote(branch) in refs:
        return error_reply(409, "", "Reference already exists")
    refs[unquote(branch)] = refs["main"]
    return json_reply({})


@route("POST", r"/api/validate-yaml")
def validate(server: HubServer, request: Request) -> Reply:
    del server
    text = json.loads(request.body)["content"].split("---\n")
    try:
        fields = yaml.safe_load(text[1])
    except yaml.YAMLError:
        return json_reply({"errors": [{"message": "Invalid YAML"}], "warnings": []}, 400)
    if fields["license"] == "unheard-of":
        return json_reply({"errors": [{"message": '"license" must be one of ...'}], "warnings": []}, 400)
    return json_reply({"errors": [], "warnings": []})


@route("POST", rf"/api/{KIND}/{NAME}/preupload/(?P<revision>[^/]+)")
def preupload(server: HubServer, request: Request, name: str, revision: str) -> Reply:
    if refusal := server.write_refusal(request, name) or server.refusal(request, name, revision):
        return refusal
    commit = server.repos[name].at(unquote(revision))
    ignored = commit.files.get(".gitignore", b"").decode().split()
    files = []
    for file in json.loads(request.body)["files"]:
        path, lfs = file["path"], is_lfs(file["path"])
        facts: dict[str, Any] = {"path": path, "uploadMode": "lfs" if lfs else "regular"}
        facts["shouldIgnore"] = any(fnmatch.fnmatch(path, pattern) for pattern in ignored)
        if path in commit.files:
            data = commit.files[path]
            facts["oid"] = hashlib.sha256(data).hexdigest() if lfs else git_hash(data)
        files.append(facts)
    return json_reply({"files": files})


@route("POST", rf"/(?:spaces/)?{NAME}\.git/info/lfs/objects/batch")
def batch(server: HubServer, request: Request, name: str) -> Reply:
    if refusal := server.write_refusal(request, name):
        return refusal
    objects: list[dict[str, Any]] = []
    for asked in json.loads(request.body)["objects"]:
        facts: dict[str, Any] = {"oid": asked["oid"], "size": asked["size"]}
        if asked["size"] > MOST_BYTES:
            facts["error"] = {"code": 413, "message": "Too large"}
        elif asked["oid"] not in server.lfs:
            facts["actions"] = {
                "upload": {"href": f"{server.cdn_url}/upload/{asked['oid']}?Signature=secret"},
                "verify": {"href": f"{server.url}/api/models/{name}/verify"},
            }
        objects.append(facts)
    return json_reply({"transfer": "basic", "objects": objects})


@route("PUT", r"/upload/(?P<sha256>[0-9a-f]{64})", "cdn")
def upload(server: HubServer, request: Request, sha256: str) -> Reply:
    server.uploads[sha256] = request.body
    return Reply(200, b"stored")


@route("POST", rf"/api/{KIND}/{NAME}/verify")
def verify(server: HubServer, request: Request, name: str) -> Reply:
    if refusal := server.write_refusal(request, name):
        return refusal
    asked = json.loads(request.body)
    data = server.uploads.pop(asked["oid"], b"")
    if len(data) != asked["size"] or hashlib.sha256(data).hexdigest() != asked["oid"]:
        return error_reply(422, "", "The object is not what it was said to be")
    server.lfs[asked["oid"]] = data
    return json_reply({})


@route("POST", rf"/api/{KIND}/{NAME}/commit/(?P<revision>[^/]+)")
def commit(server: HubServer, request: Request, name: str, revision: str) -> Reply:
    if refusal := server.write_refusal(request, name):
        return refusal
    repo, branch = server.repos[name], unquote(revision)
    lines = [json.loads(line) for line in request.body.splitlines()]
    header = lines[0]["value"]
    with server.lock:
        if branch not in repo.refs:
            return error_reply(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if header.get("parentCommit", repo.refs[branch]) != repo.refs[branch]:
            return error_reply(412, "", "A commit has happened since. Please refresh and try again.")
        files = dict(repo.commits[repo.refs[branch]].files)
        for line in lines[1:]:
            if refusal := _apply(server, files, line["key"], line["value"]):
                return refusal
        sha = repo.commit(files, branch, header["summary"])
    return json_reply({"success": True, "commitOid": sha, "commitUrl": f"{server.url}/{name}/commit/{sha}"})


def _apply(server: HubServer, files: dict[str, bytes], key: str, value: dict[str, Any]) -> Reply | None:
    path = value["path"]
    if key == "file":
        files[path] = base64.b64decode(value["content"])
    elif key == "deletedFile" and path in files:
        del files[path]
    elif key == "lfsFile" and (data := _stored(server, value["oid"])) is not None:
        files[path] = data
    else:
        return error_reply(400, "", f"{key} {path} cannot be committed")
    return None


def _stored(server: HubServer, sha256: str) -> bytes | None:
    if sha256 not in server.lfs and server.xet_store:
        return read_from_store(server.xet_store, sha256)
    return server.lfs.get(sha256)
