"""Words of the trade: a description that consists of them alone is kept when others are withheld.

A word that is missing here costs a description; a word too many could cost a secret. So there are no first
names, no places, no weekdays, no long numbers and no dates, and a study adds its own words in a file.
"""

import re
from collections.abc import Collection
from pathlib import Path

from radfeat.core.errors import SettingsError
from radfeat.ingest.identity import fold

_WORDS = """
abd abdomen abdominal abnormal ac accuracy acq acquisition active adc add adnexa adrenal aerated after agent
air algorithm all altered ammonia anatomic anatomical and angio ankle anterior antineoplastic aorta aortic
apex arm armpit artefact arterial artery artifact atn att attenuation auto automatic average avg ax axial
axilla axillary background baseline bed benign bh bilateral bladder blade blood body bolus bone bones
boundary bounding bowel box brain brainstem breast breasts breath breathhold bronchus bulk buttock calc calf
carbon cardiac care carotid category cavity ce cerebellum cervical cervix chest chiasm choline cm cns
cochlea colon consensus contour contours contrast cor cord core coronal corr corrected correction cortex cow
cspine ct cta ctac ctv cyst decubitus delay delayed derived diagnostic diaphragm diff diffusion digital
dixon dopa dose dotanoc dotatate dotatoc drawn ductal duodenum dwi dyn dynamic ear early edema edited
effusion elbow enhanced enhancement enhancing entire ep epi equilibrium erect esophagus evaluation ex exam
excretory exp expansion expert expiration external extremity eye eyes fapi fast fat fatsat fb fbp fdg fdopa
feetfirst fem femoral femur fet fiducial field filter final finding fl flair flash florbetapir flt
fluciclovine fluoride fluorine fluoro fluorocholine fluorodeoxyglucose fluoroestradiol fluorothymidine
flutemetamol fmiso foot for fov frame free fs fse full function ga gad gado gadolinium gallbladder gallium
gantry gastric gd ghost ghosts gland glioma gray gre groin gross gtv gtvn gtvp hand haste hcc head headfirst
headneck heart hepatic high hilar hip hippocampus hires hr hres hu humerus iac ileum image images imaging in
infiltration inguinal injection inner insp inspiration internal intersection intra intravenous invasion
iodine iohexol iomeprol iopamidol iopromide ir isocenter isotope isotropic itv iv jaw jejunum joint ki
kidney kidneys knee large larynx lat late lateral left leg legs lens lesion lesions level lid lipo
liposarcoma liver lobe localiser localizer low lower lsa lspine lumbar lumen lung lungs lymph lymphoma
magnitude main malignant mandible manual map mar margin marrow mask mass masses maxilla maximum mean medial
mediastinum meningioma mesentery met metabolic metastases metastasis metastatic mets mid minimum minus mip
mm morphologically mpr mprage mr mra mri ms muscle muscles mxfe nac naf nasopharynx nat native nck neck
necrosis necrotic necrotising neoplasm nephrographic nerve neuro nitrogen no nodal node nodes nodule non
none normal not oar object oblique oedema oesophagus omnipaque op optic oral orbit organ original os osem
osteosarcoma out outer ovary oxygen pa pancreas pancreatic para parotid part parts pathology patient pca pd
pelvic pelvis penumbra perfusion peritoneum pet petct petmr phantom phase physical pituitary plane planning
plasma pleura pleural plus portal post postcontrast posterior pre precontrast primary primovist prone
property prostate prostatic protocol psma ptv pulmonary q qc r ra rad radial radiation radio radionuclide
radiopharmaceutical range ras reader recon reconstruction rectum recumbent recurrent reference region rein
relationship renal res resection resolution retro review rib ribs right rim ring roi rois route rt rtss
rtstruct rubidium sacrum sag sagittal sarcoma scalp scan scout se sec secondary seed seg segment
segmentation segmented sella semi semiautomatic sense septum seq sequence sequential series set shell short
shoulder sigmoid sinus site skin skull slice small sodium soft solid solution sp space spair spatial spgr
sphere spin spinal spine spleen splenic squamous ss stack standard stir stomach structure structures study
sub subtraction sum sup superior supine supraclavicular suv suvbw tail target te temporal test testis tfe
thick thigh thin thoracic thorax throat thyroid ti tibia time tissue tof tongue tonsil torso total tp tr tra
tracer trachea trans transverse trufi tse tspine tumor tumors tumour tumours two ultravist umbilical
unenhanced union upper uptake ureter urethra uterus vagina vein venous ventricle vertebra vertebrae vessel
vessels viable vibe view visipaque vocal vol volume volumetric wall water wb weighted white whole wholebody
width with without wo wrist wt z zoom
"""
_KNOWN = frozenset(_WORDS.split())

_TOKEN = re.compile(r"[^\W_]+")
_SHAPES = re.compile(
    r"[a-z]"  # a single letter
    r"|\d{1,3}"  # a short number
    r"|[bchijltdsr][r]?\d{1,2}[a-z]?"  # kernels, vertebrae, T1 and T2, sides
    r"|b\d{2,4}"  # b values
    r"|\d{1,3}(mm|cm|ms|s|sec|min|d|kv|kvp|mas|hr|i|it|sub|ss|f|f18|c|ga|cu|zr|g|cc|ml|t)"
    r"|(f|ga|c|cu|zr|i|rb|n|o)\d{1,3}m?"  # nuclides
    r"|\d{1,2}(i|it)\d{1,2}s"  # iterations and subsets
)
_NUMBERED = re.compile(r"([a-z]{2,})\d{1,2}")
_LIKE_DATE_OR_PHONE = re.compile(r"\d+[./ -]\d+[./ -]\d+|\d{4}")
_MOST_DIGITS = 8
_LONGEST = 64


def is_technical(text: str, extra: Collection[str] = frozenset()) -> bool:
    """Whether each word of a text is of the trade, or of ``extra`` (folded), or a short number or code."""
    plain = fold(text.strip(" \0"))
    tokens = _TOKEN.findall(plain)
    if not tokens or len(plain) > _LONGEST or sum(map(str.isdigit, plain)) > _MOST_DIGITS:
        return False
    without_b = re.sub(r"\bb\d{2,4}\b", "", plain.replace("_", " "))
    if _LIKE_DATE_OR_PHONE.search(without_b):
        return False
    return all(_is_known(token, extra) for token in tokens)


def _is_known(token: str, extra: Collection[str]) -> bool:
    if token in _KNOWN or token in extra or _SHAPES.fullmatch(token):
        return True
    numbered = _NUMBERED.fullmatch(token)
    return numbered is not None and (numbered[1] in _KNOWN or numbered[1] in extra)


def read_words(path: Path) -> frozenset[str]:
    """The words of a study's own file, one to a line, folded.

    Raises
    ------
    SettingsError
        If the file cannot be read as UTF-8, or a line holds more than one word.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            "the list of words cannot be read", key=path.name, remedy="Write one word to a line, in UTF-8"
        ) from None
    words = [fold(line.strip()) for line in lines if line.strip()]
    for number, word in enumerate(words, start=1):
        if not _TOKEN.fullmatch(word):
            raise SettingsError(
                f"entry {number} is more than one word",
                key=path.name,
                remedy="Write one word to a line: letters and digits, without blanks or signs",
            )
    return frozenset(words)
