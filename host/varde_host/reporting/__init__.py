"""Reports: pages, table and code from a signed record, and from nothing else.

    slip            the QR code: what the record comes to, signed anew and small enough to scan
    amounts         numbers, dates and outcomes as a language writes them
    sheet           what all reports have: head, verdict, who did it, how the copy is checked
    control_*       «Kontrollrapport» of a verification: pages, tables, plots
    acceptance_report, handout_report, start_card, device_sheet, batch_sheet
    points_table    the values as CSV
    files           the files of one report, and the same again from them
    checking        is this paper, or this file, what was signed?

What is drawn comes from the record, the language and the slip. So the same bytes are drawn again
by whoever has the files, without a database, a clock or a key.
"""
