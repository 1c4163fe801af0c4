"""Publishing by a process of its own: what lies on the Hub afterwards, and what the user is told."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

import genzoo
from genzoo.checkpoint.folder import sign
from genzoo.checkpoint.layout import GOLDEN
from genzoo.checkpoint.manifest import weights_home
from genzoo.playground.models import find_models
from genzoo.playground.site import Site
from genzoo.release.card import check_card

from .hub_process import contents, environment, install
from .hub_server import READ_TOKEN, TOKEN, HubServer, writing
from .publish_process import Publisher, shows_token

GAN, VAE = "mlpgan-mnist-z100-l4-leaky", "mlpvae-mnist-z2-l1"
SENT = {
    *("README.md", "config.json", "model.safetensors", "generator.onnx", "encoder.onnx", "golden.safetensors"),
    *("history.jsonl", "samples.png", "progress.png", "losses.png", "SHA256SUMS"),
}
PLAIN = {"HF_HUB_DISABLE_XET": "1"}


@pytest.fixture(scope="module")
def server() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture(scope="module")
def publish(server: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with Publisher(server, tmp_path_factory.mktemp("publisher"), **PLAIN) as publisher:
        yield publisher


@pytest.fixture
def hub(server: HubServer) -> HubServer:
    """The server, with nothing on it."""
    for kept in (server.repos, server.lfs, server.uploads, server.faults, server.log):
        kept.clear()
    return server


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A finished run, which a test may alter."""
    return Path(shutil.copytree(checkpoint, tmp_path / "run"))


def head(hub: HubServer, repo: str = "user/x", branch: str = "main") -> dict[str, bytes]:
    commit = hub.repos[repo].find(branch)
    assert commit is not None
    return dict(commit.files)


def writes(hub: HubServer) -> list[str]:
    return [f"{one.method} {one.path}" for one in hub.log if one.method not in ("GET", "HEAD")]


def commits(hub: HubServer, repo: str = "user/x") -> list[str]:
    return [commit.title for commit in hub.repos[repo].commits.values()]


