"""The allow-list itself: node types, names, attributes, keywords and types. Pure.

Not here: what a filter says of itself (`workers.reading`), the words (`workers.vocabulary`).
"""

import ast
import difflib
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from indicators import catalog
from workers import vocabulary
from workers.place import Place
from workers.walking import children

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
REFUSED: Final[dict[type[ast.AST], tuple[str, str]]] = {
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
#: Keywords that hand out memory nobody wrote or read it as another type, whatever a filter calls its own parameters.
_KEYWORDS_NEVER: Final = frozenset({"where", "like", "order", "subok", "casting", "signature", "sig", "extobj"})
_INDICATORS: Final = frozenset(catalog.BY_NAME)
_KEYWORDS: Final = vocabulary.KEYWORDS.union(*((*entry.inputs, *entry.parameters) for entry in catalog.ENTRIES.values()))
_ATTRIBUTES: Final = vocabulary.METHODS | vocabulary.BAR_ATTRIBUTES | vocabulary.TICKER_ATTRIBUTES | _INDICATORS
#: Larger whole numbers cannot be printed, nor meant.
_INTEGER_BITS_MAX: Final = 1_024
_MODULE_STATEMENTS: Final = (ast.FunctionDef, ast.Assign, ast.AnnAssign, ast.Import, ast.Pass)


def inspect(tree: ast.Module, place: Place, check_function: ast.FunctionDef, nodes: Sequence[ast.AST]) -> None:
    """Walk the whole tree, whose `nodes` are given; raises FilterRefused at the first construct that is not allowed."""
    for statement in tree.body:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if type(statement) in _ALLOWED and not isinstance(statement, _MODULE_STATEMENTS) and not is_text:
            advice = "constants, tables and functions stand at module level; everything else belongs into check"
            raise place.refusal(statement, "statement is not allowed at module level", advice=advice)
    _Inspector(nodes, place, check_function).statements(tree.body, 1)


class _Inspector:
    """One walk over one tree."""

    def __init__(self, nodes: Sequence[ast.AST], place: Place, check_function: ast.FunctionDef) -> None:
        self._place = place
        self._indicators_name = check_function.args.args[2].arg
        self._bound = set(_bindings(nodes))
        parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
        self._keywords = (_KEYWORDS | parameters) - _KEYWORDS_NEVER
        #: Attributes that stand where something is called, as calls are looked at before what they call.
        self._called: set[ast.expr] = set()

    def statements(self, nodes: Iterable[ast.AST], depth: int) -> None:
        for node in nodes:
            self.visit(node, depth)

    def visit(self, node: ast.AST, depth: int) -> None:
        # Operators and lists of arguments have no place of their own.
        if depth > DEPTH_MAX and hasattr(node, "lineno"):
            self._refuse(node, "nested too deeply", advice=f"at most {DEPTH_MAX} levels")
        if not isinstance(node, _ALLOWED):
            what, advice = REFUSED.get(type(node), (f"{type(node).__name__} is not allowed", ""))
            self._refuse(node, what, advice=advice)
        visitor = getattr(self, f"_visit_{type(node).__name__.lower()}", None)
        if visitor is not None:
            visitor(node, depth)
        else:
            self._children(node, depth)

    def _children(self, node: ast.AST, depth: int) -> None:
        self.statements(children(node), depth + 1)

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
        else:
            self._bind(node, node.id)

    def _name(self, node: ast.AST, name: str) -> None:
        if name.startswith("_") and name != "_":
            self._refuse(node, "name begins with an underscore", name, "drop the underscore")

    def _bind(self, node: ast.AST, name: str) -> None:
        """A name of the filter's own; those on which this list relies keep their meaning."""
        self._name(node, name)
        if name in vocabulary.MODULES or name in vocabulary.EXCEPTIONS:
            self._refuse(node, "name is taken", name, "choose another name")

    def _nearest(self, name: str) -> str:
        close = difflib.get_close_matches(name, [*self._bound, *vocabulary.BUILTINS, *vocabulary.MODULES], n=1)
        return f"did you mean {close[0]}?" if close else "assign it first"

    def _visit_arg(self, node: ast.arg, _depth: int) -> None:
        # The annotation is not looked at: it is dropped.
        self._bind(node, node.arg)

    def _visit_attribute(self, node: ast.Attribute, depth: int) -> None:
        self.visit(node.value, depth + 1)
        if not isinstance(node.ctx, ast.Load):
            self._refuse(node, "assignment to an attribute is not allowed", advice="no state survives; use a variable")
        self._name(node, node.attr)
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner == self._indicators_name:
            allowed, what = _INDICATORS, "indicator is not known"
        elif owner == "np":
            allowed, what = vocabulary.NUMPY, "this part of NumPy is not there"
        elif owner == "math":
            allowed, what = vocabulary.MATH, "this part of math is not there"
        else:
            allowed, what = _ATTRIBUTES, "attribute is not allowed"
        if node.attr not in allowed:
            close = difflib.get_close_matches(node.attr, allowed, n=1)
            advice = f"did you mean {close[0]}?" if close else ""
            if node.attr in ("format", "format_map", "args"):
                advice = vocabulary.ADVICE[node.attr.removesuffix("_map")]
            self._refuse(node, what, f"{owner}.{node.attr}" if owner else node.attr, advice)
        takes_type = node.attr == "astype" or (owner == "np" and node.attr in vocabulary.TYPED)
        if takes_type and node not in self._called:
            self._refuse(node, "function can only be called", advice="write the call, so that the type is seen")

    # --- expressions ------------------------------------------------------------------------------------------------

    def _visit_constant(self, node: ast.Constant, _depth: int) -> None:
        if not isinstance(node.value, _CONSTANTS):
            self._refuse(node, f"{type(node.value).__name__} is not allowed", advice="use numbers, texts and tables of them")
        if isinstance(node.value, int) and node.value.bit_length() > _INTEGER_BITS_MAX:
            self._refuse(node, "number is too large", advice="write a float, as 1e300")

    def _visit_call(self, node: ast.Call, depth: int) -> None:
        self._called.add(node.func)
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
        self._dtype_by_place(node)

    def _dtype_by_place(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute(attr="astype"):
                place = 0
            case ast.Attribute(value=ast.Name(id="np"), attr=name) if name in vocabulary.TYPED:
                place = vocabulary.TYPED[name]
            case _:
                return
        for argument in node.args[: place + 1]:
            if isinstance(argument, ast.Starred):
                self._refuse(argument, "* in this call is not allowed", advice="write the arguments, so that the type is seen")
        if len(node.args) > place:
            self._dtype(node.args[place])

    def _dtype(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=str(name)):
                found = name
            case ast.Name(id=name) if name not in self._bound:
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
        self._bind(node, node.name)
        self.visit(node.args, depth + 1)
        self.statements(node.body, depth + 1)

    def _visit_annassign(self, node: ast.AnnAssign, depth: int) -> None:
        self.visit(node.target, depth + 1)
        if node.value is not None:
            self.visit(node.value, depth + 1)

    def _visit_excepthandler(self, node: ast.ExceptHandler, depth: int) -> None:
        if node.name is not None:
            self._bind(node, node.name)
        # While a passed deadline looks for a handler these are evaluated: an error in one would take its place.
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type] if node.type is not None else []
        for kind in kinds:
            if not (isinstance(kind, ast.Name) and kind.id in vocabulary.EXCEPTIONS):
                if isinstance(kind, ast.Name):
                    self.visit(kind, depth + 1)
                self._refuse(kind, "except takes names of exceptions only", advice="write except Exception: or ValueError:")
        self.statements(node.body, depth + 1)

    def _visit_try(self, node: ast.Try, depth: int) -> None:
        self.statements([*node.body, *node.handlers, *node.orelse], depth + 1)
        for statement in node.finalbody:
            # What can fail here could take the place of a passed deadline, what leaves could swallow it.
            harmless = isinstance(statement, ast.Pass) or (
                isinstance(statement, ast.Assign)
                and isinstance(statement.value, ast.Constant)
                and all(isinstance(target, ast.Name) for target in statement.targets)
            )
            if not harmless:
                self._refuse(statement, "finally may only assign constants", advice="write it after the try statement")
        self.statements(node.finalbody, depth + 1)


def _bindings(nodes: Iterable[ast.AST]) -> Iterable[str]:
    """Every name the source gives a value to, in whatever scope."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
