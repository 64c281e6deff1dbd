"""Sets of strings, exactly.

They are built from patterns, combined, compared, and said again as regular expressions.
"""

from ir.language.algebra import CAP, Atom, Language, atoms
from ir.language.cost import program_size
from ir.language.domains import HEADER_VALUE, NORMAL_PATH, PATH, TOKEN
from ir.language.errors import BadPattern, Opaque
from ir.language.joint import READABLE
from ir.language.pieces import in_pieces
from ir.language.syntax import Dialect

__all__ = [
    "CAP",
    "HEADER_VALUE",
    "NORMAL_PATH",
    "PATH",
    "READABLE",
    "TOKEN",
    "Atom",
    "BadPattern",
    "Dialect",
    "Language",
    "Opaque",
    "atoms",
    "in_pieces",
    "program_size",
]
