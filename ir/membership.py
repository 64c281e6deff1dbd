"""Which workloads have a proxy of the mesh."""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import Subject
from ir.provenance import Traced, Trail
from ir.roles import Role, roles


@roles(subject=Role.SUBJECT, enrolled=Role.EFFECT, object=Role.SUBJECT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The workloads of the subject are in the mesh, or are kept out of it.

    ``object`` is the ``Kind/namespace/name`` of the object that says so. No workload may be enrolled in two meshes,
    none that was enrolled may end in none.
    """

    subject: Subject
    object: str
    enrolled: Traced[bool]
    trail: Trail
