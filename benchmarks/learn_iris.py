"""Iris: softmax regression, and a perceptron that starts from a deep belief network.

Five folds each, of four orders of the flowers: in one order alone a flower more or less would decide.
"""

from learning import Task, run

import numpy as np

from autograd_nn import data, nn, optim, train


def softmax_regression(x, y, seed: int, quick: bool) -> nn.Module:
    model = nn.SoftmaxRegression(4, 3)
    train.fit(model, (x, y), loss=nn.cross_entropy, epochs=2 if quick else 60, rng=seed, progress=False,
              optimizer=optim.Adam(model.parameters(), lr=0.1))
    return model


def from_belief_network(x, y, seed: int, quick: bool) -> nn.Module:
    stack = nn.DeepBeliefNetwork(4, 16, 8, visible="gaussian", rng=seed)
    stack.pretrain(x, epochs=1 if quick else 30, lr=0.01, batch_size=16)
    model = stack.mlp(3)
    train.fit(model, (x, y), loss=nn.cross_entropy, epochs=2 if quick else 60, rng=seed, progress=False,
              optimizer=optim.Adam(model.parameters(), lr=0.02))
    return model


def main(task: Task) -> None:
    iris = data.iris()
    rng = np.random.default_rng(task.seed)
    orders = [rng.permutation(len(iris)) for _ in range(1 if task.quick else 4)]
    for name, build in (("softmax regression", softmax_regression), ("MLP from a belief network", from_belief_network)):
        right = []
        for order in orders:
            for fold in range(5):
                test = np.isin(np.arange(len(iris)), order[fold::5])
                x, held_out = data.standardise(iris.x[~test], iris.x[test])
                model = build(x, iris.y[~test], 5 * task.seed + fold, task.quick)
                right += (model(held_out).data.argmax(1) == iris.y[test]).tolist()
        task.figure(f"{name}: right of 150 held-out flowers, %", 100 * np.mean(right), ">= 95", np.mean(right) >= 0.95)
    task.seconds(30)


if __name__ == "__main__":
    raise SystemExit(run("iris", main))
