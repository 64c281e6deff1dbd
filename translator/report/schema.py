"""The published JSON Schemas of ``report.json``, of an audit and of a plan, version 1 of each."""

from __future__ import annotations

from typing import cast

ID = "urn:meshmigrate:report:1"
AUDIT_ID = "urn:meshmigrate:audit:1"
PLAN_ID = "urn:meshmigrate:plan:1"


def report_schema() -> dict[str, object]:
    """The schema, made from the types of the report; fields may be added without a new version."""
    from pydantic import TypeAdapter  # noqa: PLC0415  # only who asks for the schema waits for it
    from pydantic.json_schema import GenerateJsonSchema  # noqa: PLC0415

    from translator.report.model import Report  # noqa: PLC0415

    class Schema(GenerateJsonSchema):
        """Leaves out what is no part of the JSON form."""

        def callable_schema(self, schema: object) -> dict[str, object]:
            """Nothing: what can be called is not written."""
            del schema
            return {}

    made = TypeAdapter(Report).json_schema(schema_generator=Schema)
    properties = cast("dict[str, object]", made["properties"])
    del properties["exhibits"]
    kinds = cast("dict[str, dict[str, dict[str, object]]]", made["$defs"])
    del kinds["Verification"]["properties"]["because"]
    properties["schema_version"] = {"const": 1}
    properties["causes"] = {"type": "array", "items": _cause()}
    made["required"] = [*made["required"], "assumptions", "causes"]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ID}
    return head | made


def audit_schema() -> dict[str, object]:
    """The schema of an audit's JSON form, version 1; fields may be added without a new version."""
    from pydantic import TypeAdapter  # noqa: PLC0415  # only who asks for the schema waits for it

    from translator.report.audit import Audit  # noqa: PLC0415

    made = TypeAdapter(Audit).json_schema()
    properties = cast("dict[str, object]", made["properties"])
    properties["schema_version"] = {"const": 1}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": AUDIT_ID}
    return head | made


def plan_schema() -> dict[str, object]:
    """The schema of a plan's JSON form, version 1; fields may be added without a new version."""
    from pydantic import TypeAdapter  # noqa: PLC0415  # only who asks for the schema waits for it

    from translator.report.plan import Plan  # noqa: PLC0415

    made = TypeAdapter(Plan).json_schema()
    effort = {"$ref": "#/$defs/Effort"}
    kinds = cast("dict[str, dict[str, dict[str, object]]]", made["$defs"])
    wave = cast("dict[str, list[str]]", kinds["Wave"])
    kinds["Wave"]["properties"] |= {"folder": {"type": "string"}, "effort": effort}
    wave["required"] += ["folder", "effort"]
    properties = cast("dict[str, object]", made["properties"])
    properties["schema_version"] = {"const": 1}
    properties["holds"] = {"type": "boolean"}
    properties["effort"] = effort
    # the names alone: their texts are the folder
    properties["files"] = {"type": "array", "items": {"type": "string"}}
    made["required"] = [*made["required"], "holds", "effort", "files"]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": PLAN_ID}
    return head | made


def _cause() -> dict[str, object]:
    """Findings of one cause: how many, and which of ``findings``, from 0."""
    text: dict[str, object] = {"type": "string"}
    properties: dict[str, object] = {
        "code": text,
        "severity": {"$ref": "#/$defs/Severity"},
        "fate": {"$ref": "#/$defs/Fate"},
        "impact": {"$ref": "#/$defs/Impact"},
        "count": {"type": "integer", "minimum": 1},
        "title": text,
        "advice": text,
        "findings": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}
