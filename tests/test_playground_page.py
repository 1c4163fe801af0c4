"""The playground's page in a real browser: it computes what genzoo computes, and every control does its part."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

import genzoo
from genzoo.images.pixels import as_array, make_grid
from genzoo.playground.models import find_models
from genzoo.playground.server import Server
from genzoo.playground.site import Site
from genzoo.sampling import noise
from genzoo.sampling.directions import find_directions
from genzoo.sampling.graphs import OnnxModel
from genzoo.sampling.plane import plane_latents
from genzoo.zoo.catalog import ALIASES, ENTRIES

pytestmark = pytest.mark.slow

FIRST = {ENTRIES[full].family.name: full for full in ALIASES.values()}
"""An entry of each family."""
GAN, VAE, PLANE, COLOR = "dcgan-mnist-z100-l4", "vae-mnist-z20-l5", "mlpvae-mnist-z2-l2", "vae-cifar10-z100-l3"
SHOWN = sorted({*FIRST.values(), GAN, VAE, PLANE, COLOR})
TABS = ("Samples", "Directions", "Plane", "Picture", "Training")
WIDTHS = (1280, 390)
PATIENCE = 30_000
Levels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Server(Site(find_models(SHOWN))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.url
        server.shutdown()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Shared, so that the runtime is fetched and compiled once."""
    one = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    one.set_default_timeout(PATIENCE)
    yield one
    one.close()


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab as wide as the test's `width`; no tab of the test may write to the console, or throw."""
    errors: list[str] = []

    def watch(tab: Page) -> None:
        tab.on("console", lambda message: errors.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: errors.append(str(error)))

    context.on("page", watch)
    tab = context.new_page()
    width = request.getfixturevalue("width") if "width" in request.fixturenames else WIDTHS[0]
    tab.set_viewport_size({"width": width, "height": 800})
    yield tab
    for one in context.pages:
        one.close()
    context.remove_listener("page", watch)
    assert errors == []


expect.set_options(timeout=PATIENCE)


@functools.cache
def model(name: str) -> OnnxModel:
    return genzoo.load(name, engine="onnx")


def settled(page: Page) -> None:
    """Wait until all that the address names is drawn."""
    expect(page.locator(".stage")).to_have_attribute("aria-busy", "false")


def visit(page: Page, address: str, **state: object) -> None:
    page.goto("about:blank")
    page.goto(f"{address}#" + "&".join(f"{name}={value}" for name, value in state.items()))
    settled(page)


def levels(page: Page, selector: str) -> Levels:
    """What canvases show: (n, h, w, 3) uint8."""
    urls = page.locator(selector).evaluate_all("all => all.map(canvas => canvas.toDataURL())")
    pictures = [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]
    return np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])


def assert_shown(page: Page, selector: str, images: npt.NDArray[Any]) -> None:
    """Canvases show images, (n, c, h, w) in [0, 1], to a grey level."""
    shown, wanted = levels(page, selector), as_array(images)
    assert len(shown) == len(wanted)
    assert np.abs(shown.astype(int) - wanted).max() <= 1


def assert_shown_picture(page: Page, selector: str, picture: Image.Image) -> None:
    wanted = np.asarray(picture.convert("RGB"), dtype=int)
    assert np.abs(levels(page, selector)[0].astype(int) - wanted).max() <= 1


def state(page: Page) -> dict[str, str]:
    """The state in the page's address, once it has been brought up to date."""
    page.wait_for_timeout(600)  # it changes but twice a second
    return dict(pair.split("=") for pair in page.url.partition("#")[2].split("&") if pair)


@pytest.mark.parametrize("family", FIRST)
def test_samples_are_those_of_load(family: str, page: Page, url: str) -> None:
    name = FIRST[family]
    visit(page, url, model=name, seed=2**64 - 1)
    assert_shown(page, ".sample canvas", model(name).sample(16, seed=2**64 - 1))


def test_samples_of_a_mixture(page: Page, url: str) -> None:
    visit(page, url, model=VAE, n=36, seed=5, prior="mixture")
    assert_shown(page, ".sample canvas", model(VAE).sample(36, seed=5, prior="mixture"))


