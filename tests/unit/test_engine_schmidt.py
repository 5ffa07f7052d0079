"""Observables as few products of operators on the two halves of the wires."""

from __future__ import annotations

import engine_oracle as oracle
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hqnn.engine import QuantumLayer
from hqnn.engine.product_states import ProductStates
from hqnn.engine.schmidt import schmidt_terms
from hqnn.errors import UserError


@settings(max_examples=40, deadline=None)
@given(
    copies=st.integers(1, 3),
    observables=st.integers(1, 3),
    ranks=st.lists(st.integers(0, 5), min_size=3, max_size=3),
    seed=st.integers(0, 2**31),
)
def test_terms_are_as_many_as_the_rank_and_make_the_operator(
    copies: int, observables: int, ranks: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    lefts = [rng.normal(size=(observables * 27, rank)) for rank in ranks[:copies]]
    operators = np.stack([left @ rng.normal(size=(left.shape[1], 27)) for left in lefts])
    terms = schmidt_terms(operators, observables)
    assert terms is not None
    assert terms[1].shape == (copies, max(1, *ranks[:copies]), 27)
    lefts, rights = terms[0].reshape(copies, observables, -1, 27), terms[1]
    made = np.einsum("csku,ckv->csuv", lefts, rights)
    np.testing.assert_allclose(made, operators.reshape(made.shape), rtol=0, atol=1e-13 * (1 + np.abs(operators).max()))


def test_an_operator_of_full_rank_is_not_parted() -> None:
    assert schmidt_terms(np.random.default_rng(0).normal(size=(1, 27, 27)), 1) is None


@pytest.mark.parametrize("style", ["embedding", "chains"])
@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("copies", [1, 2])
def test_many_samples_without_gradients_get_the_values_of_the_whole_operator(
    style: str, noisy: bool, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    program = oracle.random_program(rng, 6, 5, style)
    noise = oracle.random_noise(rng, program).model() if noisy else None
    layer = QuantumLayer(program, noise, copies, way="observables", dtype=torch.float64)
    inputs = torch.as_tensor(rng.normal(size=(5000, copies * program.inputs)))
    whole = layer(inputs).detach()
    monkeypatch.delattr(ProductStates, "meet")
    with torch.no_grad():
        torch.testing.assert_close(layer(inputs), whole, rtol=0, atol=1e-12)
        inputs[-1, -1] = torch.nan
        with pytest.raises(UserError, match="NaN"):
            layer(inputs)
