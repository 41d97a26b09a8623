"""The grid of a volume: where its voxels lie in the patient (world is LPS, millimetres)."""

from dataclasses import dataclass

IDENTITY_DIRECTION = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Grid:
    """Size, spacing, origin and direction of a three-dimensional volume.

    Parameters
    ----------
    size_xyz
        Number of voxels along x, y, z.
    spacing_xyz_mm
        Distance between voxel centres, mm, greater than zero.
    origin_xyz_mm
        World position (LPS, mm) of the centre of the first voxel.
    direction
        Row-major 3 x 3 matrix of direction cosines (nine numbers), as SimpleITK gives it.
    """

    size_xyz: tuple[int, int, int]
    spacing_xyz_mm: tuple[float, float, float]
    origin_xyz_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY_DIRECTION

    def __post_init__(self) -> None:
        if len(self.direction) != 9:
            raise ValueError(f"direction has {len(self.direction)} numbers, not 9")
        if min(self.size_xyz) < 1:
            raise ValueError(f"size {self.size_xyz} is not positive")
        if not all(s > 0 for s in self.spacing_xyz_mm):
            raise ValueError(f"spacing {self.spacing_xyz_mm} is not positive")

    @property
    def shape_zyx(self) -> tuple[int, int, int]:
        """Shape of the voxel array."""
        x, y, z = self.size_xyz
        return (z, y, x)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, mm^3."""
        x, y, z = self.spacing_xyz_mm
        return x * y * z
