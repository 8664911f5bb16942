"""Mistakes to plant: for every pullback of an op, the ways in which a person gets it wrong, one at a time.

A mutant is the abstract syntax tree of an ops module with one expression replaced, compiled, and ready to be swapped into the
running function as its code object: no file changes, and whoever holds the function gets the mistake.
"""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from tinygrad_edu.engine import Op

PACKAGE = "tinygrad_edu.ops."
TURNS = {"swapaxes", "transpose", "moveaxis", "matrix_transpose"}
SUMS = {"sum", "mean"}
FUNCTIONS = {
    "abs", "absolute", "arctan", "cos", "cosh", "cumsum", "exp", "expm1", "flip", "log", "log1p", "negative", "reciprocal", "sign",
    "sin", "sinh", "sqrt", "square", "tan", "tanh",
}  # fmt: skip
TELLING = 15  # characters of an expression that say where one is
OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARED = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}


class Mutant(NamedTuple):
    """One planted mistake: the function that it is in, what it replaces by what, where, and the code with the mistake."""

    function: FunctionType
    line: int
    kind: str
    before: str
    after: str
    around: str
    code: CodeType

    @property
    def key(self) -> str:
        """A name for it that survives edits elsewhere in the file."""
        module = self.function.__module__.removeprefix(PACKAGE)
        around = f" in {self.around}" if self.around else ""
        return f"{module}.{self.function.__qualname__}: {self.before} -> {self.after}{around}"


# -- which code is a pullback's ----------------------------------------------------------------------------------------


def regions(op: Op) -> Iterator[tuple[FunctionType, list[ast.AST]]]:
    """The functions that make up an op's pullbacks, each with the parts of its tree that only they use."""
    todo: list[tuple[Any, Callable[[ast.FunctionDef], list[ast.AST]]]] = [(inspect.unwrap(op.rule), pullback_parts)]
    seen: set[FunctionType] = set()
    forward: set[FunctionType] = set()  # helpers of the value: a mistake there is one of the value, not of the gradient
    while todo:
        function, parts_of = todo.pop()
        if function in seen | forward or not function.__module__.startswith(PACKAGE) or function.__name__ == "<lambda>":
            continue
        seen.add(function)
        node = definition(function)
        parts = parts_of(node)
        yield function, parts
        if parts_of is pullback_parts:
            left_to = helpers(function, delegated(node))
            mine = {id(n) for part in parts for n in ast.walk(part)}
            rest = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in mine}
            forward |= set(helpers(function, rest)) - set(left_to)
            todo += [(f, pullback_parts) for f in left_to]
        todo += [(f, whole) for f in helpers(function, set().union(*map(names, parts)))]


def used(op: Op) -> set[FunctionType]:
    """Everything of the package that an op's rule runs, for its value or its gradient, other ops aside."""
    todo, found = [inspect.unwrap(op.rule)], set[FunctionType]()
    while todo:
        function = todo.pop()
        if function not in found and function.__module__.startswith(PACKAGE) and function.__name__ != "<lambda>":
            found.add(function)
            todo += helpers(function, names(definition(function)))
    return found


def helpers(function: FunctionType, called: set[str]) -> list[FunctionType]:
    """Of these names, the functions of the module that are not ops, which have tests of their own."""
    found = (function.__globals__.get(name) for name in sorted(called))
    return [f for f in found if isinstance(f, FunctionType) and not hasattr(f, "op")]


@functools.cache
def module_tree(filename: str) -> ast.Module:
    with open(filename, encoding="utf-8") as file:
        return ast.parse(file.read())


def definition(function: FunctionType) -> ast.FunctionDef:
    """The function's node in its module's tree."""
    for node in ast.walk(module_tree(function.__code__.co_filename)):
        if isinstance(node, ast.FunctionDef) and first_line(node) == function.__code__.co_firstlineno:
            return node
    raise LookupError(f"{function.__qualname__} is not in its file; was it edited just now?")


def first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def whole(node: ast.FunctionDef) -> list[ast.AST]:
    """Everything that a helper of a pullback does."""
    return [s for s in node.body if not is_docstring(s)]


def is_docstring(s: ast.stmt) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)


