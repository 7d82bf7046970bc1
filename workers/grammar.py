"""The allow-list itself: node types, names, attributes, keywords and types. Pure.

Not here: what a filter says of itself (`workers.reading`), the words (`workers.vocabulary`).
"""

import ast
import difflib
from collections.abc import Iterable
from typing import Final, NoReturn

from indicators import catalog
from workers import vocabulary
from workers.place import Place

#: How deep expressions and statements may be nested; ordinary filters stay below 20.
DEPTH_MAX: Final = 60

# fmt: off
_ALLOWED: Final = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete,
    ast.For, ast.While, ast.If, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.Raise, ast.Try, ast.ExceptHandler, ast.Assert,
    ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.Lambda, ast.IfExp, ast.Dict, ast.Set, ast.ListComp, ast.SetComp,
    ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Compare, ast.Call, ast.keyword, ast.FormattedValue, ast.JoinedStr,
    ast.Constant, ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple, ast.Slice, ast.expr_context,
    ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.Import, ast.alias,
)
# fmt: on

#: What people call the node types that are not allowed, and what they may write instead.
_REFUSED: Final[dict[type[ast.AST], tuple[str, str]]] = {
    ast.ClassDef: ("classes are not allowed", "use functions, tuples and dicts"),
    ast.AsyncFunctionDef: ("async functions are not allowed", "write a plain def"),
    ast.AsyncFor: ("async loops are not allowed", "write a plain for"),
    ast.AsyncWith: ("with is not allowed", "there is nothing to open or lock in a filter"),
    ast.Await: ("await is not allowed", "there is nothing to wait for in a filter"),
    ast.With: ("with is not allowed", "there is nothing to open or lock in a filter"),
    ast.Yield: ("generators are not allowed", "return a list"),
    ast.YieldFrom: ("generators are not allowed", "return a list"),
    ast.Global: ("global is not allowed", "no state survives a call; pass and return values"),
    ast.Nonlocal: ("nonlocal is not allowed", "pass and return values"),
    ast.Match: ("match is not allowed", "write if and elif"),
    ast.TryStar: ("except* is not allowed", "write except Exception"),
    ast.ImportFrom: ("import is not allowed", "np and math are there: write math.sqrt(x)"),
}

_CONSTANTS: Final = (str, int, float, type(None), type(...))
#: Keywords that hand out memory nobody wrote, whatever a filter calls its own parameters.
_KEYWORDS_NEVER: Final = frozenset({"where", "like", "order", "subok"})
_MODULE_STATEMENTS: Final = (ast.FunctionDef, ast.Assign, ast.AnnAssign, ast.Import, ast.Pass)


def inspect(tree: ast.Module, place: Place, check_function: ast.FunctionDef) -> None:
    """Walk the whole tree; raises FilterRefused at the first construct that is not allowed."""
    for statement in tree.body:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if type(statement) in _ALLOWED and not isinstance(statement, _MODULE_STATEMENTS) and not is_text:
            advice = "constants, tables and functions stand at module level; everything else belongs into check"
            raise place.refusal(statement, "statement is not allowed at module level", advice=advice)
    _Inspector(tree, place, check_function).statements(tree.body, 1)


