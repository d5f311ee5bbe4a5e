"""The ground that page servers stand on: `varde bench` and `varde fleet serve`.

A server is a table of `page.Page`, put together by a command and served by `shell.app`. No page
decides anything: it reads what was asked (`asked.Asked`), calls what a command calls as well, and
renders the values (`rendering`). What every page needs is here and in no page: who is asking and
whether they may, forms and their tokens, headers, errors in plain words, files that never change,
and parts of a page that change while somebody looks (`live`).

Templates and files of a page's own lie in `templates/` and `static/` of its package.
"""