def test_the_noise_is_numpys(page: Page, url: str) -> None:
    page.goto(url)
    for seed, start, n, size in [(0, 0, 3, 7), (2**64 - 1, 5, 2, 100), (3, 2**32 - 6, 4, 10)]:
        drawn = page.evaluate(
            "async ([seed, ...rest]) => Array.from((await import('./engine/noise.js')).normals(seed, ...rest))",
            [str(seed), start, n, size],
        )
        assert np.abs(np.array(drawn) - noise.normals(seed, start, n, size).ravel()).max() < 1e-6


def test_a_model_is_chosen_by_picture(page: Page, url: str) -> None:
    page.goto(url)
    cards = page.locator(".card:visible")
    expect(cards).to_have_count(len(SHOWN))
    for picture in page.locator(".card img").all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    vaes = sum(name.startswith("vae-") for name in SHOWN)
    page.get_by_label("vae", exact=True).check(force=True)
    expect(cards).to_have_count(vaes)
    page.get_by_label("cifar10", exact=True).check(force=True)
    expect(cards).to_have_count(1)
    assert state(page) == {"family": "vae", "dataset": "cifar10"}
    cards.click()
    settled(page)
    assert state(page) == {"model": COLOR}
    expect(page).to_have_title("vae-cifar10 · genzoo playground")
    page.go_back()
    expect(cards).to_have_count(1)
    page.go_back()
    expect(cards).to_have_count(vaes)
    for group in ("Dataset", "Family"):
        page.get_by_role("group", name=group).get_by_label("all").check(force=True)
    expect(cards).to_have_count(len(SHOWN))


def test_the_cards_numbers_stand_beside(page: Page, url: str) -> None:
    visit(page, url, model=GAN)
    measured = model(GAN).metrics
    assert measured is not None
    told = page.locator(".numbers").inner_text()
    assert all(row.text in told for row in measured.rows.values())
    page.get_by_role("combobox", name="Model").select_option(PLANE)
    settled(page)
    assert state(page)["model"] == PLANE
    assert "2 numbers" in page.locator(".numbers").inner_text()


def test_controls_of_the_grid(page: Page, url: str) -> None:
    visit(page, url, model=VAE)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Seed")).to_have_value("1")
    page.get_by_role("combobox", name="Samples").select_option("4")
    expect(page.locator(".sample")).to_have_count(4)
    page.get_by_label("Prior").select_option("mixture")
    settled(page)
    images = model(VAE).sample(4, seed=1, prior="mixture")
    assert_shown(page, ".sample canvas", images)
    assert state(page) == {"model": VAE, "seed": "1", "n": "4", "prior": "mixture"}
    command = page.locator(".command code")
    expect(command).to_have_text(f"genzoo generate -m {VAE} -n 4 --seed 1 --prior mixture grid.png")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    assert download.value.suggested_filename == f"{VAE}-seed-1.png"
    with Image.open(download.value.path()) as saved:
        apart = np.asarray(saved.convert("L"), dtype=int) - np.asarray(make_grid(images), dtype=int)
    assert np.abs(apart).max() <= 1
    page.get_by_role("button", name="Random").click()
    settled(page)
    assert int(state(page)["seed"]) > 1
    page.go_back()
    expect(page.get_by_label("Seed")).to_have_value("1")


def test_a_seed_that_is_none(page: Page, url: str) -> None:
    visit(page, url, model=GAN, seed=7)
    seed, sentence = page.get_by_label("Seed"), page.get_by_text("A seed is a whole number from 0 to 2⁶⁴ \u2212 1.")
    for wrong in ("-1", "1.5", "seven", str(2**64), ""):
        seed.fill(wrong)
        seed.press("Enter")
        expect(sentence).to_be_visible()
        assert state(page)["seed"] == "7"
    seed.fill(" 8 ")
    seed.press("Enter")
    settled(page)
    assert state(page)["seed"] == "8"
    expect(sentence).to_be_hidden()


