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
# # The chain rule, by hand and by program
#
# A network with three inputs, two hidden ReLU units and one output is small enough to differentiate with a pencil.
# We do that first, then let `backward()` do it, look at the picture, and check both against a method that knows
# nothing of derivatives.
#
# The input is $x = (2, 3, 1)$. The two hidden units have the weights $(3, 1, 2)$ and $(-2, -3, -1)$, the output
# $(3, 2)$; there are no biases. The target is $t = 20$ and the loss is the squared error $L = (y - t)^2$.
#
# Two weights interest us. $w_1 = 3$ is the output's weight for the first hidden unit; $w_2 = 3$ is the first hidden
# unit's weight for $x_1$.

# %% [markdown]
# ## With a pencil
#
# **Forward.** The hidden units receive
#
# $$u_1 = 3 \cdot 2 + 1 \cdot 3 + 2 \cdot 1 = 11, \qquad u_2 = -2 \cdot 2 - 3 \cdot 3 - 1 \cdot 1 = -14,$$
#
# and ReLU lets the positive one pass: $h = (11, 0)$. The output is $y = 3 \cdot 11 + 2 \cdot 0 = 33$, too large by
# 13, so $L = 13^2 = 169$.
#
# **Backward.** Start at the loss and walk down. The loss changes with the output at the rate
#
# $$\frac{dL}{dy} = 2 (y - t) = 26.$$
#
# The output is $y = w_1 h_1 + \dots$, so it changes with $w_1$ at the rate $h_1 = 11$, and
#
# $$\frac{dL}{dw_1} = \frac{dL}{dy} \cdot \frac{dy}{dw_1} = 26 \cdot 11 = 286.$$
#
# On the way to $w_2$ there are two more steps: $y$ changes with $h_1$ at the rate $w_1 = 3$; ReLU passes the change
# on as it is, because $u_1 > 0$; and $u_1 = w_2 x_1 + \dots$ changes with $w_2$ at the rate $x_1 = 2$:
#
# $$\frac{dL}{dw_2} = 26 \cdot 3 \cdot 1 \cdot 2 = 156.$$

# %% [markdown]
# ## With `backward()`
#
# A `Value` is a number that remembers how it was computed. The program below is the forward calculation and nothing
# else; names are only for the picture.

# %%
from autograd_nn import Value, check_gradients, draw, explain

x = [2.0, 3.0, 1.0]
target = 20.0

w1 = Value(3.0, name="w1")
w2 = Value(3.0, name="w2")
first = [[w2, Value(1.0), Value(2.0)], [Value(-2.0), Value(-3.0), Value(-1.0)]]
second = [w1, Value(2.0)]

u = [row[0] * x[0] + row[1] * x[1] + row[2] * x[2] for row in first]
h = [a.relu() for a in u]
y = second[0] * h[0] + second[1] * h[1]
loss = (y - target) ** 2

y.name, loss.name = "y", "L"
for i in range(2):
    u[i].name, h[i].name = f"u{i + 1}", f"h{i + 1}"

[a.data for a in u], [a.data for a in h], y.data, loss.data

# %% [markdown]
# One call walks from the loss to every weight and leaves the derivative there.

# %%
loss.backward()
w1.grad, w2.grad

# %% [markdown]
# The same derivation as with the pencil, written out. Each line says how much one use of a node adds to its gradient:
# what has arrived from above, times the local derivative.

# %%
print(explain(loss, w1, w2))

# %% [markdown]
# ## As a picture
#
# Every node shows its value and, below it, the derivative of the loss by it. Follow a path from $L$ to $w_2$ and
# multiply. The lower hidden unit is off: a 0 arrives at $u_2$ and at everything that it was computed from.

# %%
draw(loss)

# %% [markdown]
# ## Checked without derivatives
#
# Nothing above is needed to find a slope: move the weight a little up and a little down, and see how far the loss
# moves. That takes two forward passes for every weight, where `backward()` takes one pass for all of them; but it is
# an independent witness.

# %%
def network(w1, w2):
    h1 = (w2 * 2 + 1 * 3 + 2 * 1).relu()
    return (w1 * h1 - target) ** 2


print(check_gradients(network, 3.0, 3.0))

# %% [markdown]
# ## One step downhill
#
# Gradient descent moves each weight against its derivative. With the rate 0.01 the weights become 0.14 and 1.44.

# %%
for w in (w1, w2):
    w.data -= 0.01 * w.grad

w1.data, w2.data

# %% [markdown]
# The loss, computed again, is not smaller: it has gone from 169 to 357. The step was too long; the output has fallen
# past its target. That is why the learning rate is the first thing to try a few of.

# %%
for rate in (0.01, 0.003, 0.001):
    print(rate, network(Value(3 - rate * 286), Value(3 - rate * 156)).data)
