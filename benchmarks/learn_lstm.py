"""LSTM: the adding problem over 50 steps, and a model of the characters of a short text."""

from learning import Task, run

import numpy as np

from autograd_nn import data, nn, no_grad, optim, train

STEPS = 50


def adding(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (rows, steps, 2) of numbers from 0 to 1 and two marks, and the sum of the two marked numbers.

    One mark stands in each half. Who always says 1 has a mean squared error of 1/6.
    """
    numbers, marks = rng.random((rows, STEPS)), np.zeros((rows, STEPS))
    for low, high in ((0, STEPS // 2), (STEPS // 2, STEPS)):
        marks[np.arange(rows), rng.integers(low, high, rows)] = 1
    x = np.stack([numbers, marks], axis=-1).astype(np.float32)
    return x, (numbers * marks).sum(axis=1).astype(np.float32)


class Adder(nn.Module):
    """A number after the last step of a sequence."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.lstm, self.last = nn.LSTM(2, 64, batch_first=True, rng=rng), nn.Linear(64, 1, rng=rng)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.last(h[0])[:, 0]


class Characters(nn.Module):
    """The logits of the next character at each place of a text."""

    def __init__(self, vocabulary: data.Vocabulary, rng: np.random.Generator) -> None:
        n = len(vocabulary)
        self.table, self.lstm = nn.Embedding(n, 32, rng=rng), nn.LSTM(32, 128, batch_first=True, rng=rng)
        self.last = nn.Linear(128, n, rng=rng)

    def forward(self, index):
        return self.last(self.lstm(self.table(index))[0])


def bits(model: nn.Module, index: np.ndarray) -> float:
    """Bits a character on the whole text, read from its beginning in one go."""
    with no_grad():
        return nn.cross_entropy(model(index[None, :-1])[0], index[1:]).item() / np.log(2)


def told(model: Characters, vocabulary: data.Vocabulary, start: str, length: int) -> str:
    """The text that the model goes on with, the likeliest character each time."""
    found, state, index = [], None, vocabulary.encode(start)
    with no_grad():
        for _ in range(length):
            y, state = model.lstm(model.table(index[None]), state)
            index = model.last(y[0, -1]).data.argmax(keepdims=True)
            found.append(int(index[0]))
    return vocabulary.decode(found)


def main(task: Task) -> None:
    rng = np.random.default_rng(task.seed)
    model = Adder(rng)
    sequences = adding(320 if task.quick else 8000, rng)
    train.fit(model, sequences, loss=nn.mse_loss, epochs=1 if task.quick else 20, batch_size=32, rng=task.seed,
              clip_norm=1.0, optimizer=optim.Adam(model.parameters(), lr=0.003), progress=False)
    x, y = adding(2000, rng)
    with no_grad():
        error = nn.mse_loss(model(x), y).item()
    task.figure(f"adding problem, {STEPS} steps: mean squared error", error, "< 0.01", error < 0.01)

    text = data.alice()[:4000 if task.quick else None]
    vocabulary = data.Vocabulary(text)
    index = vocabulary.encode(text)
    reader = Characters(vocabulary, rng)
    train.fit(reader, data.windows(index, 50, 10), loss=nn.cross_entropy, batch_size=32, rng=task.seed,
              epochs=1 if task.quick else 15, clip_norm=1.0, optimizer=optim.Adam(reader.parameters(), lr=0.005),
              progress=False)
    found = bits(reader, index)
    task.figure(f"bits a character on {len(text)} characters it learned from", found, "< 1.6", found < 1.6)
    print(f"  Alice was {told(reader, vocabulary, 'Alice was ', 60)!r}")
    task.seconds(180)


if __name__ == "__main__":
    raise SystemExit(run("LSTM", main))
