"""The provable draw, version 1. `docs/draw.md` is the specification; every module here follows a section of it."""
