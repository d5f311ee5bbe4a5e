"""The version of the application, as in pyproject.toml; told in reports."""

VERSION = "0.1.0"
