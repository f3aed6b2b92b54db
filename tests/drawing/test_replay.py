"""replay: what it records, and the page that shows it, driven in a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re

import numpy as np
import pytest

from autograd_nn import Tensor, Value, nn, optim
from autograd_nn.drawing import replay, trace_of
from autograd_nn.drawing.training.boundary import Field
from autograd_nn.errors import DataError, ShapeError, UsageError

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
Y = [[0.0], [1.0], [1.0], [0.0]]
EVIL = '</script><script>alert(1)</script><img src=x onerror=alert(1)> "\' \n a->b 犬 🐕'


def trained(of=Tensor, steps=12, optimizer=None, evil=False, **options):
    """A film, and at each step what the model and its optimizer held."""
    model = nn.MLP(2, 3, 1, rng=1, activation="tanh", **({"of": Value} if of is Value else {"dtype": np.float64}))
    optimizer = (optimizer or (lambda p: optim.Adam(p, lr=0.05)))(model.parameters())
    film = replay(model, optimizer, x=X, y=[row[0] for row in Y], **options)
    field = Field(model, np.array(X), "logits", 40)
    seen = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.binary_cross_entropy_with_logits(model(X), Y)
        loss.name = EVIL if evil else "loss"
        loss.backward()
        film.snapshot(loss)
        seen.append((float(loss.data), model.state_dict(), optimizer.state_dict()["state"], trace_of(loss),
                     field.probabilities(field.on_grid())))
        optimizer.step()
    return film, seen


def data_in(html):
    packed = re.search(r'<script type="application/gzip" id="data">(.*?)</script>', html)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def in_order(leaves, key):
    return [leaf[key] for leaf in leaves]


# --- what is recorded ---------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("of", [Tensor, Value])
@pytest.mark.parametrize("kind", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.05)])
def test_every_snapshot_has_the_numbers_of_its_step(of, kind):
    film, seen = trained(of, 5, kind)
    data = data_in(film.page().html)
    assert data["losses"] == pytest.approx([loss for loss, *_ in seen], rel=1e-5)
    assert len(data["structures"]) == 1 and len(film) == 5
    names = [p["name"] for p in data["parameters"]]
    assert names == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert [p["shape"] for p in data["parameters"]] == [[3, 2], [3], [1, 3], [1]]
    for shot, (_, weights, state, trace, p) in zip(data["shots"], seen):
        start = 0
        for name, held in zip(names, shot["parameters"]):
            assert held["value"] == pytest.approx(weights[name].ravel().tolist(), rel=1e-4)
            n = weights[name].size if of is Value else 1
            mine, start = state[start:start + n], start + n
            for key in mine[0]:
                if key == "step":
                    assert held[key] == mine[0][key]
                else:
                    assert held[key] == pytest.approx(np.ravel(in_order(mine, key)).tolist(), rel=1e-4)
            assert set(held) == {"value", "gradient", *mine[0]}
        if of is Tensor:
            assert shot["values"][trace["roots"][0]] == pytest.approx(seen[shot["step"]][0], rel=1e-12)
            assert shot["gradients"][trace["roots"][0]] == 1
        cells = np.frombuffer(base64.b64decode(shot["boundary"]), dtype=np.uint8).reshape(40, 40)
        assert (cells >> 5 == p.argmax(axis=-1)).all()
        np.testing.assert_allclose((cells & 31) / 31, 2 * p.max(axis=-1) - 1, atol=0.5 / 31 + 1e-9)


def test_gradients_are_those_of_the_step():
    model = nn.MLP(2, 3, 1, rng=1, dtype=np.float64)
    loss = nn.mse_loss(model(X), Y)
    film = replay(model)
    film.snapshot(loss)
    assert "gradient" not in film.shots[0]["parameters"][0]
    loss.backward()
    film.snapshot(loss)
    for held, p in zip(film.shots[1]["parameters"], model.parameters()):
        assert held["gradient"] == pytest.approx(p.grad.ravel().tolist(), rel=1e-4)


def test_a_long_run_is_thinned_evenly_and_keeps_every_loss():
    film, seen = trained(steps=50, limit=10)
    assert [shot["step"] for shot in film.shots] == list(range(0, 50, 8))
    assert film.losses == [loss for loss, *_ in seen]


def test_another_graph_is_another_structure():
    w = Value(1.0, name="w")
    film = replay([w])
    for k in (1, 2, 1):
        loss = (w * k - 3.0) ** 2 if k == 1 else (w * k - 3.0) ** 2 + w
        loss.backward()
        film.snapshot(loss)
    assert [shot["graph"] for shot in film.shots] == [0, 1, 0]
    film.snapshot(loss, graph=w * 2)
    assert film.structures[2]["nodes"][-1]["symbol"] == "×"


def test_large_arrays_are_block_means_and_large_graphs_are_cut():
    w = Tensor(np.arange(100.0 * 60).reshape(100, 60), name="w")
    y = w
    for _ in range(200):
        y = y * 1.0
    film = replay([w], max_nodes=20)
    film.snapshot(y.sum())
    cells = np.array(film.shots[0]["parameters"][0]["value"]).reshape(24, 24)
    starts = (np.arange(24) * 100 // 24, np.arange(24) * 60 // 24)
    ends = ((np.arange(24) + 1) * 100 // 24, (np.arange(24) + 1) * 60 // 24)
    for i in range(24):
        for j in range(24):
            block = w.data[starts[0][i]:ends[0][i], starts[1][j]:ends[1][j]]
            assert cells[i, j] == pytest.approx(block.mean(), rel=1e-4)
    assert sum(node["role"] != "constant" for node in film.structures[0]["nodes"]) <= 21
    boxes = [(n["x"], n["y"], n["height"]) for n in film.structures[0]["nodes"]]
    for i, (x, y, _) in enumerate(boxes):
        for u, v, height in boxes[:i]:
            assert x != u or abs(y - v) >= height or y >= v + height or v >= y


@pytest.mark.parametrize("of", [Tensor, Value])
def test_a_snapshot_after_the_step_is_refused(of):
    model = nn.MLP(2, 3, 1, rng=1, of=of)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    film = replay(model, optimizer)
    loss = nn.mse_loss(model(X), Y)
    loss.backward()
    film.snapshot(loss)
    optimizer.step()
    with pytest.raises(UsageError, match=r"before optimizer\.step\(\)"):
        film.snapshot(loss)


def test_a_generator_of_parameters_will_do():
    model = nn.MLP(2, 3, 1, rng=1, of=Value)
    film = replay(model.parameters())
    film.snapshot(nn.mse_loss(model(X), Y))
    assert [name for name, *_ in film.parameters] == ["weight", "bias", "weight#2", "bias#2"]
    assert "weight#2[0,1]" in [node["name"] for node in film.structures[0]["nodes"]]


def test_wrong_use_is_said():
    model = nn.MLP(2, 3, 1, rng=1)
    with pytest.raises(UsageError, match="no snapshot yet"):
        replay(model).page()
    with pytest.raises(UsageError, match="x and y come together"):
        replay(model, x=X)
    with pytest.raises(ShapeError):
        replay(model, x=[[1.0]], y=[0])
    with pytest.raises(DataError):
        replay(model, x=X, y=[0, 1, 2, 3])
    with pytest.raises(UsageError, match="an optimizer has params"):
        replay(model, 0.1)
    with pytest.raises(UsageError, match="limit"):
        replay(model, limit=1)
    with pytest.raises(UsageError, match="a model is a Module"):
        replay(3)
    with pytest.raises(UsageError, match="can be called"):
        replay([Value(1.0)], x=X, y=[0, 1, 1, 0])
    with pytest.raises(UsageError, match=r"snapshot\(loss\)"):
        replay(model).snapshot(model(X))
    film, _ = trained(steps=1)
    with pytest.raises(UsageError, match="'en' and 'ja'"):
        film.page(lang="de")


def test_the_page_is_one_file_that_asks_for_nothing_and_is_the_same_each_time(tmp_path):
    film, _ = trained(steps=3, title=EVIL)
    page = film.html(tmp_path / "run.html").read_text(encoding="utf-8")
    assert page == film.page().html and film._repr_html_().startswith("<iframe")
    assert "default-src 'none'" in page and page.count("<script") == 4 and "<img" not in page
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)
    assert len(page) < 30_000


def test_nan_and_inf_in_a_run_are_shown():
    w = Tensor([1.0, 2.0])
    film = replay([w])
    for scale in (1.0, np.inf, np.nan):
        with np.errstate(all="ignore"):
            film.snapshot((w * scale).sum())
    assert data_in(film.page().html)["losses"] == [3, "inf", "nan"]


# --- the page in a browser ----------------------------------------------------------------------------

@pytest.fixture
def opened(visit, tmp_path):
    """Opens a film's page."""
    def open_page(film, scheme="light"):
        page = visit(film.html(tmp_path / "run.html"), (1200, 800), scheme)
        page.locator("#count:not(:empty)").wait_for()
        return page
    return open_page