def test_one_commit_with_what_makes_a_checkpoint(publish: Publisher, hub: HubServer, folder: Path) -> None:
    (folder / "state.safetensors").write_bytes(b"of the run")
    (folder / "diary.txt").write_text("my own")
    done = publish(folder, "--repo-id", "user/x", "--message", "Digits")
    files = head(hub)
    assert set(files) == {*SENT, ".gitattributes"}
    same = SENT - {"README.md", "SHA256SUMS"}
    assert {name: files[name] for name in same} == {name: (folder / name).read_bytes() for name in same}
    sums = dict(line.split()[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(files[name]).hexdigest() for name in SENT - {"SHA256SUMS"}}
    card = files["README.md"].decode()
    assert check_card(card)["library_name"] == "genzoo"
    assert 'genzoo.load("user/x")' in card
    assert commits(hub) == ["initial commit", "Digits"]
    assert done.pinned == [f"user/x@{hub.repos['user/x'].refs['main']}"]
    # What is large comes back from the store, into no cache of the user's; the token goes to the Hub alone.
    assert len([one for one in hub.log if one.origin == "cdn" and one.method == "GET"]) == 5
    assert not (publish.home / "hub").exists()
    assert {one.token for one in hub.log if one.origin == "cdn"} == {None}
    assert {one.token for one in hub.log if one.path.startswith("/api/models")} == {TOKEN}


def test_what_is_there_is_left_alone_and_what_was_is_deleted(publish: Publisher, hub: HubServer, folder: Path) -> None:
    first = publish(folder, "--repo-id", "user/x")
    hub.log.clear()
    again = publish(folder, "--repo-id", "user/x")
    assert again.pinned == first.pinned
    assert "unchanged" in again.err
    assert writes(hub) == []

    hub.repos["user/x"].commit({**head(hub), "their.txt": b"own", "discriminator.safetensors": b"of an earlier model"})
    (folder / "progress.png").unlink()
    (folder / "samples.png").write_bytes(b"another grid")
    sign(folder)
    before, kept = head(hub), hub.repos["user/x"].refs["main"]
    dry = publish(folder, "--repo-id", "user/x", "--dry-run")
    states = {path: state for state, _, path in map(str.split, dry.out.splitlines()[1:])}
    assert states == {
        **dict.fromkeys(SENT, "unchanged"), **dict.fromkeys(("README.md", "samples.png", "SHA256SUMS"), "changed"),
        "progress.png": "deleted", "discriminator.safetensors": "deleted",
    }  # fmt: skip
    assert (writes(hub), hub.repos["user/x"].refs["main"]) == ([], kept)
    publish(folder, "--repo-id", "user/x")
    after = head(hub)
    assert before.keys() - after.keys() == {"progress.png", "discriminator.safetensors"}
    assert after["their.txt"] == b"own"
    assert after["samples.png"] == b"another grid"
    assert after["model.safetensors"] == before["model.safetensors"]
    assert len(commits(hub)) == 4
    assert len([line for line in writes(hub) if "/upload/" in line]) == 1


def test_a_dry_run_makes_nothing(publish: Publisher, hub: HubServer, folder: Path) -> None:
    done = publish(folder, "--repo-id", "user/x", "--dry-run", "--private")
    assert done.result == 0
    assert done.out.splitlines()[0] == "user/x  new"
    rows = [line.split() for line in done.out.splitlines()[1:]]
    assert {name for _, _, name in rows} == SENT
    assert {state for state, _, _ in rows} == {"new"}
    size = next(size for _, size, name in rows if name == "model.safetensors")
    assert int(size.replace(",", "")) == (folder / "model.safetensors").stat().st_size
    assert (writes(hub), hub.repos) == ([], {})


def test_private_on_a_branch_and_from_the_hub(publish: Publisher, hub: HubServer, folder: Path) -> None:
    [pinned] = publish(folder, "--repo-id", "user/x", "--private").pinned
    assert hub.repos["user/x"].private
    (folder / "samples.png").write_bytes(b"another grid")
    sign(folder)
    [other] = publish(folder, "--repo-id", "user/x", "--private", "--revision", "trial/2").pinned
    refs = hub.repos["user/x"].refs
    assert refs == {"main": pinned.split("@")[1], "trial/2": other.split("@")[1]}
    assert hub.repos["user/x"].commits[refs["trial/2"]].parent == refs["main"]
    hub.repo("user/public", {"README.md": b""})
    assert "user/public is there, and public" in publish(folder, "--repo-id", "user/public", "--private").sentence
    assert set(head(hub, "user/public")) == {"README.md"}
    [source] = publish(pinned, "--repo-id", "user/copy", "--revision", "v2").pinned
    assert head(hub, "user/copy", "v2").keys() == head(hub).keys()
    assert source.split("@")[1] == hub.repos["user/copy"].refs["v2"]
    assert commits(hub, "user/copy")[0] == "initial commit"
    assert len(head(hub, "user/copy")) == 1


def test_a_card_of_ones_own(publish: Publisher, hub: HubServer, folder: Path) -> None:
    card = "---\nlibrary_name: genzoo\nlicense: mit\npipeline_tag: unconditional-image-generation\n---\nMine.\n"
    (folder / "README.md").write_text(card)
    publish(folder, "--repo-id", "user/x")
    assert head(hub)["README.md"].decode() == card
    (folder / "README.md").write_text(card.replace("mit", "unheard-of"))
    assert "refuses the card's front matter" in publish(folder, "--repo-id", "user/x").sentence
    hub.log.clear()
    for text in (card.replace("genzoo", "timm"), "no front matter"):
        (folder / "README.md").write_text(text)
        assert re.search(r"README\.md cannot be published\. The card", publish(folder, "--repo-id", "user/x").sentence)
    (folder / "README.md").write_bytes(b"\xff")
    assert "README.md is no text" in publish(folder, "--repo-id", "user/x").sentence
    assert hub.log == []
    assert len(commits(hub)) == 2


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights": (lambda run: (run / "model.safetensors").write_bytes(b"{}"), r"model\.safetensors is damaged"),
    "golden": (
        lambda run: shutil.copy(weights_home() / VAE / GOLDEN, run / GOLDEN),
        r"does not give its golden images",
    ),
    "incomplete": (lambda run: (run / GOLDEN).unlink(), r"lacks golden\.safetensors: it is not a whole"),
    "measurement": (
        lambda run: shutil.copy(weights_home() / VAE / "metrics.json", run / "metrics.json"),
        r"was measured of other weights",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_is_not_sound_is_not_sent(publish: Publisher, hub: HubServer, folder: Path, damage: str) -> None:
    DAMAGES[damage][0](folder)
    sign(folder)
    assert re.search(DAMAGES[damage][1], publish(folder, "--repo-id", "user/x").sentence)
    assert hub.log == []


def test_an_altered_picture_is_not_sent(publish: Publisher, hub: HubServer, folder: Path) -> None:
    (folder / "samples.png").write_bytes((weights_home() / VAE / "samples.png").read_bytes())
    sentence = publish(folder, "--repo-id", "user/x").sentence
    assert re.search(r"samples\.png is damaged or altered: its SHA-256 is .*--update-hashes", sentence)
    (folder / "samples.png").unlink()
    assert "lacks samples.png" in publish(folder, "--repo-id", "user/x").sentence
    assert hub.log == []


PASSING: dict[str, dict[str, Any]] = {
    "the-reply-to-create-is-lost": {"path": "/api/repos/create", "times": 1, "reset": True},
    "the-reply-to-the-commit-is-lost": {"path": "/commit/main", "times": 1, "reset": True},
    "no-commit-for-a-while": {"path": "/commit/main", "times": 2, "status": 503},
    "no-list-for-a-while": {"path": "/tree/", "times": 1, "reset": True},
    "uploads-break": {"path": "/upload/", "times": 2, "reset": True},
    "no-uploads-for-a-while": {"path": "/upload/", "times": 3, "status": 503},
    "an-upload-is-spoilt": {"path": "/upload/", "times": 1, "flip": 100},
    "busy": {"path": "/preupload/", "times": 1, "status": 429, "headers": {"Retry-After": "1"}},
    "what-comes-back-is-spoilt": {"path": "/lfs/", "method": "GET", "times": 1, "flip": 100},
}


@pytest.mark.parametrize("case", PASSING)
def test_what_passes_is_waited_for(publish: Publisher, hub: HubServer, folder: Path, case: str) -> None:
    fault = hub.fault(**PASSING[case])
    [pinned] = publish(folder, "--repo-id", "user/x").pinned
    assert pinned == f"user/x@{hub.repos['user/x'].refs['main']}"
    assert len(commits(hub)) == 2
    assert head(hub)["model.safetensors"] == (folder / "model.safetensors").read_bytes()
    assert fault.times == 0


LASTING: dict[str, tuple[dict[str, Any], str]] = {
    "commit": ({"path": "/commit/main", "status": 503}, r"user/x could not be published, .* answered 503: try again"),
    "connection": ({"path": "/preupload/", "reset": True}, r"could not be published on .*connection"),
    "spoilt": ({"path": "/upload/", "flip": 100}, r"A file did not arrive at .* as it was sent \(422\)"),
    "busy": (
        {"path": "/commit/main", "status": 429, "headers": {"Retry-After": "3600"}},
        r"has had too many requests: try again in 3600 seconds",
    ),
    "quota": ({"path": "/commit/main", "status": 402}, r"has no room for user/x \(402\)"),
    "store-is-full": ({"path": "/upload/", "status": 507}, r"has no room for user/x \(507\)"),
    "forbidden": ({"path": "/preupload/", "status": 403}, r"does not let you write to user/x \(403\)"),
    "refused": (
        {"path": "/commit/main", "status": 400, "headers": {"X-Error-Message": "main  is frozen"}},
        r'does not take the publication of user/x \(400, "main is frozen"\): change what that names',
    ),
    "refused-without-a-word": ({"path": "/commit/main", "status": 400}, r"of user/x \(400\): try again later"),
    "stale": ({"path": "/commit/main", "status": 412}, r"Somebody else has committed to user/x meanwhile"),
    "not-a-hub": ({"path": "/api/models/user/x/revision", "status": 200}, r"does not answer as the Hub does"),
}


@pytest.mark.parametrize("case", LASTING)
def test_what_lasts_is_told_and_changes_nothing(publish: Publisher, hub: HubServer, folder: Path, case: str) -> None:
    repo = hub.repo("user/x", {"README.md": b"as it was"})
    kept = repo.refs["main"]
    hub.fault(**LASTING[case][0])
    assert re.search(LASTING[case][1], publish(folder, "--repo-id", "user/x").sentence)
    assert repo.refs == {"main": kept}
    assert len([line for line in writes(hub) if "/commit/" in line]) <= 5
    hub.faults.clear()
    assert len(publish(folder, "--repo-id", "user/x").pinned) == 1
    assert len(commits(hub)) == 2


def test_what_came_back_otherwise_is_told(publish: Publisher, hub: HubServer, folder: Path) -> None:
    hub.fault("/lfs/", method="GET", flip=100)
    sentence = publish(folder, "--repo-id", "user/x").sentence
    assert re.search(r"user/x@[0-9a-f]{40} is not what was sent, its SHA-256 is [0-9a-f]{64} and not", sentence)


def test_who_may_not_is_told(publish: Publisher, hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*args: object, **options: str) -> str:
        return publish(folder, *args, **options).sentence

    assert "Publishing needs a token: set HF_TOKEN" in told("--repo-id", "user/x", token="")
    assert "refuses the token it was sent" in told("--repo-id", "user/x", token="hf_WrongToken")
    assert "does not let you write to user/x (403)" in told("--repo-id", "user/x", token=READ_TOKEN)
    assert "does not let you write to stranger/x (403)" in told("--repo-id", "stranger/x")
    assert hub.repos == {}
    hub.repo("user/gated", {}, gated=True)
    assert "user/gated on" in told("--repo-id", "user/gated")
    hub.repo("user/ignoring", {".gitignore": b"*.png"})
    assert "user/ignoring has a .gitignore" in told("--repo-id", "user/ignoring")
    hub.repo("user/small", {})
    monkeypatch.setattr(writing, "MOST_BYTES", 1000)
    assert "does not take the files of user/small" in told("--repo-id", "user/small")
    for repo in ("gated", "ignoring", "small"):
        assert len(hub.repos[f"user/{repo}"].commits) == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("--repo-id user", "'user' cannot be a repository's name"),
        ("--repo-id user/x@v1", "'user/x@v1' cannot be a repository's name"),
        ("--repo-id user/a--b", "'user/a--b' cannot be a repository's name"),
        ("--repo-id user/x --revision ../y", "'../y' cannot be published to: name a branch"),
        (f"--repo-id user/x --revision {'0' * 40}", "cannot be published to: name a branch"),
        ("", "Say what to publish, and where"),
        ("--repo-id user/x --all", "Say what to publish, and where"),
    ],
)
def test_what_cannot_be(publish: Publisher, hub: HubServer, folder: Path, args: str, words: str) -> None:
    done = publish(folder, *args.split())
    assert done.result == 2
    assert words in done.sentence
    assert hub.repos == {}


