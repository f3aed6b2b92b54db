"""What the page says, in English and Japanese. {0} and {1} are filled in by the page."""

from __future__ import annotations

from typing import Any

_KEYS = ("← →", "Home End", "↑ ↓", "Enter", "Tab", "/", "+ − 0", "p", "Esc")

_ENGLISH: dict[str, Any] = {
    "start": "Start", "forward": "Forward pass", "seed": "Backward pass begins", "backward": "Backward pass",
    "value": "value", "gradient": "gradient", "grad": "grad", "none": "—", "notComputed": "not computed",
    "constant": "constant",
    "leaf": "input", "parameter": "parameter", "intermediate": "computed", "output": "output", "omitted": "left out",
    "positive": "positive gradient", "negative": "negative", "block": "block {0}", "nodes": "{0} nodes",
    "boxLabel": "{0}, box of {1} nodes", "valueIs": "value {0}", "gradientIs": "gradient {0}",
    "nan": "first nan", "inf": "first inf", "nan gradient": "first nan of backward",
    "inf gradient": "first inf of backward", "dead": "dead: no gradient passes",
    "saturated": "saturated: little gradient passes", "heat": "heat map of an array of shape {0}",
    "seedWhy": "The derivative of the result by itself is 1. From here the chain rule leads back.",
    "wayBack": "The gradient flows back:",
    "after": "gradient so far", "ones": "what it makes of ḡ = 1", "sum": "Sum over its uses", "inputs": "Made of",
    "source": "Source", "path": "show its paths to {0}",
    "choose": "Choose a node to see its value, its gradient and where they come from.",
    "fold": "fold", "unfold": "unfold", "foldBox": "fold the box “{0}”",
    "failed": "{0} failed", "program": "the program",
    "ask": "What is {0} after this step?", "askElement": "What is the first element of {0} after this step?",
    "check": "Check", "hint": "Hint", "reveal": "Show", "right": "Right.",
    "wrong": "Not yet. Try again, or take the hint.",
    "wrongSign": "The size is right, the sign is not.", "noNumber": "Enter a number, such as -0.25 or 1/4.",
    "onlyPart": "That is what this use adds. {0} is there already: add the two.",
    "seedHint": "{0}: how much does the result change when it changes by 1?", "found": "{0} found",
    "search": "Search name, op or module", "slider": "step", "graph": "computation graph", "panel": "explanation",
    "folded": "{0} nodes, drawn as {1}: too many to go through step by step. Nodes that are alike are one, and boxes "
              "hold the rest.",
    "keys": "Keys", "help": "keys", "first": "first step", "previous": "step back", "play": "Play", "pause": "Pause",
    "next": "step forward", "last": "last step", "zoomOut": "zoom out", "zoomIn": "zoom in", "fit": "fit to window",
    "theme": "light or dark",
    "keyList": list(zip(_KEYS, (
        "step back, step forward", "first step, last step", "from node to node (focus in the graph)",
        "choose a node; fold or unfold a box", "graph, panel, controls", "search", "zoom, fit to window", "play",
        "choose nothing"))),
}

_JAPANESE: dict[str, Any] = {
    "start": "開始", "forward": "順伝播", "seed": "逆伝播の始まり", "backward": "逆伝播",
    "value": "値", "gradient": "勾配", "grad": "勾配", "none": "—", "notComputed": "未計算", "constant": "定数",
    "leaf": "入力", "parameter": "パラメータ", "intermediate": "計算値", "output": "出力", "omitted": "省略",
    "positive": "正の勾配", "negative": "負", "block": "ブロック {0}", "nodes": "ノード {0} 個",
    "boxLabel": "{0}、ノード {1} 個の箱", "valueIs": "値 {0}", "gradientIs": "勾配 {0}",
    "nan": "最初の nan", "inf": "最初の inf", "nan gradient": "逆伝播で最初の nan",
    "inf gradient": "逆伝播で最初の inf", "dead": "死んだユニット：勾配が流れない",
    "saturated": "飽和：勾配がほとんど流れない", "heat": "形 {0} の配列のヒートマップ",
    "seedWhy": "結果を結果自身で微分すると 1。ここから連鎖律でさかのぼる。",
    "wayBack": "勾配の流れ：",
    "after": "ここまでの勾配", "ones": "ḡ = 1 から得られるもの",
    "sum": "使われる箇所すべての和", "inputs": "もとになるもの",
    "source": "ソース", "path": "{0} までの経路を表示", "choose": "ノードを選ぶと、値と勾配、その由来を表示します。",
    "fold": "たたむ", "unfold": "ひらく", "foldBox": "箱「{0}」をたたむ",
    "failed": "{0} が失敗", "program": "プログラム",
    "ask": "このステップのあと {0} はいくつ？", "askElement": "このステップのあと {0} の最初の要素はいくつ？",
    "check": "答え合わせ", "hint": "ヒント", "reveal": "答えを見る", "right": "正解です。",
    "wrong": "まだ違います。もう一度考えるか、ヒントを見てください。",
    "wrongSign": "大きさは合っています。符号が逆です。", "noNumber": "-0.25 や 1/4 のような数を入力してください。",
    "onlyPart": "それはこの箇所からの寄与です。すでに {0} があるので、足してください。",
    "seedHint": "{0}：それ自身が 1 変わると、結果はいくつ変わる？", "found": "{0} 件",
    "search": "名前・演算・モジュールを検索", "slider": "ステップ", "graph": "計算グラフ", "panel": "説明",
    "folded": "ノード {0} 個を {1} 個にまとめた図です。1ステップずつたどるには多すぎます。",
    "keys": "キー操作", "help": "キー操作", "first": "最初のステップ", "previous": "1つ戻る", "play": "再生",
    "pause": "一時停止",
    "next": "1つ進む", "last": "最後のステップ", "zoomOut": "縮小", "zoomIn": "拡大", "fit": "全体を表示",
    "theme": "明るい・暗い",
    "keyList": list(zip(_KEYS, (
        "1つ戻る、1つ進む", "最初、最後のステップ", "ノードからノードへ（グラフにフォーカスがあるとき）",
        "ノードを選ぶ、箱をひらく・たたむ", "グラフ、説明、操作へ", "検索", "拡大・縮小、全体を表示", "再生",
        "選択をやめる"))),
}

WORDS = {"en": _ENGLISH, "ja": _JAPANESE}
