"""A restricted Boltzmann machine on binarised digits, and what a belief network is worth as a start."""

from learning import Task, run

import numpy as np

from autograd_nn import data, nn, optim, train


def main(task: Task) -> None:
    rows, held_out = data.split(data.digits(), rng=task.seed)
    x, test = (rows.x > 7).astype(np.float32), (held_out.x > 7).astype(np.float32)
    machine = nn.RBM(64, 64, rng=task.seed)
    # A machine that knows how often each pixel is set, and nothing of how they go together.
    share = x.mean(0).clip(0.01, 0.99)
    machine.visible_bias.data = np.log(share / (1 - share))
    before = machine.reconstruction_error(test)
    optimizer = optim.SGD(machine.parameters(), lr=0.1, momentum=0.5)
    rng = np.random.default_rng(task.seed)
    for _ in range(1 if task.quick else 40):
        for batch, in data.batches(x, size=32, rng=rng):
            optimizer.zero_grad()
            machine.contrastive_divergence(batch).backward()
            optimizer.step()
    after = machine.reconstruction_error(test)
    task.figure("reconstruction error of held-out digits at the start", before)
    task.figure("after training", after, "half", after <= before / 2)

    sizes, few = (64, 100, 64, 32), 300                 # many digits without labels, few with
    losses = {}
    for start in ("random", "belief network"):
        if start == "random":
            model = nn.MLP(*sizes, 10, activation="sigmoid", rng=task.seed + 2)
        else:
            stack = nn.DeepBeliefNetwork(*sizes, rng=task.seed + 1)
            stack.pretrain(x, epochs=1 if task.quick else 30, lr=0.1, batch_size=16)
            model = stack.mlp(10, rng=task.seed + 2)
        history = train.fit(model, (x[:few], rows.y[:few]), loss=nn.cross_entropy, epochs=2 if task.quick else 20,
                            rng=task.seed + 3, optimizer=optim.Adam(model.parameters(), lr=3e-3), progress=False)
        losses[start] = history["loss"][-1]
        right = train.accuracy(model(test), held_out.y)
        task.figure(f"{start} start, {few} labels, 20 epochs: training loss", losses[start])
        task.figure(f"{start} start: right of held-out digits, %", 100 * right)
    better = losses["belief network"] < losses["random"]
    task.figure("loss from the belief network / from a random start",
                losses["belief network"] / losses["random"], "< 1", better)
    task.seconds(120)


if __name__ == "__main__":
    raise SystemExit(run("restricted Boltzmann machine", main))
