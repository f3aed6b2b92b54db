"""What every test shares: one hypothesis profile, and a fixed seed for the package's own generator."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

import autograd_nn

settings.register_profile("default", deadline=None, max_examples=50,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
settings.load_profile("default")


@pytest.fixture(autouse=True)
def _seed() -> None:
    autograd_nn.seed(0)
