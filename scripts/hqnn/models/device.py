"""Where torch computes."""

from __future__ import annotations

import torch

from hqnn.errors import UserError


def device_of(name: str) -> torch.device:
    """The device that a config asks for.

    Args:
        name: ``cpu``, ``cuda``, or ``auto`` for the GPU where torch sees one.

    Raises:
        UserError: there is no GPU.
    """
    seen = torch.cuda.is_available()
    if name == "cuda" and not seen:
        raise UserError(
            f"engine.device is 'cuda', but torch {torch.__version__} sees no GPU; ask for a machine with one and "
            "install torch for it, or take 'auto' or 'cpu'"
        )
    return torch.device("cuda" if name != "cpu" and seen else "cpu")