@pytest.mark.parametrize("moment", ["/tree/", "/preupload/"])
def test_somebody_else_commits_meanwhile(publish: Publisher, hub: HubServer, folder: Path, moment: str) -> None:
    repo = hub.repo("user/x", {"README.md": b"as it was"})
    fault = hub.fault(moment, times=1, after=0, hold=Event())
    thread, found = publish.meanwhile(folder, "--repo-id", "user/x")
    assert fault.holding.wait(60)
    theirs = repo.commit({"README.md": b"theirs"})
    assert fault.hold is not None
    fault.hold.set()
    thread.join()
    assert "Somebody else has committed to user/x meanwhile, and nothing was published" in found[0].sentence
    assert repo.refs["main"] == theirs
    assert len(publish(folder, "--repo-id", "user/x").pinned) == 1
    assert repo.commits[repo.refs["main"]].parent == theirs


def test_a_killed_upload_shows_nothing(publish: Publisher, hub: HubServer, folder: Path, tmp_path: Path) -> None:
    repo = hub.repo("user/x", {"README.md": b"as it was"})
    kept = repo.refs["main"]
    fault = hub.fault("/upload/", times=1, after=0, hold=Event())
    home = tmp_path / "hf"
    home.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "genzoo", "publish", str(folder), "--repo-id", "user/x"],
        env=environment(hub, home, HF_TOKEN=TOKEN, **PLAIN),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert fault.holding.wait(60)
    hub.wait_for("/verify", "POST", 4)
    process.send_signal(signal.SIGKILL)
    assert not shows_token(process.communicate()[0])
    assert repo.refs == {"main": kept}
    assert writes(hub)[-1] != "POST /api/models/user/x/commit/main"
    sent = len([line for line in writes(hub) if "/upload/" in line])
    [pinned] = publish(folder, "--repo-id", "user/x").pinned
    assert pinned == f"user/x@{repo.refs['main']}"
    assert len(commits(hub)) == 2
    # What had arrived is not sent again.
    assert len([line for line in writes(hub) if "/upload/" in line]) == sent + 1


