"""Readings as HL7 FHIR R4 resources: pure, plain dictionaries with exact decimals.

See docs/fhir.md.
"""
