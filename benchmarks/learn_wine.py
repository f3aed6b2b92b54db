"""Wine: a multilayer perceptron with softmax, five folds."""

from learning import Task, run

import numpy as np

from autograd_nn import data, nn, optim, train


def main(task: Task) -> None:
    wine, right = data.wine(), []
    order = np.random.default_rng(task.seed).permutation(len(wine))
    for fold in range(5):
        test = np.isin(np.arange(len(wine)), order[fold::5])
        x, held_out = data.standardise(wine.x[~test], wine.x[test])
        seed = 5 * task.seed + fold
        model = nn.MLP(13, 16, 3, rng=seed)
        train.fit(model, (x, wine.y[~test]), loss=nn.cross_entropy, epochs=2 if task.quick else 40, rng=seed,
                  optimizer=optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1), progress=False)
        right += (model(held_out).data.argmax(1) == wine.y[test]).tolist()
    task.figure("right of 178 held-out wines, %", 100 * np.mean(right), ">= 97", np.mean(right) >= 0.97)
    task.seconds(30)


if __name__ == "__main__":
    raise SystemExit(run("wine", main))
