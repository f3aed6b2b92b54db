"""word2vec: skip-gram and CBOW find the relations that were planted in a corpus."""

from learning import Task, run

import numpy as np

from autograd_nn import data, nn, optim, train


def answered(model: nn.SkipGram | nn.CBOW, analogies: list[tuple[str, str, str, str]]) -> float:
    """The share of analogies whose fourth word is the first that the model names."""
    return float(np.mean([model.analogy(a, b, c)[0][0] == d for a, b, c, d in analogies]))


def beside(model: nn.SkipGram | nn.CBOW) -> float:
    """The share of planted words whose nearest planted word is of their relation and side: capitals by capitals.

    The other word of a pair, which shares its topic, is right too.
    """
    groups = [tuple(pair[side] for pair in pairs) for pairs in data.PLANTED.values() for side in (0, 1)]
    partner = {a: b for pairs in data.PLANTED.values() for pair in pairs for a, b in (pair, pair[::-1])}
    planted, right = {word for group in groups for word in group}, []
    for group in groups:
        for word in group:
            nearest = next(other for other, _ in model.neighbours(word, len(model.words)) if other in planted)
            right.append(nearest in group or nearest == partner[word])
    return float(np.mean(right))


def main(task: Task) -> None:
    corpus, analogies = data.planted_corpus(400 if task.quick else 4000, rng=task.seed), data.planted_analogies()
    vocabulary = data.Vocabulary(word for sentence in corpus for word in sentence)
    sentences = [vocabulary.encode(sentence).tolist() for sentence in corpus]
    contexts, centres = data.cbow_windows(sentences, window=4)
    for name, kind, rows in (("skip-gram", nn.SkipGram, data.skip_gram_pairs(sentences, window=4)),
                             ("CBOW", nn.CBOW, (contexts, centres))):
        model = kind(vocabulary.tokens, 24, vocabulary.counts, negative=10, rng=task.seed)
        train.fit(model, rows, loss=model.loss, batch_size=256, epochs=1 if task.quick else 10, rng=task.seed,
                  optimizer=optim.Adam(model.parameters(), lr=0.005), progress=False)
        share, near = answered(model, analogies), beside(model)
        task.figure(f"{name}: analogies answered of {len(analogies)}, %", 100 * share, "100", share == 1)
        task.figure(f"{name}: planted words beside their own kind, %", 100 * near, "100", near == 1)
        print("    " + "; ".join(f"{a} : {b} = {c} : {model.analogy(a, b, c)[0][0]}" for a, b, c in
                                 (("france", "paris", "japan"), ("dog", "puppy", "cat"), ("go", "went", "eat"))))
        print("    near paris: " + ", ".join(f"{word} {cosine:.2f}" for word, cosine in model.neighbours("paris")))
    task.seconds(180)


if __name__ == "__main__":
    raise SystemExit(run("word2vec", main))
