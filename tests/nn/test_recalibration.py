"""A fitted map as a module: the map of numpy, in every form in which a model is deployed."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from lscli import InputError, UsageError
from lscli.nn import Recalibration
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.recalibrators.fitted import CLASSES, NAMES, data, fitted

every_method = pytest.mark.parametrize("name", NAMES)
LOGITS = torch.from_numpy(data(seed=9, samples=24)[0])


@every_method
def test_any_leading_shape(name: str) -> None:
    module = Recalibration(fitted(name))
    expected = torch.from_numpy(fitted(name).mapped(LOGITS.numpy()))
    for shape in ((24,), (4, 6), (2, 3, 4)):
        torch.testing.assert_close(module(LOGITS.reshape(*shape, CLASSES)), expected.reshape(*shape, CLASSES))
    assert (0, CLASSES) == tuple(module(LOGITS[:0]).shape)
    torch.testing.assert_close(module(LOGITS[0]), expected[0])


@every_method
@pytest.mark.parametrize("element", [torch.float16, torch.bfloat16, torch.float32])
def test_narrow_types_are_computed_in_float32(name: str, element: torch.dtype) -> None:
    module = Recalibration(fitted(name))
    found = module(LOGITS.to(element))
    assert torch.float32 == found.dtype
    torch.testing.assert_close(found, module(LOGITS.to(element).float()), rtol=0, atol=0)


@every_method
@pytest.mark.parametrize("strict", [False, True])
def test_the_exported_program_is_the_map(name: str, strict: bool) -> None:
    module = Recalibration(fitted(name)).eval()
    batch = {"logits": {0: torch.export.Dim("n", min=2)}}
    program = torch.export.export(module, (LOGITS.float(),), dynamic_shapes=batch, strict=strict)
    stored = io.BytesIO()
    torch.export.save(program, stored)
    stored.seek(0)
    again = torch.export.load(stored).module()
    for logits in (LOGITS.float(), LOGITS[:5].float()):
        torch.testing.assert_close(again(logits), module(logits))


@every_method
def test_the_compiled_module_is_the_map(name: str) -> None:
    module = Recalibration(fitted(name))
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(LOGITS), module(LOGITS))


@every_method
def test_a_state_dict_holds_the_whole_map(name: str) -> None:
    module = Recalibration(fitted(name))
    assert {*fitted(name).parameters._fields} == {*module.state_dict()}
    with torch.device("meta"):
        other = Recalibration(fitted(name))
    other.to_empty(device="cpu").load_state_dict(module.state_dict())
    assert torch.equal(module(LOGITS), other(LOGITS))


@every_method
def test_copies_are_the_map(name: str) -> None:
    module = Recalibration(fitted(name))
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(module(LOGITS), other(LOGITS))


@every_method
def test_a_cast_rounds_no_parameter(name: str) -> None:
    module = Recalibration(fitted(name))
    expected = module(LOGITS)
    for cast in (module.half, module.float, module.bfloat16, lambda: module.to(torch.float16)):
        assert torch.equal(expected, cast()(LOGITS))
        assert {torch.float64} == {buffer.dtype for buffer in module.buffers()}


@every_method
def test_gradients_flow_to_the_logits(name: str) -> None:
    z = LOGITS[:4].clone().requires_grad_()
    Recalibration(fitted(name))(z).square().sum().backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()
    assert z.grad.abs().sum() > 0


def test_numbers_are_loaded_and_checked() -> None:
    one, other = (Recalibration(Calibrator("temperature", 3, Temperature(t))) for t in (2.0, 3.0))
    other.load_state_dict(one.state_dict())
    z = torch.tensor([[1.0, 2.0, 4.0]])
    assert torch.equal(z / 2, other(z))
    with pytest.raises(InputError, match="not above 0"):
        other.load_state_dict({"temperature": torch.tensor(-1.0)})


def test_one_logit_of_two_classes() -> None:
    module = Recalibration(Calibrator("temperature", 2, Temperature(2.0)))
    z = torch.tensor([[3.0], [-1.0]])
    assert torch.equal(z / 2, module(z))


def test_the_module_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cal.json"
    path.write_text(Calibrator("temperature", 3, Temperature(2.5)).to_json())
    module = Recalibration.from_file(path)
    assert "Recalibration(method='temperature', classes=3)" == repr(module)
    assert torch.equal(torch.ones(1, 3) / 2.5, module(torch.ones(1, 3)))


def test_what_is_refused() -> None:
    plain = Calibrator("temperature", 3, Temperature(2.0))
    with pytest.raises(UsageError, match="must be a calibrator"):
        Recalibration("cal.json")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a map for each group"):
        Recalibration(Calibrator("temperature", 3, None, groups={"a": plain}))
    module = Recalibration(plain)
    for wrong in (torch.zeros(2, 4), torch.zeros(2, 1), torch.zeros(2, 3, dtype=torch.int64), torch.tensor(1.0)):
        with pytest.raises(UsageError, match=r"must be floating, \[\.\.\., 3\]"):
            module(wrong)


def test_autocast_changes_nothing() -> None:
    for name in NAMES:
        module = Recalibration(fitted(name))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = module(LOGITS.float())
        np.testing.assert_array_equal(found.numpy(), module(LOGITS.float()).numpy())