def test_push_and_save(publish: Publisher, hub: HubServer, folder: Path) -> None:
    done = publish.push(folder, "user/x", private=True, commit_message="Mine", env_token="", token=TOKEN)
    repo = hub.repos["user/x"]
    assert done.result == f"user/x@{repo.refs['main']}"
    assert (repo.private, commits(hub)) == (True, ["initial commit", "Mine"])
    assert publish.push(folder, "user/x", revision="trial").result == f"user/x@{repo.refs['trial']}"
    hub.fault("/api/models/user/x/revision", status=503)
    trace = publish.push(folder, "user/x").result
    assert "answered 503: try again later." in trace.splitlines()[-1]
    assert "During handling" not in trace
    assert "direct cause" not in trace
    assert "hf_WrongToken" not in publish.push(folder, "user/x", token="hf_WrongToken").result


def test_what_is_saved_is_the_folder(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    (folder / "state.safetensors").write_bytes(b"of the run")
    model = genzoo.load(folder)
    model.save_pretrained(tmp_path / "saved")
    assert contents(tmp_path / "saved") == {name: (folder / name).read_bytes() for name in SENT - {"README.md"}}
    again = genzoo.Model.from_pretrained(tmp_path / "saved")
    torch.testing.assert_close(again.sample(2, seed=0), model.sample(2, seed=0), rtol=0, atol=1e-5)  # by either engine
    with pytest.raises(genzoo.GenzooError, match="saved is not empty: name another folder"):
        model.save_pretrained(tmp_path / "saved")
    (folder / "README.md").write_text("Mine.")
    (folder / GOLDEN).unlink()
    with pytest.raises(genzoo.GenzooError, match=r"lacks golden\.safetensors"):
        model.save_pretrained(tmp_path / "partial")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "saved"]
    assert hub.log == []


