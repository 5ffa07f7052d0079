"""A small set of handwritten digits in MNIST's files."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hqnn.data.folders import whole_folder
from hqnn.data.images.idx import write_idx

SIDE, INNER = 28, 20  # as MNIST: digits of 20 x 20 in the middle of 28 x 28
TRAIN = 1437  # of 1,797


def write_digits(folder: str | os.PathLike[str]) -> None:
    """Write scikit-learn's digits, enlarged from 8 x 8, as four gzipped IDX files: 1,437 train and 360 test images.

    They keep their order: the last ones are test images, so no draw is involved. Source: E. Alpaydin and C. Kaynak,
    Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49.

    Args:
        folder: where; replaced if it exists.
    """
    from sklearn.datasets import load_digits

    values, labels = load_digits(return_X_y=True)
    images = np.stack([enlarged(image) for image in values.reshape(-1, 8, 8)])
    with whole_folder(folder) as root:
        for part, rows in (("train", slice(TRAIN)), ("t10k", slice(TRAIN, None))):
            write_idx(root / f"{part}-images-idx3-ubyte.gz", images[rows])
            write_idx(root / f"{part}-labels-idx1-ubyte.gz", labels[rows].astype(np.uint8))


def enlarged(image: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Enlarge an image with values 0 to 16 by bicubic interpolation to 20 x 20 within 28 x 28, values 0 to 255."""
    grey = Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8))
    margin = (SIDE - INNER) // 2
    return np.pad(np.asarray(grey.resize((INNER, INNER), Image.Resampling.BICUBIC)), margin)