def numbers(page, section, key):
    cells = page.locator("#parameters section").nth(section).locator(f'[data-key="{key}"] td').all_inner_texts()
    return [float(text.replace("−", "-")) for text in cells]


@pytest.mark.slow
def test_the_slider_and_the_keys_show_each_step(opened):
    film, seen = trained(steps=12)
    page = opened(film)
    assert page.inner_text("#count").startswith("step 11 of 11")
    page.keyboard.press("Home")
    for step in range(12):
        loss, weights, state, _, _ = seen[step]
        text = page.inner_text("#count")
        assert text.startswith(f"step {step} of 11") and float(text.split()[-1]) == pytest.approx(loss, rel=1e-3)
        assert page.get_attribute("#slider", "aria-valuetext") == text
        assert numbers(page, 0, "value") == pytest.approx(weights["layers.0.weight"].ravel().tolist(), rel=6e-3)
        if step:
            assert numbers(page, 0, "mean") == pytest.approx(state[0]["mean"].ravel().tolist(), rel=6e-3)
            assert numbers(page, 1, "square") == pytest.approx(state[1]["square"].ravel().tolist(), rel=6e-3)
            assert f"step {step}" in page.locator("#parameters h3").first.inner_text()
        page.keyboard.press("ArrowRight")
    page.locator("#slider").fill("4")
    assert page.inner_text("#count").startswith("step 4 of 11")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#count").startswith("step 3 of 11")
    for button, step in (("#first", 0), ("#next", 1), ("#last", 11), ("#previous", 10)):
        page.click(button)
        assert page.inner_text("#count").startswith(f"step {step} of 11")
    box = page.locator("#loss svg").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.18, box["y"] + 40)
    assert page.inner_text("#count").startswith("step 0 of 11")


