# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Seeing backpropagation
#
# A program that computes a loss leaves a graph behind. This notebook looks at such a graph in every way the library
# has: as a picture, as a derivation, as a page to step through, as a figure of how gradients flow, and as a training
# run to move back and forth in. None of it has to be prepared beforehand: it is your own program that is shown.

# %%
import numpy as np

from autograd_nn import Tensor, Value, draw, explain, gradient_flow, nn, optim, replay
from autograd_nn.drawing import diff, trace, trace_of

# %% [markdown]
# ## A picture
#
# One neuron with two inputs, and its squared error. The upper number in each node is its value, the lower one the
# derivative of the loss by it. Blue is positive, orange negative, and the stronger the colour the larger the number.

# %%
x1, x2 = Value(2.0, name="x1"), Value(-1.0, name="x2")
w1, w2, b = Value(0.5, name="w1"), Value(1.5, name="w2"), Value(0.25, name="b")


def neuron():
    u = w1 * x1 + w2 * x2 + b
    h = u.tanh()
    loss = (h - 1) ** 2
    u.name, h.name, loss.name = "u", "h", "L"
    return loss


loss = neuron()
loss.backward()
draw(loss)

# %% [markdown]
# ## A derivation
#
# The same numbers as a textbook would derive them, here for $w_1$: the chain rule step by step, then all together.

# %%
explain(loss, w1)

# %% [markdown]
# ## A page to step through
#
# `draw(loss).html("neuron.html")` writes one file that any browser opens, without a network. Here it is shown in a
# frame: press Play, use the arrow keys, or click a node. Each `+=` of the backward pass is one step. With
# `practice=True` the reader has to enter each gradient before it is shown; `lang="ja"` is in Japanese.

# %%
draw(loss).page(practice=True, height=560)

# %% [markdown]
# ## Where a program went wrong
#
# Inside `with trace()` the program is noted while it runs: lines, names of variables, modules. If it raises, the graph
# is there as far as it came, and the picture marks what the failing operation was given.

# %%
rng = np.random.default_rng(0)
try:
    with trace() as failed:
        x = Tensor(rng.normal(size=(32, 4)))
        hidden = (x @ Tensor(rng.normal(size=(4, 10)))).tanh()
        out = hidden @ Tensor(rng.normal(size=(8, 3)))
except ValueError as error:
    print(error)

failed.draw()

# %% [markdown]
# ## What a step changes
#
# `diff` pairs the nodes of two traces and lists what is not the same: here before and after a step of gradient descent.

# %%
before = trace_of(loss)

for parameter in (w1, w2, b):
    parameter.data -= 0.1 * parameter.grad
    parameter.zero_grad()
loss = neuron()
loss.backward()

print(diff(before, trace_of(loss)))

# %% [markdown]
# ## How gradients flow
#
# Ten layers deep, once with sigmoids and once with ReLUs. Each sigmoid multiplies the gradient by 0.25 at most, so by
# the time it reaches the first layer there is nothing left of it. A ReLU that is on multiplies it by 1; what is still
# lost there is lost in the weights, which are small at the beginning, and in the units that are off.


# %%
def deep(activation):
    layers = [layer for i in range(10) for layer in (nn.Linear(2 if i == 0 else 16, 16, rng=i), activation())]
    return nn.Sequential(*layers, nn.Linear(16, 2, rng=10))


points = rng.normal(size=(64, 2)).astype(np.float32)
classes = (points[:, 0] * points[:, 1] > 0).astype(int)
models = {"sigmoid": deep(nn.Sigmoid), "relu": deep(nn.ReLU)}
losses = {name: nn.cross_entropy(model(points), classes) for name, model in models.items()}
axes = gradient_flow(models, losses, 0.1)

# %% [markdown]
# ## A training run
#
# One line in the training loop, `film.snapshot(loss)`, records the graph, the loss, the decision boundary and the state
# of the optimizer. The slider moves through them.

# %%
model = nn.Sequential(nn.Linear(2, 6, rng=0), nn.Tanh(), nn.Linear(6, 2, rng=1))
optimizer = optim.Adam(model.parameters(), lr=0.05)
film = replay(model, optimizer, x=points, y=classes, title="four quadrants", limit=12, resolution=30)

for _ in range(60):
    optimizer.zero_grad()
    loss = nn.cross_entropy(model(points), classes)
    loss.backward()
    film.snapshot(loss)
    optimizer.step()

film.page(height=620)
