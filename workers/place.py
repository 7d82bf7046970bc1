"""Where in a filter's source something stands, and the refusal that says so. Pure."""

import ast

from engine.base.errors import FilterRefused


class Place:
    """Where a node stands in the source, for a person: lines and characters counted from 1."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = source.splitlines()

    def refusal(self, node: ast.AST, what: str, construct: str = "", advice: str = "") -> FilterRefused:
        """The error that names this node; without `construct` its source text stands for it."""
        line = getattr(node, "lineno", 1)
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        before = text.encode("utf-8", "surrogatepass")[: getattr(node, "col_offset", 0)]
        column = len(before.decode("utf-8", "replace")) + 1
        construct = construct or (ast.get_source_segment(self._source, node) or type(node).__name__).split("\n")[0]
        return FilterRefused(what, line=line, column=column, construct=construct[:60], advice=advice)