@pytest.mark.slow
def test_the_graph_shows_values_and_gradients_of_the_step(opened):
    film, seen = trained(steps=3)
    page = opened(film)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    node = page.locator("#graph g.output")
    assert "loss" in node.text_content() and f"{seen[1][0]:.4g}" in node.text_content()
    assert "∂ 1" in node.text_content()
    assert page.locator("#graph g.parameter").count() == 4
    assert page.locator("#graph rect").count() == len(seen[1][3]["nodes"])


@pytest.mark.slow
def test_it_plays_to_the_end_and_stops(opened):
    film, _ = trained(steps=4)
    page = opened(film)
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "pause"
    page.locator("#count", has_text="step 3 of 3").wait_for(timeout=8000)
    page.locator("#play[aria-label='play']").wait_for()


@pytest.mark.slow
def test_the_boundary_is_drawn_and_changes_with_the_theme(opened):
    film, _ = trained(steps=40, optimizer=lambda p: optim.Adam(p, lr=0.3), title="two")
    page = opened(film, scheme="dark")

    def pixel(x, y):
        return page.evaluate("""([x, y]) => {
            const c = document.getElementById("boundary");
            return [...c.getContext("2d").getImageData(x * c.width, y * c.height, 1, 1).data];
        }""", [x, y])
    page.keyboard.press("End")
    dark = pixel(0.3, 0.5)
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    light = pixel(0.3, 0.5)
    assert sum(light[:3]) > sum(dark[:3]) > 0
    p = film.field.probabilities(film.field.on_grid())                   # of the model as it is now, a step later
    for x in (0.03, 0.97):
        for y in (0.03, 0.97):
            blue = p[int((1 - y) * 39.9), int(x * 39.9), 0] > 0.5
            red, _, b, _ = pixel(x, y)
            assert (b > red) == blue


@pytest.mark.slow
def test_it_speaks_japanese_and_no_name_is_markup(opened):
    film, _ = trained(steps=2, title=EVIL, evil=True)
    page = opened(film)
    assert page.locator("script").count() == 3 and page.locator("img").count() == 0
    assert page.inner_text("h1").startswith("</script><script>alert(1)</script>")
    assert "</script>" in page.locator("#graph g.output title").text_content()
    page.click("#language")
    assert page.inner_text("#lossTitle") == "損失" and page.get_attribute("html", "lang") == "ja"
    assert page.inner_text("#count").startswith("ステップ 1 / 1")


@pytest.mark.slow
def test_a_run_of_values_without_an_optimizer_or_a_plane(opened):
    w = Value(2.0, name="w")
    film = replay([w])
    for _ in range(3):
        loss = (w * 3.0 - 1.0) ** 2
        w.zero_grad()
        loss.backward()
        film.snapshot(loss)
        w.data -= 0.01 * w.grad
    page = opened(film)
    assert page.locator("#plane").is_hidden()
    assert numbers(page, 0, "value") == pytest.approx(film.shots[2]["values"][:1], rel=6e-3)
    assert page.locator("#graph g.parameter .title").text_content() == "w"
