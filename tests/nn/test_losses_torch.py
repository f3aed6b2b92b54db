"""Every loss beside PyTorch's: values and gradients, in each reduction."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.losses_table import CASES
from helpers.torch_peer import require_torch

from autograd_nn import Tensor

torch = require_torch()


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")      # kl_div's: it is meant
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("case", [case for case in CASES if case.torch], ids=str)
def test_values_and_gradients(case, reduction, dtype):
    inputs = case.inputs(np.random.default_rng(7))
    ours = [Tensor(x, dtype=dtype) for x in inputs[:case.nodes]]
    theirs = [torch.tensor(np.asarray(x, dtype), requires_grad=True) for x in inputs[:case.nodes]]
    rest = [torch.tensor(x.astype(dtype) if x.dtype.kind == "f" else x) for x in inputs[case.nodes:]]
    options = {name: torch.tensor(np.asarray(x, dtype)) if name.endswith("weight") else x
               for name, x in case.options.items()}
    mine = case.function(*ours, *inputs[case.nodes:], reduction=reduction, **case.options)
    other = getattr(torch.nn.functional, case.torch)(*theirs, *rest, reduction=reduction, **options)
    mine.sum().backward()
    other.sum().backward()
    eps = float(np.finfo(dtype).eps) * 64
    if case.torch == "cosine_embedding_loss":        # which adds 1e-12 to the squared lengths
        eps = max(eps, 1e-11)
    np.testing.assert_allclose(mine.data, other.detach().numpy(), rtol=eps, atol=eps)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=eps, atol=eps)
