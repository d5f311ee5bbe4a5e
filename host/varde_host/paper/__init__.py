"""Paper: labels and protocols as PDF, readable in black and white, the same bytes for the same
content. Fonts are embedded (`typeface`); what stands on a page comes from the catalogues of texts.
"""
