"""What is asked of a technician one question at a time, each answer on the disk before the next.

A `flow.Flow` is a table of questions and what is done when all are answered: the same function
that a command of `varde` calls. An `entries.Entry` is one that is under way: a small file in the
site's folder, so that whoever comes back after a power cut, or a lunch, goes on where they were.

No answer is kept that its question's check refuses, so no birth number comes to the disk here.
Nothing is in the inventory before the last question is answered, and then all of it is.
"""
