"""An autoencoder 64-16-64 on digits against principal components, both with 16 numbers for a digit."""

from learning import Task, run

import numpy as np

from autograd_nn import data, nn, optim, train


def main(task: Task) -> None:
    rows, held_out = data.split(data.digits(), rng=task.seed)
    x, test = rows.x / 16, held_out.x / 16
    mean = x.mean(0)
    components = np.linalg.svd(x - mean, full_matrices=False)[2][:16]
    pca = {name: np.mean(((a - mean) - (a - mean) @ components.T @ components) ** 2)
           for name, a in (("training", x), ("held-out", test))}
    rng = np.random.default_rng(task.seed)
    model = nn.Sequential(nn.Linear(64, 16, rng=rng), nn.Tanh(), nn.Linear(16, 64, rng=rng), nn.Sigmoid())
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    epochs = 2 if task.quick else 300
    train.fit(model, (x, x), loss=nn.mse_loss, epochs=epochs, rng=task.seed, optimizer=optimizer,
              schedule=optim.CosineAnnealingLR(optimizer, epochs), progress=False)
    for name, a in (("training", x), ("held-out", test)):
        error = nn.mse_loss(model(a), a).item()
        task.figure(f"mean squared error on {name} digits, PCA", float(pca[name]))
        task.figure(f"mean squared error on {name} digits, autoencoder", error, "< PCA", error < pca[name])
    task.seconds(120)


if __name__ == "__main__":
    raise SystemExit(run("autoencoder 64-16-64", main))