@pytest.mark.slow
def test_all(tmp_path: Path) -> None:
    names = (VAE, GAN)  # in the catalog's order
    site = install(tmp_path / "site", *(f"{name}/{path.name}" for name in names
                                        for path in (weights_home() / name).iterdir()))  # fmt: skip
    (tmp_path / "hf").mkdir()
    with HubServer() as hub, Publisher(hub, tmp_path / "hf", PYTHONPATH=str(site), **PLAIN) as publish:
        hub.fault(f"/{GAN}/commit/", status=503)
        done = publish("--all", "--namespace", "user")
        assert f"user/{GAN} could not be published" in done.sentence
        assert set(hub.repos) == {f"user/{name}" for name in names}
        assert [len(commits(hub, f"user/{name}")) for name in names] == [2, 1]
        hub.faults.clear()
        pinned = publish("--all", "--namespace", "user").pinned
        assert pinned == [f"user/{name}@{hub.repos[f'user/{name}'].refs['main']}" for name in names]
        assert [len(commits(hub, f"user/{name}")) for name in names] == [2, 2]
        assert {*contents(weights_home() / GAN), "README.md", ".gitattributes"} == set(head(hub, f"user/{GAN}"))
        assert f'genzoo.load("user/{GAN}")' in head(hub, f"user/{GAN}")["README.md"].decode()
        hub.log.clear()
        assert publish("--all", "--namespace", "user").pinned == pinned
        assert writes(hub) == []


