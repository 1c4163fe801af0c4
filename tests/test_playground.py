"""The playground's site and its server; test_playground_page.py has the page itself."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from genzoo.checkpoint.folder import sign
from genzoo.checkpoint.manifest import weights_home
from genzoo.checkpoint.measurement import read_metrics
from genzoo.cli import main
from genzoo.errors import BadCheckpointError, GenzooError
from genzoo.platforms import STOP_SIGNALS
from genzoo.playground.models import find_models, page_files
from genzoo.playground.server import _TYPES, Server
from genzoo.playground.site import Site

GAN, VAE = "mlpgan-mnist-z100-l3", "mlpvae-mnist-z2-l1"
Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Site(find_models([GAN, VAE]))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> Reply:
    """The status, headers and body of an answer; `path` is sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


def test_every_file_is_served_as_it_lies(server: Server) -> None:
    lying = {**page_files()}
    for name in (GAN, VAE):
        lying |= {f"models/{name}/{path.name}": path for path in (weights_home() / name).iterdir()}
    for path in server.site:
        if path == "index.json" or path.endswith("directions.json"):
            continue
        status, headers, body = ask(server, f"/{path}")
        assert (status, body) == (200, lying[path].read_bytes())
        assert headers["Content-Type"] == _TYPES.get(Path(path).suffix, "application/octet-stream")
        assert ask(server, f"/{path}", "HEAD")[::2] == (200, b"")
        assert ask(server, f"/{path}", If_None_Match=headers["ETag"])[::2] == (304, b"")
    assert ask(server, "/?query")[2] == ask(server, "/index.html")[2] == lying["index.html"].read_bytes()


def test_a_browser_is_told_what_a_module_is(server: Server) -> None:
    suffixes = {Path(path).suffix for path in page_files()} - {""}
    assert suffixes <= set(_TYPES)
    assert ask(server, "/app.js")[1]["Content-Type"].startswith("text/javascript")
    assert ask(server, "/vendor/ort.wasm.bundle.min.mjs")[1]["Content-Type"].startswith("text/javascript")
    assert ask(server, "/vendor/ort-wasm-simd-threaded.wasm", "HEAD")[1]["Content-Type"] == "application/wasm"


def test_the_index_says_what_there_is(server: Server) -> None:
    models = {model["key"]: model for model in json.loads(ask(server, "/index.json")[2])["models"]}
    assert list(models) == [GAN, VAE]
    assert (models[VAE]["is_vae"], models[VAE]["latent_size"], models[VAE]["shape"]) == (True, 2, [1, 28, 28])
    assert models[GAN]["aliases"] == ["mlpgan-mnist"]
    for name, model in models.items():
        assert {f"models/{name}/{file}" for file in model["files"]} == {
            path for path in server.site if path.startswith(f"models/{name}/")
        }
        rows = read_metrics(weights_home() / name / "metrics.json").rows
        assert [number["text"] for number in model["numbers"]] == [row.text for row in rows.values()]
        found = json.loads(ask(server, f"/models/{name}/directions.json")[2])
        assert found["method"] == ("kl" if model["is_vae"] else "principal")
        assert len(found["origin"]) == len(found["vectors"][0]) == model["latent_size"]


@pytest.mark.parametrize(
    "path",
    [
        "/../../pyproject.toml",
        "/%2e%2e/%2e%2e/pyproject.toml",
        "//etc/passwd",
        "/models/../index.html",
        f"/models/{VAE}/..%2f{GAN}%2fconfig.json",
        f"/models/{VAE}/history.jsonl",
        f"/models/{VAE}/",
        "/vendor",
        "/models/",
        "/index.html%00.png",
        "/server.py",
    ],
)
def test_what_is_not_of_the_site_is_not_there(path: str, server: Server) -> None:
    status, headers, body = ask(server, path)
    assert (status, headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert body == b"There is no such file here: begin at the page itself."


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE"])
def test_files_are_only_given(method: str, server: Server) -> None:
    status, headers, body = ask(server, "/index.html", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert body == b"Method Not Allowed: this server gives its files by GET and HEAD."


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "127.0.0.2", "", "[", "localhost.:80"])
def test_another_hosts_name_is_refused(host: str, server: Server) -> None:
    status, _, body = ask(server, "/index.json", Host=host)
    assert (status, body) == (421, b"This server answers to the names of this machine alone.")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "LOCALHOST:8000", "[::1]:80"])
def test_this_machines_names_are_not(host: str, server: Server) -> None:
    assert ask(server, "/index.json", Host=host)[0] == 200


def test_no_other_machine_is_answered(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_browser_that_goes_away_is_no_error(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.server_port)) as one:
            one.sendall(b"GET /vendor/ort-wasm-simd-threaded.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n")
            one.recv(1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, not closed
    assert ask(server, "/")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_the_runtime_is_the_published_one() -> None:
    vendor = page_files()["vendor/SHA256SUMS"].parent
    lines = (vendor / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in map(str.split, lines)}
    assert sums == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in vendor.glob("ort*")}
    version = (vendor / "ort.wasm.bundle.min.mjs").read_text().split("ONNX Runtime Web v", 1)[1].split("\n")[0]
    assert f"onnxruntime-web) {version}," in (vendor / "README.md").read_text()
    assert "MIT License" in (vendor / "LICENSE").read_text()


def test_the_page_asks_nobody_else() -> None:
    own = [path for name, path in page_files().items() if not name.startswith("vendor/")]
    for path in own:
        words = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "http:" not in words
        assert "https:" not in words


