"""The file that is being read: its place, whose it is, and how it is refused."""

from dataclasses import dataclass, field
from pathlib import Path

from radfeat.core.errors import InputError
from radfeat.core.vocabulary import Reason

COPY_AGAIN = "Copy the file again from where it came from"
SAVE_AS_VOLUME = "Save it as one three-dimensional volume with one number per voxel"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read.

    ``key`` is the ``case_id`` or ``roi_id`` that messages name; ``missing`` the reason where the file is not
    there: ``NO_IMAGE`` for an image, ``ROI_NOT_FOUND`` for a mask; ``noun`` what messages call it. Two
    sources are equal where their files are, whoever asks.
    """

    path: Path
    key: str = field(compare=False)
    missing: Reason = Reason.NO_IMAGE
    noun: str = field(default="file", compare=False)

    @property
    def role(self) -> str:
        """What messages call the file; its own name may be a patient's and is never said."""
        return f"the {'image' if self.missing is Reason.NO_IMAGE else 'mask'} {self.noun}"

    def refuse(
        self,
        what: str,
        *,
        reason: Reason = Reason.UNREADABLE,
        measured: str = "",
        allowed: str = "",
        remedy: str = COPY_AGAIN,
    ) -> InputError:
        """The error that refuses the file; of its path the message holds nothing."""
        return InputError(
            f"{self.role} {what}",
            reason=reason,
            key=self.key,
            measured=measured,
            allowed=allowed,
            remedy=remedy,
        )

    def require(self) -> None:
        """Refuse a path at which there is nothing.

        Raises
        ------
        InputError
            If the file is not there or cannot be looked up.
        """
        try:
            self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise self._absent(self.path) from None
        except OSError as error:
            raise self.refuse(
                f"cannot be opened: {error.strerror}", remedy="Check the rights and the disk"
            ) from None

    def read_bytes(self, path: Path | None = None) -> bytes:
        """The bytes of the file, or of one that belongs to it.

        Raises
        ------
        InputError
            If the file is not there, cannot be opened, or is empty.
        """
        target = path or self.path
        try:
            data = target.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise self._absent(target) from None
        except OSError as error:
            raise self.refuse(
                f"cannot be opened: {error.strerror}", remedy="Check the rights and the disk"
            ) from None
        if not data:
            raise self.refuse(f"{self._part(target)}is empty (0 bytes)")
        return data

    def _absent(self, target: Path) -> InputError:
        if target != self.path:
            return self.refuse(
                "keeps its voxels in another file, which is not there",
                remedy="Put the two files side by side, under the names that the header gives",
            )
        return self.refuse("is not there", reason=self.missing, remedy="Check the path in the image sheet")

    def _part(self, target: Path) -> str:
        return "" if target == self.path else "keeps its voxels in another file, which "
