"""What lies beside the tables of an inventory, for whoever opens the folder."""

README = """\
This folder is the inventory of a DICOM tree, made by `radfeat ingest inventory` from headers alone.

1. Look through series.csv (one row per series, with a verdict and its reasons) and pairs.csv (one row per
   drawn region, with the image it belongs to, or the reason why it has no row in images.csv).
2. Review images.csv, the drafted image sheet: take out the rows that the protocol does not mean, and put in
   by hand what was left out in doubt.
3. Run it: `radfeat validate` and `radfeat run` with a config.yaml that says `images: images.csv`.

The folder private holds what names subjects: PatientIDs, paths, descriptions, and the key that the subjects'
pseudonyms were made with. Keep it where the scans are kept, give it to nobody, and name that key
(`--key private/key`) when another inventory shall call the same subjects by the same names.
The lists in private/series and private/masks name files relative to themselves: move neither them nor
the scans.
"""
