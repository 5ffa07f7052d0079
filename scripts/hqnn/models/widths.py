"""How wide a classical net is that has as many trainable numbers as another model."""

from __future__ import annotations


def outputs_of(classes: int) -> int:
    """Logits of a classifier: one of two classes, one a class of more."""
    return 1 if classes == 2 else classes


def matched_width(parameters: int, inputs: int, outputs: int) -> int:
    """The width of the one hidden layer that brings a perceptron nearest to a number of parameters.

    With biases, ``width * (inputs + 1 + outputs) + outputs`` numbers are trained.

    Args:
        parameters: trainable numbers of the model it is compared with.
        inputs: numbers a sample has.
        outputs: logits.

    Returns:
        At least 1.
    """
    return max(1, round((parameters - outputs) / (inputs + 1 + outputs)))
