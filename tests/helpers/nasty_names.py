"""Names that mean something to some notation, and how a text reads whose names are taken out."""

NASTY = [
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "</title></svg><b>", "</textarea>--><!--",
    "]]>", "-->", "<!-- a", "&lt;script&gt;", "&#60;i&#62;", "&", "\"", "'", "`code`", "$x^2$", "$$", "\\(x\\)",
    "\\input{a}", "}\\end{document}{", "{a|b}", "50 % of #1 ~ _a^b", "\\", "a\\", "\\N \\G \\l", "two\nlines\r\n",
    "a\x00b\x07\x1b[31m", "\u202egnp.exe", "\u2066a\u2069\u200f", "\u2028 \u2029", "\ud800", "😀 👩‍🔬 שלום 日本語",
    "javascript:alert(1)", "end subgraph graph digraph node", "n1:s0 -> n2 [label=x];", "long " * 4000]
assert len(NASTY) == 34
