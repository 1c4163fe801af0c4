"""Models that are loaded from the Hub, by fresh processes with a fresh cache."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import genzoo as package
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.manifest import read_manifest, weights_home

from .conftest import CommandLine
from .hub_process import FETCH, contents, environment, fetch, install, run
from .hub_server import TOKEN, HubServer

GAN, VAE = "mlpgan-mnist-z100-l3", "mlpvae-mnist-z2-l1"

SAMPLE = """
import sys
import numpy as np
import genzoo
for number, line in enumerate(sys.argv[1:]):
    source, *wanted = line.split()
    model = genzoo.load(source)
    images = model.sample(2, seed=0)
    np.save(f"{number}.npy", images.numpy())
    if "discriminator" in wanted:
        np.save(f"{number}-scores.npy", model.score(images).numpy())
"""
"""Loads each `SOURCE [discriminator]`, and leaves two samples, and the discriminator's scores of them."""


def expected(name: str) -> np.ndarray:
    return package.load(name).sample(2, seed=0).numpy()


def test_a_repository(hub: HubServer, home: Path) -> None:
    gan, vae = (contents(weights_home() / name) for name in (GAN, VAE))
    repo = hub.repo("user/model", gan)
    old = repo.refs["main"]
    repo.refs["v1"] = old
    repo.commit(vae)
    env = environment(hub, home, HF_TOKEN=TOKEN)
    done = run(SAMPLE, "user/model", "user/model@v1", f"user/model@{old} discriminator", "user/model", env=env)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    for number, name in enumerate((VAE, GAN, GAN, VAE)):
        np.testing.assert_allclose(np.load(home / f"{number}.npy"), expected(name), atol=1e-5)
    model = package.load(GAN)
    np.testing.assert_allclose(np.load(home / "2-scores.npy"), model.score(model.sample(2, seed=0)), atol=1e-4)

    # Each file is downloaded once, config.json asked for once a load, and for its size before the first; the
    # discriminator comes when it is needed.
    assert hub.requests("main/config.json") == [f"{method} hub /user/model/resolve/main/config.json" for method in
                                                ("HEAD", "HEAD", "GET", "HEAD")]  # fmt: skip
    assert len(hub.requests("v1/config.json", "GET")) == 1
    assert len(hub.requests(f"{old}/config.json")) == 0
    blobs = [sha256(weights_home() / path) for path in
             (f"{VAE}/model.safetensors", f"{GAN}/model.safetensors", f"{GAN}/discriminator.safetensors")]  # fmt: skip
    assert [line for line in hub.requests(method="GET") if "cdn" in line] == [f"GET cdn /lfs/{blob}" for blob in blobs]
    first = next(one for one in hub.log if "/resolve/" in one.path)
    assert first.path == "/user/model/resolve/main/config.json"
    assert f"genzoo/{package.__version__}" in first.headers["user-agent"]
    # The token goes to the Hub, and to nobody else.
    assert {one.token for one in hub.log if "/resolve/" in one.path} == {TOKEN}
    assert {one.token for one in hub.log if one.origin == "cdn"} == {None}


GRAPHS = """
import sys
import numpy as np
import genzoo
model = genzoo.load(sys.argv[1], engine="onnx")
np.save("images.npy", model.sample(2, seed=0))
np.save("means.npy", model.encode(model.sample(2, seed=0))[0])
assert "torch" not in sys.modules
print(model.folder.path)
"""


def test_graphs_of_a_repository(hub: HubServer, home: Path) -> None:
    hub.repo("user/model", contents(weights_home() / VAE))
    done = run(GRAPHS, "user/model", env=environment(hub, home))
    assert done.returncode == 0, done.stderr
    # In the client's cache they are links to files of other names, in another folder.
    files = [Path(done.stdout.strip()) / name for name in ("generator.onnx", "encoder.onnx", "model.safetensors")]
    assert all(path.is_symlink() and path.resolve().name == path.readlink().name != path.name for path in files)
    np.testing.assert_allclose(np.load(home / "images.npy"), expected(VAE), atol=1e-4)
    mean, _ = (model := package.load(VAE)).encode(model.sample(2, seed=0))
    np.testing.assert_allclose(np.load(home / "means.npy"), mean, atol=1e-3)


def test_the_catalog_where_only_the_aliases_are(hub: HubServer, home: Path, tmp_path: Path) -> None:
    for name in (GAN, VAE, "dcgan-mnist-z100-l4"):
        hub.repo(f"zoo/{name}", contents(weights_home() / name))
    files = ("config.json", "model.safetensors")
    site = install(tmp_path / "site", *(f"dcgan-mnist-z100-l4/{file}" for file in files))
    env = environment(hub, home, PYTHONPATH=str(site), GENZOO_HUB_NAMESPACE="zoo")
    done = run(SAMPLE, "mlpgan-mnist", VAE, "dcgan-mnist discriminator", "mlpgan-mnist", env=env)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    for number, name in enumerate((GAN, VAE, "dcgan-mnist", GAN)):
        np.testing.assert_allclose(np.load(home / f"{number}.npy"), expected(name), atol=1e-5)
    gan = package.load("dcgan-mnist")
    np.testing.assert_allclose(np.load(home / "2-scores.npy"), gan.score(gan.sample(2, seed=0)), atol=1e-4)
    assert not hub.requests("dcgan-mnist-z100-l4/resolve/main/model.safetensors")
    assert len(hub.requests(f"{GAN}/resolve/main/config.json", "GET")) == 1
    assert len(hub.requests(f"{GAN}/resolve/main/config.json", "HEAD")) == 2