def test_the_way_between_two_samples(page: Page, url: str) -> None:
    visit(page, url, model=GAN, seed=3)
    expect(page.locator(".way")).to_be_hidden()
    for number in (2, 7):
        page.get_by_role("button", name=f"Sample {number}", exact=True).click()
    settled(page)
    z = model(GAN).latents(7, seed=3)
    way = model(GAN).interpolate(z[1], z[6], 33)
    shown = ".way > canvas:not(.strip)"
    assert_shown(page, shown, way[16:17])
    place = page.get_by_label("Place on the way")
    place.fill("32")
    settled(page)
    assert_shown(page, shown, way[32:])
    assert_shown_picture(page, ".strip", make_grid(way[::4], nrow=9))
    assert state(page) == {"model": GAN, "seed": "3", "pair": "2.7", "t": "32"}
    page.get_by_role("button", name="Play").click()
    expect(place).not_to_have_value("32")
    page.get_by_role("button", name="Stop").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save strip").click()
    assert download.value.suggested_filename == f"{GAN}-way.png"
    page.get_by_role("button", name="Sample 7", exact=True).click()
    expect(page.locator(".way")).to_be_hidden()


@pytest.mark.parametrize("name", [GAN, VAE])
def test_sliders_over_directions(name: str, page: Page, url: str) -> None:
    visit(page, url, model=name, tab="directions")
    found, shown = find_directions(model(name)), ".large canvas"

    def image(z: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        return model(name).decode(z[None].astype(np.float32))

    # A GAN draws no image of the middle of its latents, which it is not trained with.
    assert_shown(page, shown, image(model(name).latents(1, seed=0)[0]))
    page.get_by_label("Start from").select_option("the middle")
    settled(page)
    assert_shown(page, shown, image(found.origin))
    ends = found.traverse(steps=2).reshape(-1, ENTRIES[name].latent_size)
    assert_shown(page, ".slider canvas", model(name).decode(ends))
    page.get_by_label("Start from").select_option("sample 3")
    settled(page)
    z = model(name).latents(3, seed=0)[2]
    assert_shown(page, shown, image(z))
    label = f"Dimension {found.vectors[1].argmax() + 1}" if found.method == "kl" else "Direction 2"
    page.get_by_label(label, exact=True).fill("0.5")
    settled(page)
    # A slider has a hundred places to each side: once one of them is moved, all others stand where they show.
    at = np.array(page.locator(".slider input").evaluate_all("all => all.map(one => Number(one.value))"))
    assert at[1] == 0.5
    moved = z + (at * found.span - found.vectors @ (z - found.origin)) @ found.vectors
    assert_shown(page, shown, image(moved))
    assert [float(place) for place in state(page)["d"].split("_")] == at.tolist()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    assert download.value.suggested_filename == f"{name}-direction.png"
    page.get_by_role("button", name="Back to the start").click()
    settled(page)
    assert_shown(page, shown, image(z))


def test_the_plane_under_the_pointer(page: Page, url: str) -> None:
    visit(page, url, model=PLANE, tab="plane")
    box = page.locator(".map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.1 * box["height"])
    settled(page)
    u, v = map(float, state(page)["xy"].split("_"))
    assert (u, v) == pytest.approx((0.25, 0.9), abs=0.01)
    z = np.array([[NormalDist().inv_cdf(u), NormalDist().inv_cdf(v)]], dtype=np.float32)
    assert_shown(page, ".large canvas", model(PLANE).decode(z))
    page.get_by_label("First number").fill("0.75")
    page.get_by_label("Second number").press("Home")
    settled(page)
    assert state(page)["xy"] == "0.750_0.005"
    expect(page.get_by_label("First number")).to_have_attribute("aria-valuetext", "0.67")
    plane = model(PLANE).decode(plane_latents(ENTRIES[PLANE], 20))
    assert_shown_picture(page, ".map", make_grid(plane, nrow=20, padding=0))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the plane as PNG").click()
    assert download.value.suggested_filename == f"{PLANE}-plane.png"


def digit() -> Levels:
    with Image.open(Path(__file__).parent / "data" / "digits.png") as sheet:
        return np.asarray(sheet.convert("L"))[28:56, 28:56]


DIGIT = digit()
IMAGES = DIGIT[None, None].astype(np.float32) / np.float32(255)


def png(picture: Levels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png")
    return file.getvalue()


def give(page: Page, content: bytes, name: str = "digit.png") -> None:
    payload: FilePayload = {"name": name, "mimeType": "image/png", "buffer": content}
    page.locator("#file").set_input_files(payload)


def test_a_reconstruction(page: Page, url: str) -> None:
    visit(page, url, model=VAE, tab="picture")
    give(page, png(DIGIT))
    told = page.locator(".result")
    expect(told).to_contain_text("Squared error per pixel: ")
    settled(page)
    rebuilt = model(VAE).reconstruct(IMAGES)
    assert_shown(page, ".pad", IMAGES)
    assert_shown(page, ".results canvas >> nth=0", rebuilt)
    assert_shown(page, ".results canvas >> nth=1", abs(rebuilt - IMAGES))
    error = float(told.inner_text().split(": ")[1])
    assert error == pytest.approx(float(((rebuilt - IMAGES) ** 2).mean()), rel=5e-3)
    page.get_by_role("button", name="Invert").click()
    settled(page)
    assert_shown(page, ".pad", 1 - IMAGES)
    page.get_by_role("button", name="Clear").click()
    settled(page)
    expect(told).to_be_empty()
    # What is dark on light, as ink on paper is, is turned round when it is taken.
    give(page, png(255 - DIGIT))
    expect(told).to_contain_text("Squared error per pixel: ")
    settled(page)
    assert_shown(page, ".pad", IMAGES)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Take a sample").click()
    expect(told).to_contain_text("Squared error per pixel: ")


def test_a_score(page: Page, url: str) -> None:
    visit(page, url, model=GAN, tab="picture")
    give(page, png(DIGIT))
    expect(page.locator(".result")).to_contain_text("Score: ")
    score, own = float(model(GAN).score(IMAGES)[0]), model(GAN).score(model(GAN).sample(64, seed=0))
    sentence = r"Score: (\S+), above (\d+) % of its own samples' \((\S+) to (\S+)\)\."
    told = re.fullmatch(sentence, page.locator(".result").inner_text())
    assert told is not None
    numbers, share = [float(told[i]) for i in (1, 3, 4)], float(told[2])
    assert numbers == pytest.approx([score, own.min(), own.max()], abs=0.006)
    assert share == pytest.approx(100 * (own < score).mean(), abs=0.51)
    expect(page.locator(".scale i")).to_have_count(65)


def test_a_picture_in_colours(page: Page, url: str) -> None:
    visit(page, url, model=COLOR, tab="picture")
    picture = np.zeros((50, 64, 3), dtype=np.uint8)
    picture[:, 7:57] = (0, 200, 100)  # the square in the middle, which is kept
    picture[:25, 7:57] = (200, 0, 100)
    give(page, png(picture))
    expect(page.locator(".result")).to_contain_text("Squared error per pixel: ")
    settled(page)
    pad = levels(page, ".pad")[0].astype(int)
    assert pad.shape == (32, 32, 3)
    assert np.abs(pad[:14] - (200, 0, 100)).max() <= 2
    assert np.abs(pad[18:] - (0, 200, 100)).max() <= 2
    page.get_by_label("Pen", exact=True).fill("#0000ff")
    page.locator(".pad").click()
    settled(page)
    assert levels(page, ".pad")[0, 16, 16].tolist() == pytest.approx([0, 0, 255], abs=2)


def test_drawing(page: Page, url: str) -> None:
    visit(page, url, model=VAE, tab="picture")
    box = page.locator(".pad").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] * 0.8, steps=8)
    page.mouse.up()
    expect(page.locator(".result")).to_contain_text("Squared error per pixel: ")
    settled(page)
    drawn = levels(page, ".pad")
    assert (drawn[0, 7:21, 13:15] > 200).all()
    assert (drawn[0, :, :10] == 0).all()
    assert len(state(page)["px"]) > 1000
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".result")).to_contain_text("Squared error per pixel: ")
    assert (levels(other, ".pad") == drawn).all()
    assert (levels(other, ".results canvas") == levels(page, ".results canvas")).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.png", b"\x89PNG\r\n\x1a\nno picture"),
        ("empty.png", b""),
        ("words.txt", b"words"),
        ("cut.png", png(np.zeros((500, 500), np.uint8))[:60]),
    ],
)
def test_a_broken_upload(name: str, content: bytes, page: Page, url: str) -> None:
    visit(page, url, model=VAE, tab="picture")
    before, alert = page.url, page.locator("#alert")
    give(page, content, name)
    sentence = f"{name} is no picture that this browser reads: choose a PNG, JPEG, GIF or WebP file."
    expect(alert).to_contain_text(sentence)
    assert page.url == before
    alert.get_by_role("button", name="Close").click()
    expect(alert).to_be_hidden()
    give(page, png(DIGIT))
    expect(page.locator(".result")).to_contain_text("Squared error per pixel: ")