class _Inspector:
    """One walk over one tree."""

    def __init__(self, tree: ast.Module, place: Place, check_function: ast.FunctionDef) -> None:
        self._place = place
        self._indicators_name = check_function.args.args[2].arg
        self._bound = set(_bindings(tree))
        parameters = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        of_indicators = {name for entry in catalog.ENTRIES.values() for name in (*entry.inputs, *entry.parameters)}
        self._keywords = (vocabulary.KEYWORDS | parameters | of_indicators) - _KEYWORDS_NEVER
        self._attributes = (
            vocabulary.METHODS | vocabulary.BAR_ATTRIBUTES | vocabulary.TICKER_ATTRIBUTES | frozenset(catalog.BY_NAME)
        )
        #: Inside a `finally`, whether a loop begun there surrounds us; None outside.
        self._loop_in_finally: bool | None = None

    def statements(self, nodes: Iterable[ast.AST], depth: int) -> None:
        for node in nodes:
            self.visit(node, depth)

    def visit(self, node: ast.AST, depth: int) -> None:
        if depth > DEPTH_MAX:
            self._refuse(node, "nested too deeply", advice=f"at most {DEPTH_MAX} levels")
        if not isinstance(node, _ALLOWED):
            what, advice = _REFUSED.get(type(node), (f"{type(node).__name__} is not allowed", ""))
            self._refuse(node, what, advice=advice)
        visitor = getattr(self, f"_visit_{type(node).__name__.lower()}", None)
        if visitor is not None:
            visitor(node, depth)
        else:
            self._children(node, depth)

    def _children(self, node: ast.AST, depth: int) -> None:
        self.statements(ast.iter_child_nodes(node), depth + 1)

    def _refuse(self, node: ast.AST, what: str, construct: str = "", advice: str = "") -> NoReturn:
        raise self._place.refusal(node, what, construct, advice)

    # --- names ------------------------------------------------------------------------------------------------------

    def _visit_name(self, node: ast.Name, _depth: int) -> None:
        self._name(node, node.id)
        if isinstance(node.ctx, ast.Load):
            if node.id not in self._bound and node.id not in vocabulary.BUILTINS and node.id not in vocabulary.MODULES:
                self._refuse(node, "name is not known", node.id, vocabulary.ADVICE.get(node.id, self._nearest(node.id)))
        elif isinstance(node.ctx, ast.Del):
            self._refuse(node, "del of a name is not allowed", f"del {node.id}", "names end with their function")
        elif node.id in vocabulary.MODULES:
            self._refuse(node, "name is taken", node.id, "choose another name")

    def _name(self, node: ast.AST, name: str) -> None:
        if name.startswith("_") and name != "_":
            self._refuse(node, "name begins with an underscore", name, "drop the underscore")

    def _nearest(self, name: str) -> str:
        close = difflib.get_close_matches(name, [*self._bound, *vocabulary.BUILTINS, *vocabulary.MODULES], n=1)
        return f"did you mean {close[0]}?" if close else "assign it first"

    def _visit_arg(self, node: ast.arg, _depth: int) -> None:
        # The annotation is not looked at: it is dropped.
        self._name(node, node.arg)
        if node.arg in vocabulary.MODULES:
            self._refuse(node, "name is taken", node.arg, "choose another name")

    def _visit_attribute(self, node: ast.Attribute, depth: int) -> None:
        self.visit(node.value, depth + 1)
        if not isinstance(node.ctx, ast.Load):
            self._refuse(node, "assignment to an attribute is not allowed", advice="no state survives; use a variable")
        self._name(node, node.attr)
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner == self._indicators_name:
            allowed, what = frozenset(catalog.BY_NAME), "indicator is not known"
        elif owner == "np":
            allowed, what = vocabulary.NUMPY, "this part of NumPy is not there"
        elif owner == "math":
            allowed, what = vocabulary.MATH, "this part of math is not there"
        else:
            allowed, what = self._attributes, "attribute is not allowed"
        if node.attr not in allowed:
            close = difflib.get_close_matches(node.attr, allowed, n=1)
            advice = f"did you mean {close[0]}?" if close else ""
            if node.attr in ("format", "format_map"):
                advice = vocabulary.ADVICE["format"]
            self._refuse(node, what, f"{owner}.{node.attr}" if owner else node.attr, advice)

    # --- expressions ------------------------------------------------------------------------------------------------

    def _visit_constant(self, node: ast.Constant, _depth: int) -> None:
        if not isinstance(node.value, _CONSTANTS):
            self._refuse(node, f"{type(node.value).__name__} is not allowed", advice="use numbers, texts and tables of them")

    def _visit_call(self, node: ast.Call, depth: int) -> None:
        self.visit(node.func, depth + 1)
        self.statements(node.args, depth + 1)
        for keyword in node.keywords:
            if keyword.arg is None:
                self._refuse(keyword, "** in a call is not allowed", advice="name the keywords, so that they can be checked")
            self._name(keyword, keyword.arg)
            if keyword.arg not in self._keywords:
                close = difflib.get_close_matches(keyword.arg, self._keywords, n=1)
                self._refuse(keyword, "keyword is not allowed", keyword.arg, f"did you mean {close[0]}?" if close else "")
            self.visit(keyword.value, depth + 1)
            if keyword.arg == "dtype":
                self._dtype(keyword.value)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "astype":
            for argument in node.args[:1]:
                self._dtype(argument)

    def _dtype(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=str(name)) | ast.Name(id=name):
                found = name
            case ast.Attribute(value=ast.Name(id="np"), attr=name):
                found = name
            case _:
                found = ""
        if found not in vocabulary.DTYPES:
            self._refuse(node, "type is not allowed", advice="write float, int, bool or np.float64, np.int64, np.bool_")

    def _visit_arguments(self, node: ast.arguments, depth: int) -> None:
        if node.kwarg is not None:
            self._refuse(node.kwarg, "** in a definition is not allowed", f"**{node.kwarg.arg}", "name the parameters")
        self._children(node, depth)

    def _visit_lambda(self, node: ast.Lambda, depth: int) -> None:
        outer, self._loop_in_finally = self._loop_in_finally, None
        self._children(node, depth)
        self._loop_in_finally = outer

    def _visit_comprehension(self, node: ast.comprehension, depth: int) -> None:
        if node.is_async:
            self._refuse(node.target, "async loops are not allowed", advice="write a plain for")
        self._children(node, depth)

    # --- statements -------------------------------------------------------------------------------------------------

    def _visit_import(self, node: ast.Import, _depth: int) -> None:
        for alias in node.names:
            if (alias.name, alias.asname) not in (("numpy", "np"), ("math", None)):
                name = alias.name.split(".")[0]
                advice = vocabulary.ADVICE.get(name, "np and math are there without an import; nothing else is")
                self._refuse(node, "import is not allowed", alias.name, advice)
        if node.col_offset:
            self._refuse(node, "import is not allowed here", advice="np and math are there without an import")

    def _visit_functiondef(self, node: ast.FunctionDef, depth: int) -> None:
        if node.decorator_list:
            self._refuse(node.decorator_list[0], "decorators are not allowed", advice="call the function where you need it")
        self._name(node, node.name)
        if node.name in vocabulary.MODULES:
            self._refuse(node, "name is taken", node.name, "choose another name")
        outer, self._loop_in_finally = self._loop_in_finally, None
        self.visit(node.args, depth + 1)
        self.statements(node.body, depth + 1)
        self._loop_in_finally = outer

    def _visit_annassign(self, node: ast.AnnAssign, depth: int) -> None:
        self.visit(node.target, depth + 1)
        if node.value is not None:
            self.visit(node.value, depth + 1)

    def _visit_excepthandler(self, node: ast.ExceptHandler, depth: int) -> None:
        if node.name is not None:
            self._name(node, node.name)
        self._children(node, depth)

    def _visit_try(self, node: ast.Try, depth: int) -> None:
        self.statements([*node.body, *node.handlers, *node.orelse], depth + 1)
        outer, self._loop_in_finally = self._loop_in_finally, False
        self.statements(node.finalbody, depth + 1)
        self._loop_in_finally = outer

    def _loop(self, node: ast.For | ast.While, depth: int) -> None:
        outer = self._loop_in_finally
        if outer is not None:
            self._loop_in_finally = True
        self._children(node, depth)
        self._loop_in_finally = outer

    _visit_for = _loop
    _visit_while = _loop

    def _visit_return(self, node: ast.Return, depth: int) -> None:
        if self._loop_in_finally is not None:
            self._refuse(node, "return in finally is not allowed", "return", "it would swallow an error; return after it")
        self._children(node, depth)

    def _jump(self, node: ast.Break | ast.Continue, _depth: int) -> None:
        if self._loop_in_finally is False:
            word = type(node).__name__.lower()
            self._refuse(node, f"{word} in finally is not allowed", word, "it would swallow an error")

    _visit_break = _jump
    _visit_continue = _jump


def _bindings(tree: ast.AST) -> Iterable[str]:
    """Every name the source gives a value to, in whatever scope."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
