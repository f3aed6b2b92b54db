"""GoogLeNet: a tenth as wide on digits of 32x32, and at its full width once on an image of 224x224."""

import time

from learning import Task, run

import numpy as np

from autograd_nn import data, nn, optim, train


def main(task: Task) -> None:
    count = 64 if task.quick else 512
    digits = data.digits()
    images = nn.Upsample(scale_factor=4)(digits.x[:count].reshape(-1, 1, 8, 8) / 16)
    epochs = 1 if task.quick else 100
    model = nn.GoogLeNet(10, image_size=32, in_channels=1, width=0.1, rng=task.seed)
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    history = train.fit(model, (images, digits.y[:count]), loss=model.loss, optimizer=optimizer, epochs=epochs,
                        schedule=optim.CosineAnnealingLR(optimizer, epochs), rng=task.seed, progress=False)
    task.figure(f"training loss on {count} images, 3 classifiers, epoch 1", history["loss"][0])
    last = history["loss"][-1]
    task.figure(f"the same in epoch {epochs}", last, "< 0.1", last < 0.1)
    alone = float(model.loss(model(images), digits.y[:count]).data)      # fit leaves the model in eval()
    task.figure("cross entropy on these images without dropout", alone, "< 0.1", alone < 0.1)

    model = nn.GoogLeNet(rng=task.seed)
    own = sum(p.size for name, p in model.named_parameters() if not name.startswith("auxiliary"))
    whole = sum(p.size for p in model.parameters())
    task.figure("parameters at full width, millions", own / 1e6, "6.8 to 7.0", 6.8e6 <= own <= 7.0e6)
    task.figure("with the auxiliary classifiers", whole / 1e6, "13 to 14", 13e6 <= whole <= 14e6)
    image = np.random.default_rng(task.seed).normal(size=(1, 3, 224, 224)).astype(np.float32)
    start = time.perf_counter()
    model.loss(model(image), [207]).backward()
    task.figure("forward and backward on one image of 224x224, s", time.perf_counter() - start)
    finite = all(np.isfinite(p.grad).all() and np.any(p.grad) for p in model.parameters())
    task.figure("parameters without a gradient", float(not finite), "0", finite)
    task.seconds(300)


if __name__ == "__main__":
    raise SystemExit(run("GoogLeNet", main))
