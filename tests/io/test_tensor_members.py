"""Members on a device have the same mean as on the CPU. A tensor on the CPU stands for one on a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.io import tensor_members
from lscli.io.ensemble_axis import split
from lscli.io.logits import Logits
from lscli.io.members import mean_of
from lscli.io.memory import TensorArray
from lscli.io.tensor_members import MeanTensor, mean_on_device
from lscli.kernels.ensemble import EnsembleMean
from lscli.options import EnsembleOf
from tests import ensembles

DEVICES = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]


def on_device(x: Any, device: str = "cpu", **options: Any) -> list[Logits]:
    tensors = split(TensorArray(torch.as_tensor(x).to(device), "logits"), 0)
    return [Logits(each, **options) for each in tensors]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("classes", "dtype"), [(5, "float32"), (5, "float64"), (140, "float32"), (140, "bfloat16")])
@pytest.mark.parametrize("of", ["probs", "logits"])
def test_the_mean_is_that_of_the_kernel(
    device: str, classes: int, dtype: str, of: EnsembleOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_members, "_CHUNK", 7 * classes)
    tensor = torch.from_numpy(ensembles.members(40, classes)).to(getattr(torch, dtype))
    tensor[:, 3, 1] = tensor[0, 4, 2] = -torch.inf
    tensor[2, 5, 0], tensor[1, 6, 2], tensor[0, 7] = torch.nan, torch.inf, -torch.inf
    found = mean_on_device(on_device(tensor, device), "logits", of)
    element = "float64" if classes < 128 or dtype == "float64" else "float32"
    expected = np.empty((40, classes), element)
    mean = EnsembleMean(classes, 3, element, of, None, entropies=True)
    rows = mean.rows([*tensor.to(getattr(torch, element)).numpy()], expected)
    tolerance: Any = {"rtol": 1e-5, "atol": 1e-5} if element == "float32" else {"rtol": 1e-12, "atol": 1e-12}
    assert (element, dtype) == (found.element, found.stored)
    np.testing.assert_allclose(found.tensor.cpu().numpy(), expected, **tolerance)
    kept, finite = found.keep_disagreement(), np.delete(np.arange(40), [5, 6, 7])
    np.testing.assert_allclose(kept.expected_entropy[finite], rows.expected_entropy[finite], **tolerance)
    np.testing.assert_allclose(kept.mutual_information[finite], rows.mutual_information[finite], **tolerance)
    names = [found.located(row) for row in (4, 5, 6, 7)]
    expected_names = [(f"logits (member {s})", row) for s, row in ((0, 4), (2, 5), (1, 6), (0, 7))]
    assert expected_names == names
    assert ["logits (member 0)", "logits (member 1)", "logits (member 2)"] == found.member_names


@pytest.mark.parametrize("of", ["probs", "logits"])
def test_probabilities_keep_a_wrong_sum(of: EnsembleOf) -> None:
    log_p = ensembles.log_probabilities(ensembles.members(6, 4)).astype(float)
    log_p[1, 3] += np.log(1.5)
    found = mean_on_device(on_device(log_p, kind="log-probs"), "logits", of)
    np.testing.assert_allclose(found.tensor.exp().sum(dim=1).numpy(), [1, 1, 1, 1.5, 1, 1], rtol=1e-12)
    assert ("logits (member 1)", 3) == found.located(3)


def test_members_on_several_devices_are_refused() -> None:
    x = ensembles.members(6, 4)
    one = Logits(TensorArray(torch.from_numpy(x[0]), "a"))
    meta = Logits(TensorArray(torch.from_numpy(x[1]).to("meta"), "b"))
    with pytest.raises(lscli.InputError, match="the members are on several devices: cpu, meta"):
        mean_of([one, meta], "logits", "probs", "auto")
    assert isinstance(mean_of([one, one], "logits", "probs", "auto"), MeanTensor)
