"""Text and word vectors: vocabularies, windows, pairs, the corpus with planted structure, word2vec."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_nn import Tensor, check_gradients, data, nn, optim, train
from autograd_nn.errors import DataError, DTypeError, ShapeError, UsageError


@given(st.text(min_size=1))
def test_a_text_is_decoded_as_it_was_encoded(text):
    vocabulary = data.Vocabulary(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text
    counts = Counter(text)
    assert {token: int(n) for token, n in zip(vocabulary.tokens, vocabulary.counts)} == dict(counts)
    assert (np.diff(vocabulary.counts) <= 0).all() and len(vocabulary) == len(counts)


@given(st.lists(st.sampled_from(["a", "bb", "c c", "?"]), min_size=1), st.integers(1, 3))
def test_words_that_are_rare_are_unknown(tokens, least):
    vocabulary = data.Vocabulary(tokens, unknown="?", min_count=least)
    counts = Counter(tokens)
    want = [token if counts[token] >= least and token != "?" else "?" for token in tokens]
    assert vocabulary.decode(vocabulary.encode(tokens)) == want
    assert vocabulary.counts.sum() == len(tokens) and vocabulary.counts[0] == want.count("?")


def test_words_of_a_text():
    assert data.words("Do cats eat bats? It'll -- 'never' do; snake_case 42") == \
        ["do", "cats", "eat", "bats", "it'll", "never", "do", "snake", "case", "42"]


def test_the_text_that_ships():
    text = data.alice()
    assert len(text) >= 5000 and text.isascii() and "White Rabbit" in text
    vocabulary = data.Vocabulary(data.words(text))
    assert vocabulary.tokens[0] == "the" and "alice" in vocabulary


@given(st.integers(2, 30), st.integers(1, 6), st.integers(1, 6))
def test_windows(n, length, step):
    row = np.arange(10, 10 + n)
    if n <= length:
        with pytest.raises(DataError):
            data.windows(row, length, step)
        return
    x, y = data.windows(row, length, step)
    want = [list(range(s, s + length)) for s in range(0, n - length, step)]
    assert x.tolist() == [[10 + i for i in part] for part in want] and (y == x + 1).all()


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=4), st.integers(1, 3))
def test_pairs_and_contexts_are_the_same_neighbours(sentences, window):
    pairs = [(s[i], s[j]) for s in sentences for i in range(len(s)) for j in range(len(s)) if 0 < abs(i - j) <= window]
    if not pairs:
        for made in (data.skip_gram_pairs, data.cbow_windows):
            with pytest.raises(DataError):
                made(sentences, window)
        return
    centres, contexts = data.skip_gram_pairs(sentences, window)
    assert sorted(zip(centres.tolist(), contexts.tolist())) == sorted(pairs)
    rows, middles = data.cbow_windows(sentences, window)
    assert rows.shape == (len(middles), 2 * window)
    assert sorted((c, w) for c, row in zip(middles.tolist(), rows.tolist()) for w in row if w >= 0) == sorted(pairs)


def test_the_planted_corpus_holds_what_it_says():
    corpus = data.planted_corpus(2000, rng=0)
    seen = {word for sentence in corpus for word in sentence}
    planted = [word for pairs in data.PLANTED.values() for pair in pairs for word in pair]
    assert len(planted) == len(set(planted)) and set(planted) <= seen
    assert all(sum(word in planted for word in sentence) == 1 for sentence in corpus)
    assert corpus == data.planted_corpus(2000, rng=0) != data.planted_corpus(2000, rng=1)
    for a, b, c, d in data.planted_analogies():
        assert any((a, b) in pairs and (c, d) in pairs for pairs in data.PLANTED.values()) and a != c


# --- word2vec -------------------------------------------------------------------------------------

def model_of(kind, counts=None, **options):
    return kind(["a", "b", "c", "d"], 3, counts, rng=0, dtype=float, **options)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [nn.SkipGram, nn.CBOW])
def test_the_loss_is_its_formula(kind, monkeypatch):
    model, rng = model_of(kind, negative=3), np.random.default_rng(0)
    model.vectors.weight.data, model.outputs.weight.data = rng.normal(size=(2, 4, 3))
    drawn = np.array([[0, 1, 3], [2, 2, 1]])
    monkeypatch.setattr(model, "noise", lambda shape: drawn)
    v, u = model.vectors.weight.data, model.outputs.weight.data
    x = [1, 3] if kind is nn.SkipGram else [[0, 2], [3, -1]]
    hidden = [v[1], v[3]] if kind is nn.SkipGram else [(v[0] + v[2]) / 2, v[3]]
    target, want = [3, 2], 0.0
    for h, t, row in zip(hidden, target, drawn):
        want -= np.log(1 / (1 + np.exp(-u[t] @ h)))
        want -= sum(np.log(1 / (1 + np.exp(u[k] @ h))) for k in row if k != t)
    assert model.loss(model(x), target).item() == pytest.approx(want / 2, rel=1e-12)

    def total(vectors, outputs):
        model.vectors.weight, model.outputs.weight = vectors, outputs
        return model.loss(model(x), target)
    check_gradients(total, v, u, order=2)


def test_noise_is_the_counts_to_three_quarters():
    counts = np.array([81.0, 16.0, 1.0, 0.0])
    drawn = model_of(nn.SkipGram, counts).noise(200_000)
    want = counts ** 0.75 / (counts ** 0.75).sum()
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / len(drawn), want, atol=0.005)
    assert want[3] == 0 and not (drawn == 3).any()


def test_neighbours_and_analogies_go_by_the_cosine():
    model = nn.CBOW(["king", "queen", "man", "woman", "far"], 2, rng=0, dtype=float)
    model.vectors.weight.data = np.array([[2.0, 2.0], [-1.0, 1.0], [3.0, 0.0], [-2.0, 0.1], [0.0, -1.0]])
    assert [word for word, _ in model.neighbours("king", 2)] == ["queen", "man"] or \
        [word for word, _ in model.neighbours("king", 2)] == ["man", "queen"]
    (first, cosine), *_ = model.neighbours("man", 4)
    assert first == "king" and cosine == pytest.approx(np.sqrt(0.5))
    assert model.analogy("man", "king", "woman")[0][0] == "queen"
    assert len(model.neighbours("far", 99)) == 4 and model["man"].tolist() == [3.0, 0.0]


@pytest.mark.slow
def test_skip_gram_finds_what_was_planted():
    corpus = data.planted_corpus(2000, rng=1)
    vocabulary = data.Vocabulary(word for sentence in corpus for word in sentence)
    rows = data.skip_gram_pairs([vocabulary.encode(sentence).tolist() for sentence in corpus], window=4)
    model = nn.SkipGram(vocabulary.tokens, 16, vocabulary.counts, rng=0)
    train.fit(model, rows, loss=model.loss, epochs=6, batch_size=256, rng=0, progress=False,
              optimizer=optim.Adam(model.parameters(), lr=0.01))
    right = [model.analogy(a, b, c)[0][0] == d for a, b, c, d in data.planted_analogies()]
    assert np.mean(right) > 0.9


WRONG = [
    (lambda: data.Vocabulary([]), DataError, "no token"),
    (lambda: data.Vocabulary("abc", min_count=2), DataError, "2 times"),
    (lambda: data.Vocabulary("abc").encode("abz"), DataError, "'z'"),
    (lambda: data.Vocabulary("abc").encode(letter for letter in "az"), DataError, "'z'"),
    (lambda: data.Vocabulary(["ab", "c"]).encode("ab c"), UsageError, "data.words"),
    (lambda: data.Vocabulary("abc").decode([3]), DataError, "0 to 2"),
    (lambda: data.Vocabulary("abc").decode([-1]), DataError, "0 to 2"),
    (lambda: data.Vocabulary("abc").decode([0.5]), DataError, "integers"),
    (lambda: data.windows([1, 2, 3], 0), UsageError, "length must be an integer >= 1, not 0"),
    (lambda: data.windows(np.ones((3, 3)), 2), DataError, r"\(3, 3\)"),
    (lambda: model_of(nn.SkipGram, [1, 2, 3]), DataError, "4 words"),
    (lambda: model_of(nn.SkipGram, [1, 2, 3, -4]), DataError, ">= 0"),
    (lambda: model_of(nn.SkipGram, negative=0), UsageError, "negative"),
    (lambda: model_of(nn.SkipGram)([4]), DataError, "no index 4"),
    (lambda: model_of(nn.SkipGram)([0.5]), DTypeError, "integers"),
    (lambda: model_of(nn.CBOW)([[-1, -1]]), DataError, "a word in each row"),
    (lambda: model_of(nn.CBOW)([1, 2]), DataError, r"\(2,\)"),
    (lambda: model_of(nn.SkipGram).loss(Tensor(np.ones((2, 3))), [1, 2, 3]), ShapeError, "need a target each"),
    (lambda: model_of(nn.SkipGram).loss(Tensor(np.ones((1, 3))), [9]), DataError, "no index 9"),
    (lambda: model_of(nn.SkipGram).neighbours("zebra"), DataError, "'zebra'"),
    (lambda: model_of(nn.SkipGram).analogy("a", "b", "zebra"), DataError, "'zebra'"),
]


@pytest.mark.parametrize(("call", "error", "said"), WRONG, ids=[f"{i}" for i in range(len(WRONG))])
def test_wrong_inputs_are_one_clear_error(call, error, said):
    with pytest.raises(error, match=said):
        call()
