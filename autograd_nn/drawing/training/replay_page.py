"""The page of a replay: its frame, and its words in two languages."""

from __future__ import annotations

from typing import Any

from ...errors import UsageError
from ..page import Page
from ..page.frame import framed

BODY = """<header><h1></h1><button id="language"></button><button id="theme"></button></header>
<main id="replay"><section class="card" id="whole"><h2 id="graphTitle"></h2>
<div id="graph" tabindex="0"></div></section>
<div id="left"><section class="card"><h2 id="lossTitle"></h2><div id="loss"></div></section>
<section class="card" id="plane" hidden><h2 id="planeTitle"></h2><canvas id="boundary" width="720" height="540"
role="img"></canvas><div id="classes"></div></section></div>
<div id="right"><section class="card"><h2 id="stateTitle"></h2><p id="optimizer" class="about"></p>
<div id="parameters"></div></section></div></main>
<footer><button id="first"></button><button id="previous"></button><button id="play"></button>
<button id="next"></button><button id="last"></button><input id="slider" type="range" min="0" step="1">
<output id="count"></output></footer>"""

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "training": "training", "loss": "loss", "graph": "graph at this step", "plane": "decision boundary",
        "state": "parameters and optimizer", "step": "step {0}", "of": "step {0} of {1}", "slider": "step",
        "value": "value", "gradient": "gradient", "none": "not computed", "velocity": "velocity", "mean": "mean m",
        "square": "square v", "first": "first step", "previous": "one step back", "play": "play", "pause": "pause",
        "next": "one step on", "last": "last step", "theme": "light or dark", "language": "日本語", "average": "mean",
        "before": "The state is the one that the optimizer enters this step with.",
        "keys": "← → steps, Home End, space plays", "range": "{0} to {1}", "scale": "logarithmic scale"},
    "ja": {
        "training": "学習", "loss": "損失", "graph": "このステップの計算グラフ", "plane": "決定境界",
        "state": "パラメータと最適化", "step": "ステップ {0}", "of": "ステップ {0} / {1}", "slider": "ステップ",
        "value": "値", "gradient": "勾配", "none": "未計算", "velocity": "速度", "mean": "平均 m",
        "square": "二乗 v", "first": "最初のステップ", "previous": "1つ戻る", "play": "再生", "pause": "一時停止",
        "next": "1つ進む", "last": "最後のステップ", "theme": "明るい・暗い", "language": "English", "average": "平均",
        "before": "最適化の状態は、このステップに入るときのものです。",
        "keys": "← → ステップ、Home End、スペースで再生", "range": "{0} から {1}", "scale": "対数目盛"},
}


def replay_page(data: dict[str, Any], *, title: str | None, lang: str, height: int) -> Page:
    """The page with a record that Replay made. Raises UsageError for a language that there is not."""
    if lang not in WORDS:
        raise UsageError(f"lang: the page is written in {' and '.join(map(repr, WORDS))}, not {lang!r}")
    # What data.js and elements.js of the other page look for is empty here.
    record = {**data, "lang": lang, "words": WORDS, "nodes": {"inputs": []}, "events": None, "boxes": [], "roots": []}
    return Page(framed(BODY, record, title=title or WORDS[lang]["training"], lang=lang,
                       scripts=("data", "elements", "replay"), styles=("page", "replay")),
                height, title or WORDS[lang]["training"])
