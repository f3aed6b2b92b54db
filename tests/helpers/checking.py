"""The verdicts, and the report of a check that fails."""

from __future__ import annotations

import pytest

from autograd_nn import check_gradients, errors
from autograd_nn.check import Verdict

AGREE, DISAGREE, KINK, INCONCLUSIVE = Verdict


def failing(*args, **kwargs):
    """The Report of a check that fails."""
    with pytest.raises(errors.CheckError) as caught:
        check_gradients(*args, **kwargs)
    assert str(caught.value) == str(caught.value.report)
    return caught.value.report


def laws(*args, **kwargs):
    """{law: verdict} of a check, whether it fails or not."""
    try:
        report = check_gradients(*args, **kwargs)
    except errors.CheckError as error:
        report = error.report
    return {law.name: law.verdict for law in report.laws}
