"""A release: what hubs may run, made once, signed by two of three people, served by anybody.

`firmware` reads what the build left, `bundle` is the file that goes on the air, `blocks` cuts it,
`sbom` lists what is in it, `folder` is all of it on a disk; `making`, `signing` and `judging` are
what is done with it. docs/release.md is the way of a release from a commit to a hub.
"""
