"""Any nn.Module as lanes: `ModuleFamily` makes a family of a function that builds one.

All lanes share the minibatch. Lanes of the same function of their tensors train in one vectorised pass where that is
faster, all others one after another by ordinary autograd. What a lane learns is the same either way, up to rounding:
dropout draws its masks from (study seed, stream, tick, step), so lanes of one shape have the same ones; buffers such as
batch norm's statistics are each lane's own. Used by lanes.py, which says when a tick begins, and for models of the
user's own by `probe`, which says in two lines what cannot be trained. Knows no study and no file.

Letters: L lanes of a group, B examples of the minibatch, C classes, K numbers of one tensor of one lane.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from models.config.base import Parameters
from models.config.losses import Loss
from models.families.base import FusedModel, Lane
from models.families.custom.fused_modules import FusedModules
from models.families.custom.vectorize import ExecutionPlan


@dataclass(frozen=True)
class ModuleFamily:  # noqa: N801 - a function to its callers
    """Make a family of `build`, a function from a trial's parameters to an ordinary nn.Module.

    Trials that are equal in all parameters that it `takes` are the same function of their tensors. `together` says
    whether those are vectorised, if they can be; what else stands in the way is told in `notes`.
    """

    build: Callable[[Parameters], nn.Module]
    takes: frozenset[str] = frozenset()
    together: bool = True
    label: str = "the model"  # in notes
    input_weight = None  # what a layer of the user's own does, nobody knows
    notes: list[str] = field(default_factory=list, compare=False)  # what the user should know, each once
    plans: dict[Hashable, ExecutionPlan] = field(default_factory=dict, compare=False, repr=False)
    unvectorized: dict[Hashable, str] = field(default_factory=dict, compare=False, repr=False)  # why, found out late

    def group(self, parameters: Parameters) -> Hashable:
        """All trials are one group: they share minibatches."""
        return ()

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> FusedModel:
        """Stack the tensors of lanes that are vectorised; give every other lane a module of its own."""
        return FusedModules(self, lanes, loss)

    def function(self, parameters: Parameters) -> Hashable:
        """Return a key; trials with the same one differ in the numbers of their tensors alone."""
        return tuple(
            (name, type(parameters[name]).__name__, parameters[name])
            for name in sorted(self.takes)
            if name in parameters
        )

    def note(self, reason: str) -> None:
        """Let the user know why trials are not vectorised."""
        note = f"{self.label} trains one trial after another, not vectorised: {reason}"
        if note not in self.notes:
            self.notes.append(note)

    def part(self, parameters: Parameters, reason: str) -> None:
        """Train lanes of a function one after another from now on, also after a restart: the ways round differently."""
        function = self.function(parameters)
        self.plans[function], self.unvectorized[function] = ExecutionPlan(False, False), reason
        self.note(reason)


def names_of(module: nn.Module) -> Mapping[str, str]:
    """Return, for each name of a module's state, the name of the parameter or buffer that it is; tied ones have one."""
    own = {id(it): name for name, it in [*module.named_parameters(), *module.named_buffers()]}
    return {name: own[id(it)] for name, it in module.state_dict(keep_vars=True).items() if id(it) in own}