@pytest.fixture
def run(checkpoint: Path, tmp_path: Path) -> Path:
    """A finished run, which a test may alter."""
    return Path(shutil.copytree(checkpoint, tmp_path / "run"))


def test_a_run_is_shown_beside_the_entry_of_its_name(run: Path) -> None:
    models = find_models([VAE, run, str(run), "mlpvae-mnist-z2-l1"])
    assert [model.key for model in models] == [VAE, f"{VAE}.2"]
    ours, own = (model.facts() for model in models)
    assert (ours["load"], own["load"]) == (VAE, str(run))
    assert (own["numbers"], own["step"], own["aliases"]) == ([], 2, [])
    assert "directions.json" in own["files"]


def test_numbers_of_other_weights_are_not_shown(run: Path) -> None:
    shutil.copy(weights_home() / VAE / "metrics.json", run)
    sign(run)
    assert find_models([run])[0].facts()["numbers"] == []


def test_a_folder_without_graphs_is_refused(run: Path) -> None:
    (run / "generator.onnx").unlink()
    sign(run)
    with pytest.raises(BadCheckpointError, match=r"has no generator\.onnx: .* --update-hashes"):
        find_models([run])


def test_a_graph_of_a_stranger_is_checked(run: Path) -> None:
    graph = bytearray((run / "encoder.onnx").read_bytes())
    graph[graph.index(b"Gemm")] ^= 1
    (run / "encoder.onnx").write_bytes(graph)
    sign(run)
    with pytest.raises(BadCheckpointError, match=r"encoder\.onnx is refused"):
        find_models([run])


def test_a_file_that_is_altered_meanwhile_is_not_given(run: Path) -> None:
    with Server(Site(find_models([run]))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        path = f"/models/{VAE}/model.safetensors"
        assert ask(server, path)[0] == 200
        with (run / "model.safetensors").open("ab") as file:
            file.write(b"x")
        status, headers, body = ask(server, path)
        assert (status, headers["Content-Type"]) == (500, "text/plain; charset=utf-8")
        assert "model.safetensors is damaged or altered" in body.decode()
        server.shutdown()


def test_the_site_is_written_whole(run: Path, tmp_path: Path) -> None:
    site = Site(find_models([run]))
    site.write(tmp_path / "site")
    written = {path.relative_to(tmp_path / "site").as_posix(): path.read_bytes()
               for path in (tmp_path / "site").rglob("*") if path.is_file()}  # fmt: skip
    assert written == dict(site)
    with pytest.raises(GenzooError, match="is not empty: name another folder"):
        site.write(tmp_path / "site")
    (run / "samples.png").write_bytes(b"")
    with pytest.raises(BadCheckpointError, match="is damaged or altered"):
        site.write(tmp_path / "site", overwrite=True)
    assert (tmp_path / "site" / "index.html").read_bytes() == site["index.html"]  # what was there still is
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["run", "site"]


def command(*args: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["demo", *map(str, args)])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_writes_a_site(run: Path, tmp_path: Path) -> None:
    code, out, err = command(run, "mlpvae-mnist-z2-*", "--out", tmp_path / "site")
    assert (code, out) == (0, "")
    assert err.startswith(f"Wrote {tmp_path / 'site'}: 4 models; ")
    index = (tmp_path / "site" / "index.json").read_text()
    assert str(tmp_path) not in index
    models = json.loads(index)["models"]
    assert [model["load"] for model in models[:2]] == [None, "mlpvae-mnist-z2-l2"]
    assert [model["key"] for model in models] == [VAE, "mlpvae-mnist-z2-l2", f"{VAE}.2", "mlpvae-mnist-z2-l1-bn"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["vae-mnits"], "did you mean vae-mnist"),
        (["nothing-*"], "No model's name matches 'nothing-*'"),
        ([VAE, "--port", "8080", "--out", "site"], "--port is where the page is served, and --out writes it instead"),
        ([VAE, "--overwrite"], "--overwrite replaces the folder that --out names: give both."),
        ([VAE, "--port", "70000"], "70000 is not in the range"),
    ],
)
def test_wrong_usage(args: list[str], words: str) -> None:
    code, out, err = command(*args)
    assert (code, out) == (2, "")
    assert words in err


def test_a_port_that_is_taken(server: Server) -> None:
    code, out, err = command(VAE, "--no-open", "--port", server.server_port)
    assert (code, out) == (2, "")
    assert err == (
        f"Error: Port {server.server_port} cannot be had (address already in use): name another, or none for a free "
        "one.\n"
    )


def test_an_installation_without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genzoo.checkpoint.manifest.is_here", lambda _: False)
    code, _, err = command()
    assert (code, err) == (2, "Error: There is no model here to show: name one, a folder, or a repository.\n")


PROGRAM = """
import signal
import sys
from genzoo.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
try:
    main(["demo", sys.argv[1], "--no-open"])
finally:
    print(sorted({"torch", "onnxruntime", "huggingface_hub"} & set(sys.modules)))
"""


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_ends_it_without_a_word(number: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-u", "-c", PROGRAM, VAE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as child:
        assert child.stdout is not None
        address = child.stdout.readline().strip()
        assert address.endswith(f"/#model={VAE}")
        port = int(address.split(":")[2].split("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/index.json")
        assert connection.getresponse().status == 200  # and stays open, as a browser's does
        child.send_signal(number)
        try:
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
        connection.close()
    assert (child.returncode, out) == (0 if number == signal.SIGINT else 128 + number, "[]\n")
    assert err == "Serving 1 model on this machine; Ctrl-C ends it\n"
