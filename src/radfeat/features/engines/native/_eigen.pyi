import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]

def find_second_of(pairs: Reals) -> float: ...
def find_second(p: Reals, px: Reals, py: Reals) -> float: ...
