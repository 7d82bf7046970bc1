"""Ways through a syntax tree, faster than those of `ast`: without the marks of whether a name is read or written. Pure."""

import ast


def children(node: ast.AST) -> list[ast.AST]:
    """What stands right below a node, in the order of the source."""
    found: list[ast.AST] = []
    for name in node._fields:
        if name == "ctx":
            continue
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif type(value) is list:
            found.extend([part for part in value if isinstance(part, ast.AST)])
    return found


def walk(tree: ast.AST) -> list[ast.AST]:
    """A node and all below it, those of a level before those of the next."""
    found = [tree]
    for node in found:
        found.extend(children(node))
    return found
