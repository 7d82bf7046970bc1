"""What numba's compiler would do for us and nobody needs, left out: a good part of the time that compiling takes.

Numba optimises all it compiles as a whole and makes machine code of it. Ours is of two sorts: helpers, which are only ever
made part of what calls them, and what Python calls. The first are linked as they come out of the passes over single
functions, and optimised where they are called. And what an operator means for given types is looked up once a process:
numba asks all its libraries again for every `+`.

This leans on parts of numba that are not promised to stay; a test notices when they no longer do what is said here.
"""

from typing import Any

from numba._dynfunc import make_function
from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering
from numba.core.typing.context import Context


class Library(JITCodeLibrary):
    """Code of a function that Python calls, and of all helpers it is made of."""

    def add_linking_library(self, library: Any) -> None:
        """A helper comes with the helpers it calls, each after its callers: what nobody calls yet is dropped on linking."""
        library._ensure_finalized()
        if library not in self._linking_libraries:
            self._linking_libraries.append(library)
            for called in library._linking_libraries if isinstance(library, HelperLibrary) else ():
                self.add_linking_library(called)

    def _optimize_final_module(self) -> None:
        # Numba optimises cheaply first, to bring together what counts references; there is nothing of the sort here.
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)


class HelperLibrary(Library):
    """Code of a helper as numba wrote it down: to be made part of what calls it, there optimised and made machine code."""

    def finalize(self) -> None:
        """From here on it can be linked."""
        self._raise_if_finalized()
        self._finalized = True


class OptimisedHelperLibrary(HelperLibrary):
    """Code of a helper that is optimised by itself, too, before it is made part of what calls it."""

    def finalize(self) -> None:
        """From here on it can be linked; it brings what it calls."""
        for called in self._linking_libraries:
            self._final_module.link_in(called._get_module_for_linking(), preserve=True)
        self._optimize_final_module()
        super().finalize()


class TypingContext(Context):
    """Numba's own, all of its knowledge shared, that remembers which operator was found for which types."""

    __slots__ = ("found",)

    def __init__(self, context: Any) -> None:
        self.__dict__ = context.__dict__
        self.found: dict[Any, Any] = {}

    def resolve_function_type(self, func: Any, args: Any, kws: Any) -> Any:
        """Signature of what `func` is for these types."""
        if type(func) is not types.Function or kws:
            return super().resolve_function_type(func, args, kws)
        key = func, tuple(args)
        signature = self.found.get(key)
        if signature is None:
            signature = super().resolve_function_type(func, args, kws)
            if signature is not None:
                self.found[key] = signature
        return signature


#: One for each set of options, as what is found depends on them.
_contexts: dict[str, TypingContext] = {}


@register_pass(mutates_CFG=True, analysis_only=False)
class HelperLowering(NativeLowering):
    """From typed code to a library that callers can link; numba would also make it machine code and look for its address."""

    _name = "indicators_helper_lowering"

    def run_pass(self, state: Any) -> bool:
        """As numba's, with what stands for a function Python could call, and does not work."""

        def no_executable(library: Any, fndesc: Any, env: Any) -> Any:
            library._ensure_finalized()
            return make_function(fndesc.lookup_module(), fndesc.qualname.split(".")[-1], "", 0, env, (library,))

        # A copy made for this one function; its caller goes on with another.
        state.targetctx.get_executable = no_executable
        try:
            return bool(super().run_pass(state))
        finally:
            del state.targetctx.get_executable


class Compiler(CompilerBase):
    """Numba's compiler with the above."""

    library: type[Library] = Library

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any, flags: Any, local: Any) -> None:
        context = _contexts.setdefault(flags.summary(), TypingContext(typingctx))
        super().__init__(context, targetctx, library, args, return_type, flags, local)

    def define_pipelines(self) -> list[Any]:
        """All of numba's passes."""
        self.state.library = self.library(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        self.state.library.enable_object_caching()
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


class HelperCompiler(Compiler):
    """The same for what only other compiled functions call."""

    library = HelperLibrary

    def define_pipelines(self) -> list[Any]:
        """All of numba's passes, the last but one replaced."""
        (manager,) = super().define_pipelines()
        manager.passes = [(HelperLowering if one is NativeLowering else one, about) for one, about in manager.passes]
        manager._finalized = False
        manager.finalize()
        return [manager]


class OptimisedHelperCompiler(HelperCompiler):
    """The same, optimised by itself."""

    library = OptimisedHelperLibrary
