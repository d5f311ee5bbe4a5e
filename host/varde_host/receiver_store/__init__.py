"""The receiver's own database and folder, and how records come into it.

See docs/receiver-service.md.
"""
