import os

import phantoms
from radfeat.pipeline.cache import fingerprint
from radfeat.pipeline.manifest import list_stats


def test_a_changed_data_file_changes_the_fingerprint_of_its_case(tmp_path):
    image, mask = phantoms.write_pair(tmp_path, "mhd")
    rows = [phantoms.build_row(image, mask)]
    before = fingerprint(rows)
    assert len(before) == 4
    data = phantoms.data_file(image)
    data.write_bytes(data.read_bytes()[::-1] + b"\0")
    after = fingerprint(rows, before)
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, False, True, True]


def test_files_of_one_size_and_time_keep_their_own_hashes(tmp_path):
    image, mask = phantoms.write_pair(tmp_path, "nii")
    rows = [phantoms.build_row(image, mask)]
    mask.write_bytes(image.read_bytes()[:-1] + b"\7")
    for path in (image, mask):
        os.utime(path, ns=(1, 1))
    known = fingerprint(rows)
    assert known[0]["stat"] == known[1]["stat"]
    assert known[0]["sha256"] != known[1]["sha256"]
    assert fingerprint(rows, known) == known


def test_files_whose_names_are_no_text_have_fingerprints_and_stats(tmp_path):
    _, mask = phantoms.write_pair(tmp_path, "nii")
    folder = tmp_path / "slices"
    folder.mkdir()
    for name in (b"\xff1", b"\xff2", b"3"):
        with open(os.fsencode(folder) + b"/" + name, "wb") as stream:  # noqa: PTH123
            stream.write(name)
    rows = [phantoms.build_row(folder, mask)]
    known = fingerprint(rows)
    assert len({file["place"] for file in known}) == 4
    (entry,) = list_stats(folder)
    assert entry[:2] == [3, 5]
