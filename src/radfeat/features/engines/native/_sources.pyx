"""Which sources the compiled modules were made of."""

cdef extern from *:
    const char* RADFEAT_SOURCES

SOURCES = (<bytes>RADFEAT_SOURCES).decode("ascii")