def test_a_damaged_copy_is_fetched_once_more(hub: HubServer, home: Path, tmp_path: Path) -> None:
    site = install(tmp_path / "site")
    hub.repo(f"genzoo/{GAN}", contents(weights_home() / GAN))
    env = environment(hub, home, PYTHONPATH=str(site))
    right = read_manifest()[GAN]["model.safetensors"].sha256
    hub.fault(f"/lfs/{right}", method="GET", times=1, flip=1000)
    [found] = fetch(GAN, env=env)
    assert sha256(Path(found["paths"][0])) == right
    assert len(hub.requests(right, "GET")) == 2

    damaged = Path(found["paths"][0]).resolve()
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    [found] = fetch(GAN, env=env | {"HF_HUB_OFFLINE": "1"})
    assert re.search(rf"its SHA-256 is {sha256(damaged)}, the manifest's is {right}", found["text"])
    [found] = fetch(GAN, env=env | {"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert re.search(
        r"in the cache is damaged, and a new one not to be had: .*connection refused\).*try again later\.$",
        found["text"],
    )
    [found] = fetch(GAN, env=env)
    assert sha256(Path(found["paths"][0])) == right

    damaged.write_bytes(b"x")
    hub.fault(f"/lfs/{right}", method="GET", flip=1000)
    before = len(hub.requests(right, "GET"))
    [found] = fetch(GAN, env=env)
    assert found["error"] == "BadCheckpointError"
    assert re.search(rf"SHA-256 is [0-9a-f]{{64}}, the manifest's is {right}", found["text"])
    assert len(hub.requests(right, "GET")) == before + 1

    # A file of git's, whose hash the client does not keep.
    config = read_manifest()[GAN]["config.json"].sha256
    hub.repos[f"genzoo/{GAN}"].commit({**contents(weights_home() / GAN), "config.json": b"{}"})
    [found] = fetch(f"{GAN} config.json", env=env)
    assert re.search(rf"config\.json .* the manifest's is {config}", found["text"])


def test_offline(hub: HubServer, home: Path) -> None:
    hub.repo("user/model", contents(weights_home() / GAN))
    env = environment(hub, home)
    offline = env | {"HF_HUB_OFFLINE": "1"}
    [found] = fetch("user/model", env=offline)
    assert found["error"] == "HubError"
    assert "HF_HUB_OFFLINE keeps genzoo from fetching it" in found["text"]
    assert hub.log == []
    there = fetch("user/model", env=env)
    asked = len(hub.log)
    found, discriminator = fetch("user/model", "user/model discriminator.safetensors", env=offline)
    assert [found] == there
    assert "discriminator.safetensors of user/model is not on this machine" in discriminator["text"]
    assert len(hub.log) == asked
    # Nobody listens at the other end.
    gone = env | {"HF_ENDPOINT": "http://name:password@127.0.0.1:9"}
    found, discriminator, other = fetch("user/model", "user/model discriminator.safetensors", "user/other", env=gone)
    assert [found] == there
    for line in (discriminator, other):
        assert re.search(
            r"could not be fetched from 127\.0\.0\.1:9 \(connection refused\): check the network", line["text"]
        )
        assert "password" not in line["trace"]


def test_the_token_never_shows(hub: HubServer, home: Path) -> None:
    hub.repo("user/model", contents(weights_home() / GAN))
    wrong = "hf_WrongTokenOfTheTests"
    done = run("import logging; logging.basicConfig(level=0)\n" + FETCH, "user/model", "user/none",
               env=environment(hub, home, HF_TOKEN=wrong))  # fmt: skip
    assert len(re.findall(r'"text": "\S+ refuses the token it was sent for user/', done.stdout)) == 2
    assert wrong in {one.token for one in hub.log}
    odd = "hf_Tökèn\u2026OfTheTests"
    again = run(FETCH, "user/model", env=environment(hub, home, HF_TOKEN=odd))
    assert "check HF_ENDPOINT and HF_TOKEN" in again.stdout
    for text in (done.stdout, done.stderr, again.stdout, again.stderr):
        assert not re.search(r"hf_\w+", text), text


def test_a_folder_goes_before_a_repository(hub: HubServer, home: Path) -> None:
    hub.repo("user/model", contents(weights_home() / GAN))
    shutil.copytree(weights_home() / VAE, home / "user" / "model")
    [found] = fetch("user/model", env=environment(hub, home))
    assert found["paths"] == ["user/model/model.safetensors"]
    assert hub.log == []


@pytest.mark.parametrize("source", ["user/model@", "user/model@../x", "user/model@a b", "user/model@-x"])
def test_a_revision_that_is_none(source: str) -> None:
    with pytest.raises(package.GenzooError, match="cannot be a revision"):
        package.load(source)


def test_revisions_where_there_are_none() -> None:
    from_pretrained, checkpoint = package.Model.from_pretrained, weights_home() / VAE
    with pytest.raises(package.GenzooError, match="leave out 'v1', or name user/repo"):
        from_pretrained("vae-mnist", revision="v1")
    with pytest.raises(package.GenzooError, match="leave out 'v1', or name user/repo"):
        from_pretrained(checkpoint, revision="v1")
    with pytest.raises(package.GenzooError, match="Two revisions were named, 'v1' and 'v2'"):
        from_pretrained("user/model@v1", revision="v2")
    assert from_pretrained(checkpoint, device="cpu").name == package.load(checkpoint).name


def test_pull_and_verify(genzoo: CommandLine, hub: HubServer, home: Path, tmp_path: Path) -> None:
    site = install(tmp_path / "site", f"{VAE}/config.json", f"{VAE}/model.safetensors")
    for name in (GAN, VAE):
        hub.repo(f"genzoo/{name}", contents(weights_home() / name))
    hub.repo("user/model", {**contents(weights_home() / GAN), "other.safetensors": b"not genzoo's"})
    env = environment(hub, home, PYTHONPATH=str(site))
    done = genzoo("pull", "mlp*[13]", "user/model", "--json", **env)
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert list(rows) == [GAN, VAE, "user/model"]
    assert {name: rows[name]["files"] for name in rows} == {GAN: 11, VAE: 10, "user/model": 8}
    assert {path.name for path in Path(rows[GAN]["path"]).iterdir()} == set(read_manifest()[GAN])
    assert package.load(Path(rows["user/model"]["path"])).name == GAN
    asked = len(hub.log)
    offline = env | {"HF_HUB_OFFLINE": "1"}
    assert genzoo("pull", "mlpgan-mnist", VAE, "user/model", **offline).returncode == 0
    done = genzoo("verify", "--no-deep", **offline)
    assert done.returncode == 0, done.stderr
    states = dict(line.split("  ") for line in done.stdout.splitlines())
    assert list(states) == list(read_manifest())
    assert (states[GAN], states[VAE]) == ("ok, 11 files", "ok, 11 files")
    assert states["vae-mnist-z20-l3"] == "not on this machine"
    assert len(hub.log) == asked

    cached = Path(rows[GAN]["path"]) / "discriminator.safetensors"
    shipped = site / "genzoo" / "weights" / VAE / "config.json"
    # A file of the repository's that lies in git, not in Git LFS.
    in_git = Path(rows["user/model"]["path"]) / "config.json"
    for path in (cached, shipped, in_git):
        path.resolve().write_bytes(b"x")
    done = genzoo("verify", "mlp*[13]", "user/model", "--json", "--no-deep", **offline)
    assert done.returncode == 1
    assert {row["name"]: list(row["damaged"]) for row in json.loads(done.stdout)} == {
        GAN: [str(cached)], VAE: [str(shipped)], "user/model": [str(in_git)]
    }  # fmt: skip
    assert f"Error: {GAN}, {VAE}, user/model cannot be trusted" in done.stderr
    assert genzoo("pull", GAN, **env).returncode == 0
    done = genzoo("verify", GAN, "user/model@main", **offline)
    assert done.stdout.splitlines()[0] == f"{GAN}  ok, 11 files, golden images come out", done.stderr
    assert "user/model@main  damaged" in done.stdout
    for args, words in (
        ("pull zzz*", "No model matches"),
        ("pull .", "nothing to fetch"),
        ("verify zzz", "neither a model's name nor a repository's"),
        ("verify runs/mine", "Error: Nothing of runs/mine is on this machine, or was checked: check the path"),
        (f"verify --no-deep {GAN} vae-mnist-z20-l3", "Error: Nothing of vae-mnist-z20-l3 is on this machine"),
    ):
        refused = genzoo(*args.split(), **offline)
        assert refused.returncode in (1, 2)
        assert words in refused.stderr


def test_info_of_a_repository(genzoo: CommandLine, hub: HubServer, home: Path) -> None:
    hub.repo("user/model", contents(weights_home() / GAN))
    done = genzoo("info", "user/model", "--json", **environment(hub, home))
    assert json.loads(done.stdout)["name"] == GAN, done.stderr
    assert hub.requests("safetensors") == []


@pytest.mark.slow
def test_evaluate_a_repository(genzoo: CommandLine, hub: HubServer, home: Path, tmp_path: Path) -> None:
    hub.repo("user/model", contents(weights_home() / GAN))
    done = genzoo("evaluate", "user/model", "-n", 500, "--seeds", 0, **environment(hub, home))
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / f"{GAN}-metrics.json").read_text())
    assert document["weights_sha256"] == read_manifest()[GAN]["model.safetensors"].sha256
    assert len(hub.requests("config.json", "GET")) == 1
