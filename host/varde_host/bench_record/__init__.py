"""What a bench signs: verifications, acceptances and handouts, as JSON in a COSE_Sign.

    form      what every record says, and `Signed`: a record whose signature holds
    number    the number by which people call a record
    signing   sign one with the site's service key
    opening   open one: signature, shape, and a judgement that follows from its points
    texts     the one JSON text of a record, and how such a text is read

The payload of the document is that text itself, so the `.json` beside a record is what was signed
(docs/decisions/0027). Shapes: protocols/cddl/bench_record.cddl.
"""
