"""The small changes made to an accepted tree before it is compiled. Pure.

Annotations and imports are dropped; `except:` becomes `except Exception:`, so that a passed deadline cannot be swallowed.
"""

import ast


def soften(tree: ast.Module) -> None:
    """Drop annotations and imports, and let `except:` mean `except Exception:`; the tree stays ready to compile."""
    _Softener().visit(tree)


class _Softener(ast.NodeTransformer):
    def visit_Import(self, _node: ast.Import) -> None:
        return None

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        # Nobody has looked at it; it may be nested deeper than a walk can go.
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self.generic_visit(node)
        if node.type is None:
            node.type = ast.copy_location(ast.Name("Exception", ast.Load()), node)
        return node