def test_a_picture_that_is_dropped(page: Page, url: str) -> None:
    visit(page, url, model=VAE, tab="picture")
    page.locator(".pad").evaluate(
        """(pad, bytes) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([new Uint8Array(bytes)], "digit.png", {type: "image/png"}));
          pad.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
        }""",
        list(png(DIGIT)),
    )
    expect(page.locator(".result")).to_contain_text("Squared error per pixel: ")
    assert_shown(page, ".pad", IMAGES)


def test_the_way_a_model_came(page: Page, url: str) -> None:
    visit(page, url, model=COLOR, tab="training")
    with Image.open(model(COLOR).folder.file("progress.png")) as file:
        sheet = np.asarray(file.convert("RGB"))
    for row in (5, 2):
        page.get_by_label("Time").fill(str(row))
        settled(page)
        top = 34 * (row - 1)
        assert (levels(page, ".progress")[0, :32, :32] == sheet[top : top + 32, :32]).all()
        expect(page.locator(".result")).to_have_text(f"After {row * 10_000:,} of 50,000 steps")
    assert state(page) == {"model": COLOR, "tab": "training", "row": "2"}


def test_a_link_brings_back_just_this(page: Page, url: str) -> None:
    visit(page, url, model=GAN, seed=11, n=36, pair="1.36", t=5)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    other = page.context.new_page()
    other.goto(page.evaluate("navigator.clipboard.readText()"))
    settled(other)
    for selector in (".sample canvas", ".way > canvas:not(.strip)", ".strip"):
        assert (levels(other, selector) == levels(page, selector)).all()