def test_the_xet_path(tmp_path: Path, checkpoint: Path) -> None:
    pytest.importorskip("hf_xet")
    (tmp_path / "hf").mkdir()
    (tmp_path / "store").mkdir()
    with HubServer() as hub, Publisher(hub, tmp_path / "hf") as publish:
        hub.xet_store = tmp_path / "store"
        [pinned] = publish(checkpoint, "--repo-id", "user/x").pinned
        assert head(hub)["model.safetensors"] == (checkpoint / "model.safetensors").read_bytes()
        assert not hub.requests("/batch")
        assert len(hub.requests("/xet-write-token/main")) == 1
        assert hub.requests("/xet-read-token/main")
        assert not [one for one in hub.log if one.origin == "cdn"]
        assert publish(checkpoint, "--repo-id", "user/x").pinned == [pinned]
        assert len(commits(hub)) == 2
        hub.fault("/xet-write-token/", status=403)
        assert "does not let you write to user/y (403)" in publish(checkpoint, "--repo-id", "user/y").sentence
        assert commits(hub, "user/y") == ["initial commit"]


def test_without_the_network(tmp_path: Path, checkpoint: Path) -> None:
    env = environment(None, tmp_path, HF_TOKEN=TOKEN, HF_HUB_OFFLINE="1")
    command = [sys.executable, "-W", "error", "-m", "genzoo", "publish", str(checkpoint), "--repo-id", "user/x"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: HF_HUB_OFFLINE keeps genzoo from publishing: unset it.\n"


def test_the_playground_as_a_space(publish: Publisher, hub: HubServer, folder: Path) -> None:
    told = publish(folder, "--space", "--repo-id", "user/play", "--dry-run")
    assert (told.result, hub.repos) == (0, {})
    assert "user/play  new" in told.out
    done = publish(folder, "--space", "--repo-id", "user/play")
    assert (done.result, done.out) == (0, f"{hub.url}/spaces/user/play\n"), done.err
    assert hub.requests("/create", "POST") == ["POST hub /api/repos/create"]
    repo = hub.repos["user/play"]
    files = dict(repo.at("main").files)
    readme = files.pop("README.md").decode()
    assert "\nsdk: static\napp_file: index.html\n" in readme
    assert "- `mlpvae-mnist-z2-l1`\n" in readme
    assert files.pop(".gitattributes")
    assert files == dict(Site(find_models([folder]), public=True))
    # Once more nothing is sent; another model takes the first one's place.
    commits = len(repo.commits)
    assert publish(folder, "--space", "--repo-id", "user/play").result == 0
    assert len(repo.commits) == commits
    done = publish(GAN, "--space", "--repo-id", "user/play", "--message", "Another")
    assert done.result == 0, done.err
    assert repo.at("main").title == "Another"
    models = {path.split("/")[1] for path in repo.at("main").files if path.startswith("models/")}
    assert models == {GAN}


@pytest.mark.parametrize(
    "args",
    [(), ("--all",), (VAE,), (VAE, "--all", "--repo-id", "user/play"), ("--all", "--namespace", "user")],
)
def test_a_space_of_what_and_where(args: tuple[str, ...], publish: Publisher, hub: HubServer) -> None:
    done = publish("--space", *args)
    assert done.sentence == "Say what the Space is to show, and where: a name, a folder or --all, with --repo-id."
    assert hub.log == []
