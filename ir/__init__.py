"""The neutral model of traffic policy: small facts, each a sentence about a request.

Nothing in here knows a vendor, a manifest or a file format. Importers state facts, exporters print them, ``behaviour``
says what they make of a request.
"""