def test_two_tabs_are_two(page: Page, url: str) -> None:
    pages = {GAN: page, VAE: page.context.new_page()}
    for name, one in pages.items():
        one.goto(f"{url}#model={name}")
    for one in pages.values():
        one.get_by_role("button", name="Next").click()
    for name, one in pages.items():
        settled(one)
        assert_shown(one, ".sample canvas", model(name).sample(16, seed=1))


@pytest.mark.parametrize("wrong", ["no-such-model", "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"])
def test_a_link_to_what_is_not_there(wrong: str, page: Page, url: str) -> None:
    page.goto(f"{url}#model={wrong}")
    expect(page.get_by_role("heading", name="Not here")).to_be_visible()
    page.get_by_role("link", name="All models").click()
    expect(page.locator(".card").first).to_be_visible()


def test_a_link_that_is_wrong_in_all_it_can_be(page: Page, url: str) -> None:
    wrong = dict.fromkeys(("seed", "n", "prior", "pair", "t", "from", "d", "xy", "px", "row"), "x.-1.%F0%9F%98%80")
    for tab in ("directions", "plane", "picture", "training", "none"):
        visit(page, url, model=PLANE, tab=tab, **wrong)
        expect(page.locator("#alert")).to_be_hidden()
    assert_shown(page, ".sample canvas", model(PLANE).sample(16, seed=0))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [GAN, PLANE])
def test_all_fits_the_width(width: int, name: str, page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".card").first).to_be_visible()
    for tab in [None, *TABS]:
        if tab == "Samples":
            visit(page, url, model=name, pair="1.2")
        if tab and (name == PLANE or tab != "Plane"):
            page.get_by_role("tab", name=tab).click()
            settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        controls = page.locator("button:visible, select:visible, canvas:visible, input:visible:not(.unseen)")
        boxes = controls.evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())")
        assert boxes
        assert all(box["left"] >= 0 and box["right"] <= width for box in boxes)