def pullback_parts(node: ast.FunctionDef) -> list[ast.AST]:
    """Of a rule: its functions of g, and what is computed for them alone."""
    own = [s for s in ast.walk(node) if owner(node, s) is node]
    returned = [s.value for s in own if isinstance(s, ast.Return)]
    returns = [value for value in returned if isinstance(value, ast.Tuple)]
    assigned = [s for s in own if isinstance(s, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and s.value is not None]
    forward: set[str] = set().union(*(names(v.elts[0] if isinstance(v, ast.Tuple) else v) for v in returned if v))
    forward |= set().union(*map(names, control(own)))
    for _ in assigned:  # what the value needs, it needs through any number of steps
        forward |= {n for s in assigned if targets(s) & forward for n in names(s.value)}
    alone = [s.value for s in assigned if not targets(s) & forward]
    nested = [s for f in own if isinstance(f, ast.FunctionDef) and f is not node for s in whole(f)]
    return [*nested, *alone, *(e for value in returns for e in value.elts[1:])]


def control(own: list[ast.AST]) -> Iterator[ast.AST]:
    """What decides which way a rule goes, and what it does for its effect: checks, writes into the value."""
    for s in own:
        if isinstance(s, (ast.If, ast.While)):
            yield s.test
        elif isinstance(s, ast.For):
            yield s.iter
        elif isinstance(s, (ast.Expr, ast.Raise, ast.Try)):
            yield s


def delegated(node: ast.FunctionDef) -> set[str]:
    """Functions that a rule leaves everything to: ``return f(...)``."""
    values = [s.value for s in ast.walk(node) if isinstance(s, ast.Return) and owner(node, s) is node]
    return {v.func.id for v in values if isinstance(v, ast.Call) and isinstance(v.func, ast.Name)}


def owner(root: ast.FunctionDef, target: ast.AST) -> ast.AST:
    """The innermost function that a node is in; a function is in the one around it."""
    found: ast.AST = root
    for node in ast.walk(root):
        inside = isinstance(node, (ast.FunctionDef, ast.Lambda)) and node is not target
        if inside and any(n is target for n in ast.walk(node)):
            found = node  # walk goes breadth first: the innermost comes last
    return found


def names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def targets(s: ast.Assign | ast.AugAssign | ast.AnnAssign) -> set[str]:
    return set().union(*map(names, s.targets)) if isinstance(s, ast.Assign) else names(s.target)


# -- the mistakes ------------------------------------------------------------------------------------------------------


def mistakes(node: ast.AST, inputs: list[str]) -> Iterator[tuple[str, ast.AST]]:
    """What a person may write instead of one expression: (kind of mistake, expression)."""
    match node:
        case ast.Lambda(args=args, body=body):
            yield "sign", ast.Lambda(args, ast.UnaryOp(ast.USub(), body))
        case ast.Return(value=ast.BinOp() | ast.Call() | ast.IfExp() | ast.Name() as value):
            yield "sign", ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield "sign", operand
        case ast.BinOp(left=left, op=kind, right=right):
            if type(kind) in OPPOSITE:
                yield (
                    "sign" if isinstance(kind, (ast.Add, ast.Sub)) else "factor",
                    ast.BinOp(left, OPPOSITE[type(kind)](), right),
                )
            if isinstance(kind, (ast.Mult, ast.Div, ast.Add, ast.Sub, ast.MatMult, ast.Pow)):
                yield "dropped factor", left
            if isinstance(kind, (ast.Mult, ast.Add, ast.Sub, ast.MatMult)):
                yield "dropped factor", right
            if isinstance(kind, (ast.MatMult, ast.Sub, ast.Div, ast.Pow)):
                yield "swapped operand", ast.BinOp(right, kind, left)
        case ast.Attribute(value=value, attr="T" | "mT"):
            yield "dropped transpose", value
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=attr), args=[first, *rest]):
            if attr in TURNS:
                yield "dropped transpose", first
            elif attr in SUMS:
                yield "dropped sum", first
            elif attr == "where" and len(rest) == 2:
                yield "swapped operand", ast.Call(node.func, [first, rest[1], rest[0]], node.keywords)
                yield "wrong branch", rest[0]
            elif attr in FUNCTIONS:
                yield "dropped function", first
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in TURNS | SUMS:
            yield "dropped transpose" if attr in TURNS else "dropped sum", value
        case ast.Compare(left=left, ops=[kind], comparators=[right]) if type(kind) in COMPARED:
            for other in COMPARED[type(kind)]:
                yield "wrong tie rule", ast.Compare(left, [other()], [right])
        case ast.Constant(value=bool(value)):
            yield "wrong option", ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield "off by one", ast.Constant(value + 1)
        case ast.Name(id=name, ctx=ast.Load()) if name in inputs:
            for other in inputs:
                if other != name:
                    yield "swapped operand", ast.Name(other, ast.Load())
        case ast.keyword(arg="axis", value=value) if not isinstance(value, ast.Constant):
            yield "off-by-one axis", ast.keyword("axis", ast.BinOp(value, ast.Add(), ast.Constant(1)))
        case ast.IfExp(body=body, orelse=orelse):
            yield "wrong branch", body
            yield "wrong branch", orelse


