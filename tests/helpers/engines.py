"""Both scalar engines, for tests that run on each: `@engines` gives a test the class as `Value`."""

import pytest

import autograd_nn
from autograd_nn.core.value import PureValue

ENGINES = {"pure": PureValue} | ({"native": autograd_nn.Value} if autograd_nn.NATIVE else {})

engines = pytest.mark.parametrize("Value", ENGINES.values(), ids=ENGINES)
