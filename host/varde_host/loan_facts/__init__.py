"""What the receiver knows of loans: which thing measured, in which loan, and what was expected.

The warehouse signs a *loan sheet* (`sheet`), the receiver opens it (`sheet_folder`), and `stream`
puts it together with what was opened and with what somebody typed off a paper form. No person is
in any of it but for `subjects`, a file of the follow-up service alone.
"""