def tab_to(page: Page, selector: str) -> None:
    """Go to a control by the Tab key, and see that it is shown where one is."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate("document.activeElement.matches(':focus-visible')")
            return
    raise AssertionError(f"{selector} cannot be reached")


@pytest.mark.usefixtures("width")
@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_alone(page: Page, url: str) -> None:
    press = page.keyboard.press
    page.goto(url)
    expect(page.locator(".card").first).to_be_visible()
    press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    press("Enter")
    expect(page.locator("main")).to_be_focused()
    press("Tab")
    press("ArrowRight")
    expect(page.locator(".filters > p")).not_to_have_text(f"{len(SHOWN)} models")
    press("ArrowLeft")
    tab_to(page, f"[href*='{PLANE}']")
    press("Enter")
    settled(page)

    tab_to(page, "[role=tab]")
    tab_to(page, "input[type=text]")
    press("ControlOrMeta+a")
    page.keyboard.type("4")
    press("Enter")
    settled(page)
    tab_to(page, ".sample")
    for key in ("Enter", "ArrowRight", "ArrowDown", "Space"):
        press(key)
    settled(page)
    assert state(page) == {"model": PLANE, "seed": "4", "pair": "1.6"}
    tab_to(page, ".way input")
    press("End")
    assert state(page)["t"] == "32"

    def next_tab(key: str = "ArrowRight") -> None:
        page.locator("main").focus()
        tab_to(page, "[role=tab]")
        press(key)
        settled(page)

    next_tab()
    tab_to(page, ".slider input")
    press("ArrowRight")
    assert "d" in state(page)
    next_tab()
    tab_to(page, ".plane input")
    press("Home")
    assert state(page)["xy"] == "0.005_0.500"
    next_tab()
    tab_to(page, "#file")
    tab_to(page, ".pad")
    for key in ("ArrowUp", "Space", "Shift+ArrowUp", "Shift+ArrowUp"):
        press(key)
    settled(page)
    assert levels(page, ".pad")[0, 11:13, 13:15].min() > 150
    press("Backspace")
    settled(page)
    assert levels(page, ".pad")[0, 11, 13:15].max() < 100
    next_tab("End")
    tab_to(page, ".training input")
    press("Home")
    assert state(page)["row"] == "1"


def test_what_cannot_be_fetched_is_said(page: Page, url: str) -> None:
    page.route("**/generator.onnx", lambda route: route.abort())
    page.goto(f"{url}#model={GAN}")
    sentence = "generator.onnx could not be fetched: see whether the server still runs, then try again."
    expect(page.locator("#alert")).to_contain_text(sentence)
    page.unroute_all()
    page.get_by_role("button", name="Next").click()
    settled(page)
    expect(page.locator("#alert")).to_be_hidden()
    assert_shown(page, ".sample canvas", model(GAN).sample(16, seed=1))


def test_what_is_damaged_is_said(checkpoint: Path, tmp_path: Path, page: Page) -> None:
    run = Path(shutil.copytree(checkpoint, tmp_path / "run"))
    with Server(Site(find_models([run]))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert server.site["index.json"]
        (run / "model.safetensors").write_bytes(b"")
        page.goto(f"{server.url}#model=mlpvae-mnist-z2-l1")
        expect(page.locator("#alert")).to_contain_text(f"{run / 'model.safetensors'} is damaged or altered")
        server.shutdown()


def test_a_browser_without_webassembly(page: Page, url: str) -> None:
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(url)
    alert = page.locator("#alert")
    sentence = "This browser has no WebAssembly, by which the models are computed: open the page in a newer one."
    expect(alert).to_contain_text(sentence)
    page.locator(".card").first.click()
    settled(page)
    expect(alert).to_contain_text(sentence)


def test_weights_are_fetched_once(page: Page, url: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, url, model=VAE)
    page.get_by_role("button", name="Next").click()
    for tab in ("Directions", "Picture", "Samples"):
        page.get_by_role("tab", name=tab).click()
        settled(page)
    page.get_by_role("link", name="All models").click()
    page.go_back()
    settled(page)
    assert [one for one in asked if one.endswith(".safetensors")] == [f"{url}models/{VAE}/model.safetensors"]
    assert all(one.startswith(url) for one in asked if one != "about:blank")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def test_a_static_site_lies_below_any_address(page: Page, tmp_path: Path) -> None:
    Site(find_models([PLANE])).write(tmp_path / "docs" / "play")
    serving = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serving) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        visit(page, f"http://127.0.0.1:{server.server_port}/docs/play/", model=PLANE, seed=2)
        assert_shown(page, ".sample canvas", model(PLANE).sample(16, seed=2))
        page.get_by_role("tab", name="Directions").click()
        settled(page)
        expect(page.locator(".slider")).to_have_count(2)
        server.shutdown()