def constants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A variable in arithmetic taken for the constant 1."""
    if isinstance(node, ast.BinOp):
        for field in ("left", "right"):
            value = getattr(node, field)
            if isinstance(value, ast.Name) and value.id != "g" and isinstance(node.op, (ast.Add, ast.Sub)):
                changed = copy.copy(node)
                setattr(changed, field, ast.Constant(1.0))
                yield "constant for variable", changed


def mutants(op: Op) -> Iterator[Mutant]:
    """Every mistake that can be planted in an op's pullbacks."""
    for function, parts in regions(op):
        tree = module_tree(function.__code__.co_filename)
        inputs = [
            name
            for name in op.names[: op.required]
            if name in function.__code__.co_varnames[: function.__code__.co_argcount]
        ]
        done: set[tuple[int, int, str]] = set()
        for part in parts:
            for node, around in expressions(part):
                for kind, other in (*mistakes(node, inputs), *constants(node)):
                    before, after = unparsed(node), unparsed(other)
                    place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0), before + after)
                    if before != after and place not in done:
                        done.add(place)
                        code = compiled(tree, node, other, function)
                        if code is not None:
                            yield Mutant(function, getattr(node, "lineno", 0), kind, before, after, around, code)


def expressions(part: ast.AST, around: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Everything inside but checks, error messages and annotations, with the expression around it."""
    checks = isinstance(part, (ast.Raise, ast.JoinedStr, ast.Assert))
    if checks or (isinstance(part, ast.keyword) and part.arg == "strict"):
        return
    yield part, around
    if isinstance(part, ast.expr):
        text = unparsed(part)
        around = text if len(text) >= TELLING else around
    for name, field in ast.iter_fields(part):
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.AST) and name != "annotation":
                yield from expressions(child, around)


def unparsed(node: ast.AST) -> str:
    if isinstance(node, ast.keyword):
        return f"{node.arg}={ast.unparse(node.value)}"
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))


def compiled(tree: ast.Module, node: ast.AST, other: ast.AST, function: FunctionType) -> CodeType | None:
    """The function's code with one node replaced; None if the replacement changes what it closes over."""
    target = definition(function)
    top = next(n for n in tree.body if any(m is target for m in ast.walk(n)))
    twin = copy.deepcopy(top)
    place = next(i for i, n in enumerate(ast.walk(top)) if n is node)
    changed = Replace(list(ast.walk(twin))[place], other).visit(twin)
    module = ast.fix_missing_locations(ast.Module([changed], []))
    try:
        code = compile(module, function.__code__.co_filename, "exec", flags=__future__.annotations.compiler_flag)
    except SyntaxError:  # such as a starred expression outside of a call
        return None
    found = code_of(code, function.__code__)
    return found if found is not None and found.co_freevars == function.__code__.co_freevars else None


class Replace(ast.NodeTransformer):
    """One node replaced by another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.old:
            return ast.copy_location(copy.deepcopy(self.new), node)
        return super().generic_visit(node)


def code_of(code: CodeType, like: CodeType) -> CodeType | None:
    """Inside a module's code, the function's that stands where another one stood."""
    if (code.co_name, code.co_firstlineno) == (like.co_name, like.co_firstlineno):
        return code
    inner = (code_of(c, like) for c in code.co_consts if isinstance(c, CodeType))
    return next((c for c in inner if c is not None), None)
