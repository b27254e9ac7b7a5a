"""Types that all folders use."""

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
Task = Literal["binary", "multiclass", "regression"]
Kind = Literal["number", "date", "duration", "category"]  # of a column
