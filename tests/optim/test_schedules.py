"""Schedules beside PyTorch's over 100 steps, against their formulas, saved and refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from helpers.torch_peer import require_torch

from autograd_nn import Value, optim
from autograd_nn.errors import StateError, UsageError

STEPS = 100
RATES = [0.5, 0.02]


def ours(kind=optim.SGD, rates=RATES, **options):
    return kind([{"params": [Value(1.0)], "lr": rate} for rate in rates], lr=1.0, **options)


def theirs(torch, kind="SGD", **options):
    return getattr(torch.optim, kind)([{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in RATES],
                                      lr=1.0, **options)


def sequence(module, opt):
    return module.SequentialLR(opt, [module.LinearLR(opt, 0.1, total_iters=10), module.CosineAnnealingLR(opt, 60),
                                     module.ExponentialLR(opt, 0.9)], milestones=[10, 70])


def warm_cosine(module, opt):
    if module is optim:
        return optim.CosineAnnealingLR(opt, 70, 0.001, warmup=8)
    return module.SequentialLR(opt, [module.LinearLR(opt, 1 / 9, total_iters=8),
                                     module.CosineAnnealingLR(opt, 70, 0.001)], milestones=[8])


MAKERS = {
    "step": lambda m, o: m.StepLR(o, 7, 0.8),
    "step-default": lambda m, o: m.StepLR(o, 30),
    "exponential": lambda m, o: m.ExponentialLR(o, 0.97),
    "linear": lambda m, o: m.LinearLR(o, 0.2, 0.7, 33),
    "linear-default": lambda m, o: m.LinearLR(o),
    "cosine": lambda m, o: m.CosineAnnealingLR(o, 40),
    "cosine-eta_min": lambda m, o: m.CosineAnnealingLR(o, 100, 0.01),
    "warm-cosine": warm_cosine,
    "sequence": sequence,
}
CYCLES = [{}, {"anneal_strategy": "linear"}, {"three_phase": True, "pct_start": 0.25},
          {"three_phase": True, "pct_start": 0.4, "anneal_strategy": "linear", "div_factor": 10.0,
           "final_div_factor": 50.0, "base_momentum": 0.7, "max_momentum": 0.9}]


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.filterwarnings("ignore:Detected call of")
def test_a_hundred_steps_beside_torch(name):
    torch = require_torch()
    mine, other = ours(), theirs(torch)
    schedule, their_schedule = MAKERS[name](optim, mine), MAKERS[name](torch.optim.lr_scheduler, other)
    for _ in range(STEPS):
        np.testing.assert_allclose([g["lr"] for g in mine.param_groups], [g["lr"] for g in other.param_groups],
                                   rtol=1e-9, atol=1e-15)
        assert schedule.get_last_lr() == [g["lr"] for g in mine.param_groups]
        schedule.step()
        other.step()
        their_schedule.step()


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("options", CYCLES, ids=lambda o: "-".join(o))
@pytest.mark.filterwarnings("ignore:Detected call of")
def test_one_cycle_beside_torch(options, kind):
    torch = require_torch()
    more = {"momentum": 0.9} if kind == "SGD" else {}
    mine, other = ours(getattr(optim, kind), **more), theirs(torch, kind, **more)
    schedule = optim.OneCycleLR(mine, [1.0, 0.3], epochs=10, steps_per_epoch=10, **options)
    their_schedule = torch.optim.lr_scheduler.OneCycleLR(other, [1.0, 0.3], total_steps=100, **options)
    for i in range(STEPS):
        for a, b in zip(mine.param_groups, other.param_groups):
            assert a["lr"] == pytest.approx(b["lr"], rel=1e-9), i
            momenta = [g["momentum"] if kind == "SGD" else g["betas"][0] for g in (a, b)]
            assert momenta[0] == pytest.approx(momenta[1], rel=1e-12)
        if i < STEPS - 1:
            schedule.step()
            their_schedule.step()
    last = schedule.get_last_lr()
    schedule.step()                                  # the step after the last batch
    assert schedule.get_last_lr() == last
    with pytest.raises(UsageError, match="the cycle is over"):
        schedule.step()


@pytest.mark.parametrize("options", [
    {}, {"patience": 2, "factor": 0.5}, {"mode": "max", "patience": 1, "cooldown": 3},
    {"threshold": 0.2, "threshold_mode": "abs", "patience": 0, "min_lr": [0.01, 0.001]},
    {"mode": "max", "threshold": 0.1, "patience": 3, "eps": 0.01}, {"threshold": 0.3, "patience": 1, "min_lr": 1e-3},
    {"mode": "max", "threshold": 0.1, "threshold_mode": "abs", "patience": 1}])
@pytest.mark.parametrize("seed", range(3))
def test_plateaus_beside_torch(options, seed):
    torch = require_torch()
    mine, other = ours(), theirs(torch)
    schedule = optim.ReduceLROnPlateau(mine, **options)
    their_schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(other, **options)
    rng = np.random.default_rng(seed)
    for i in range(STEPS):
        metric = float(rng.normal() + 3 / (1 + i)) if i % 17 else math.nan
        schedule.step(metric)
        their_schedule.step(metric)
        assert schedule.get_last_lr() == pytest.approx([g["lr"] for g in other.param_groups], rel=1e-12)
        assert schedule.num_bad_epochs == their_schedule.num_bad_epochs


# --- by themselves ----------------------------------------------------------------------------------

def test_formulas():
    opt = ours()
    base, t = 0.5, 23
    for schedule, want in [
            (optim.StepLR(opt, 10, 0.5), base * 0.5 * 0.5), (optim.ExponentialLR(opt, 0.9), base * 0.9 ** 23),
            (optim.LinearLR(opt, 0.2, total_iters=46), base * 0.6),
            (optim.CosineAnnealingLR(opt, 46, 0.1), 0.1 + 0.4 * (1 + math.cos(math.pi / 2)) / 2),
            (optim.CosineAnnealingLR(opt, 40, warmup=3), base * (1 + math.cos(math.pi / 2)) / 2),
            (optim.CosineAnnealingLR(opt, 40, warmup=47), base * 24 / 48)]:
        assert schedule.rate(base, t) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("name", [*MAKERS, "one-cycle", "plateau"])
def test_stopping_and_going_on_changes_no_bit(name):
    def make():
        opt = ours(momentum=0.9)
        if name == "plateau":
            return opt, optim.ReduceLROnPlateau(opt, patience=1, cooldown=2)
        return opt, optim.OneCycleLR(opt, 1.0, 50) if name == "one-cycle" else MAKERS[name](optim, opt)

    def run(schedule, steps):
        for i in steps:
            schedule.step(*([math.sin(i)] if name == "plateau" else []))

    opt, schedule = make()
    run(schedule, range(12))
    saved = json.loads(json.dumps([schedule.state_dict(), {**opt.state_dict(), "state": [{}, {}]}]))
    run(schedule, range(12, 40))
    other, again = make()
    other.load_state_dict(saved[1])
    again.load_state_dict(saved[0])
    run(again, range(12, 40))
    assert [dict(g, params=0) for g in other.param_groups] == [dict(g, params=0) for g in opt.param_groups]


def test_states_that_do_not_fit():
    opt = ours()
    step, plateau = optim.StepLR(opt, 3), optim.ReduceLROnPlateau(opt)
    step.step()
    for wrong, message in (({}, "no state of a schedule"), (3, "no state"), (plateau.state_dict(), "of ReduceLROnPl"),
                           ({"schedule": "StepLR"}, "no state"),
                           (optim.StepLR(ours(rates=[0.1]), 3).state_dict(), "has 1 groups, and the optimizer 2")):
        with pytest.raises(StateError, match=message):
            step.load_state_dict(wrong)
    assert step.last_epoch == 1
    with pytest.raises(StateError, match="best must be a number or None"):
        plateau.load_state_dict({**plateau.state_dict(), "best": "x"})


@pytest.mark.parametrize(("make", "message"), [
    (lambda o: optim.StepLR(o, 0), "step_size must be an integer >= 1"),
    (lambda o: optim.StepLR(o, 2.5), "step_size"),
    (lambda o: optim.StepLR(o, 3, gamma=0.0), "gamma"),
    (lambda o: optim.ExponentialLR(o, -1.0), "gamma"),
    (lambda o: optim.LinearLR(o, 0.0), "start_factor"),
    (lambda o: optim.CosineAnnealingLR(o, 10, warmup=-1), "warmup must be an integer >= 0"),
    (lambda o: optim.CosineAnnealingLR(o, 10, eta_min=-1.0), "eta_min"),
    (lambda o: optim.StepLR(3, 3), "a int has none"),
    (lambda o: optim.LRScheduler(o), "has no rate"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 3)], [5]), "one schedule more"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 3)] * 3, [5, 5]), "rising"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 3), optim.StepLR(ours(), 3)], [5]), "another optimizer"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 3), optim.ReduceLROnPlateau(o)], [5]), "not a ReduceLROnPl"),
    (lambda o: optim.OneCycleLR(o, 1.0), "total_steps, or epochs"),
    (lambda o: optim.OneCycleLR(o, [1.0], 10), "max_lr has 1 numbers, and the optimizer 2"),
    (lambda o: optim.OneCycleLR(o, 1.0, 10, anneal_strategy="sine"), "anneal_strategy"),
    (lambda o: optim.OneCycleLR(ours(optim.Adagrad), 1.0, 10), "has no momentum to cycle"),
    (lambda o: optim.ReduceLROnPlateau(o, mode="least"), '"min" or "max"'),
    (lambda o: optim.ReduceLROnPlateau(o, factor=1.0), "factor must be less than 1"),
    (lambda o: optim.ReduceLROnPlateau(o, patience=-1), "patience must be an integer >= 0"),
    (lambda o: optim.ReduceLROnPlateau(o, min_lr=[0.1]), "min_lr has 1 numbers"),
    (lambda o: optim.ReduceLROnPlateau("opt"), "a str has none"),
])
def test_wrong_schedules(make, message):
    with pytest.raises(UsageError, match=message):
        make(ours(momentum=0.9))
