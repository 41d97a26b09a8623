"""Which objects a C-GET must be ready to take: storage classes by modality, and transfer syntaxes."""

from collections.abc import Iterable

from pydicom import uid
from pynetdicom import build_context, build_role
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext

SYNTAXES = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.RLELossless,
)
"""Each is offered by itself, so that an object can come as it is stored."""

MOST_CLASSES = 126 // len(SYNTAXES)
"""An association has room for 128 contexts (PS3.8)."""

BY_MODALITY = {
    "CT": (uid.CTImageStorage, uid.EnhancedCTImageStorage),
    "MR": (uid.MRImageStorage, uid.EnhancedMRImageStorage),
    "PT": (uid.PositronEmissionTomographyImageStorage, uid.EnhancedPETImageStorage),
    "US": (uid.UltrasoundImageStorage, uid.UltrasoundMultiFrameImageStorage),
    "RTSTRUCT": (uid.RTStructureSetStorage,),
    "RTDOSE": (uid.RTDoseStorage,),
    "RTPLAN": (uid.RTPlanStorage,),
    "SEG": (uid.SegmentationStorage,),
    "REG": (uid.SpatialRegistrationStorage, uid.DeformableSpatialRegistrationStorage),
    "SR": (uid.EnhancedSRStorage, uid.ComprehensiveSRStorage, uid.Comprehensive3DSRStorage),
}
"""For a PACS that does not say the class of its instances."""


def build_contexts(classes: Iterable[str]) -> list[PresentationContext]:
    """One context for each class and transfer syntax."""
    return [build_context(sop_class, [syntax]) for sop_class in sorted(classes) for syntax in SYNTAXES]


def build_roles(classes: Iterable[str]) -> list[SCP_SCU_RoleSelectionNegotiation]:
    """That we, who ask, take objects of these classes."""
    return [build_role(uid.UID(sop_class), scp_role=True) for sop_class in sorted(classes)]
