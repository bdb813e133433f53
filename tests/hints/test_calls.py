"""Hints in Python are followed on the arguments that caused them: then the number is right."""

from __future__ import annotations

import pytest

from lscli.errors import LscliError
from tests.hints import calls


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors", "ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize("case", calls.CASES, ids=lambda case: case.name)
def test_a_hint_in_python_that_is_followed_gives_the_right_number(case: calls.Call) -> None:
    with pytest.raises(LscliError) as refused:
        case.call()
    assert case.says in str(refused.value)
    assert case.hint in refused.value.hint
    assert [] == [words for words in case.never if words in refused.value.hint]
    assert case.value == pytest.approx(case.follow(), rel=1e-6)
