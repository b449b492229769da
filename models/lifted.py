"""Any nn.Module as lanes: `lift` makes a family of a function that builds one.

All lanes share the minibatch. Lanes of the same function of their tensors train in one vectorised pass where that is
faster, all others one after another by ordinary autograd. What a lane learns is the same either way, up to rounding:
dropout draws its masks from (study seed, stream, tick, step), so lanes of one shape have the same ones; buffers such as
batch norm's statistics are each lane's own. Used by lanes.py, which says when a tick begins, and for models of the
user's own by `probe`, which says in two lines what cannot be trained. Knows no study and no file.

Letters: L lanes of a group, B examples of the minibatch, C classes, K numbers of one tensor of one lane.
"""

import copy
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from models.errors import UserError
from models.family import Fused, Lane, Weights, losses_of
from models.minibatches import Part
from models.optim import Block, Stepper
from models.own import where
from models.recipe import Loss, Own, Parameters, Recipe
from models.seeds import derive

ALIGNED = 16  # numbers; a lane's part of a stack begins at a multiple, so that its products round as they do alone
LONGEST = 160  # letters of a reason


@dataclass(frozen=True)
class Manner:
    """How lanes of one function are trained, found out on their first minibatch."""

    together: bool  # in one vectorised pass
    channels_last: bool  # whether the pictures of a minibatch are laid out so


@dataclass(frozen=True)
class lift:  # noqa: N801 - a function to its callers
    """Make a family of `build`, a function from a trial's parameters to an ordinary nn.Module.

    Trials that are equal in all parameters that it `takes` are the same function of their tensors. `together` says
    whether those are vectorised, if they can be; what else stands in the way is told in `notes`.
    """

    build: Callable[[Parameters], nn.Module]
    takes: frozenset[str] = frozenset()
    together: bool = True
    label: str = "the model"  # in notes
    first = None  # what a layer of the user's own does, nobody knows
    notes: list[str] = field(default_factory=list, compare=False)  # what the user should know, each once
    manners: dict[Hashable, Manner] = field(default_factory=dict, compare=False, repr=False)
    parted: dict[Hashable, str] = field(default_factory=dict, compare=False, repr=False)  # why, found out late

    def group(self, parameters: Parameters) -> Hashable:
        """All trials are one group: they share minibatches."""
        return ()

    def fuse(self, lanes: Sequence[Lane], loss: Loss) -> Fused:
        """Stack the tensors of lanes that are vectorised; give every other lane a module of its own."""
        return Lifted(self, lanes, loss)

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
        self.manners[function], self.parted[function] = Manner(False, False), reason
        self.note(reason)


class Lifted:
    """The lanes of one group."""

    steady = False

    def __init__(self, family: lift, lanes: Sequence[Lane], loss: Loss) -> None:
        self._family, self._lanes, self._loss = family, list(lanes), loss
        self._parts: list[_Together | _Alone] | None = None  # arranged when there is a minibatch to try them on
        self._seed, self._step = 0, 0

    def begin_tick(self, seed: int) -> None:
        """Draw all that is random in this tick's forward passes from a seed."""
        self._seed, self._step = seed, 0

    def step(self, x: Tensor, y: Tensor, stepper: Stepper) -> tuple[Tensor, Tensor]:
        """Train one step; see Fused."""
        parts = self._arranged(x, y)
        self._step += 1
        stepper.begin_step()
        return self._each(x, y, derive(self._seed, "step", self._step), parts, stepper)

    @torch.no_grad()
    def score(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Score without training; see Fused."""
        return self._each(x, y, 0, self._arranged(x, y), None)

    def _each(
        self, x: Tensor, y: Tensor, seed: int, parts: "list[_Together | _Alone]", stepper: Stepper | None
    ) -> tuple[Tensor, Tensor]:
        losses, hits = x.new_empty(len(self._lanes), len(y)), y.new_empty(len(self._lanes), len(y), dtype=torch.bool)
        laid_out = {False: x}
        waiting = list(reversed(parts))
        while waiting:
            part = waiting.pop()
            if part.channels_last and True not in laid_out:
                laid_out[True] = x.contiguous(memory_format=torch.channels_last)
            try:
                with drawing(seed, x.device):
                    logits = part.forward(laid_out[part.channels_last], stepper is not None)  # (l, B, C)
            except Exception as error:
                if isinstance(part, _Alone):
                    raise
                waiting += reversed(self._parted(part, error))  # what it does on some data alone cannot be vectorised
                continue
            lost = losses_of(self._loss, logits, y)
            if stepper is not None:
                part.descend(lost, stepper)
            losses[part.places] = lost.detach()
            hits[part.places] = logits.detach().argmax(2) == y
        return losses, hits

    def _arranged(self, x: Tensor, y: Tensor) -> "list[_Together | _Alone]":
        if self._parts is None:
            alike: dict[Hashable, list[int]] = {}
            for place, lane in enumerate(self._lanes):
                alike.setdefault(self._family.function(lane.order.parameters), []).append(place)
            self._parts = []
            for function, places in alike.items():
                if function not in self._family.manners:
                    module = module_of(self._family, self._lanes[places[0]])
                    self._family.manners[function] = self._manner(module, x, y)
                if self._family.manners[function].together:
                    lanes = [self._lanes[place] for place in places]
                    self._parts.append(_Together(module_of(self._family, lanes[0]), lanes, places))
                else:
                    self._parts += self._apart(places)
        return self._parts

    def _apart(self, places: Sequence[int]) -> "list[_Alone]":
        lanes = [self._lanes[place] for place in places]
        manner = self._family.manners[self._family.function(lanes[0].order.parameters)]
        return [
            _Alone(module_of(self._family, lane), lane, place, manner.channels_last)
            for lane, place in zip(lanes, places, strict=True)
        ]

    def _parted(self, part: "_Together", error: Exception) -> "list[_Alone]":
        """Take lanes apart that were trained together until this minibatch."""
        assert self._parts is not None
        self._family.part(self._lanes[part.places[0]].order.parameters, _line(error))
        apart = self._apart(part.places)
        self._parts = [it for it in self._parts if it is not part] + list(apart)
        return apart

    def _manner(self, module: nn.Module, x: Tensor, y: Tensor) -> Manner:
        """Try a minibatch, on copies."""
        # Measured on a CPU (DECISIONS.md): pictures whose channels lie together make convolutions 1.6 times as fast;
        # vectorised, convolutions are slower than one lane after another, whatever the layout.
        if x.device.type == "cpu" and any(isinstance(it, _ConvNd) for it in module.modules()):
            return Manner(False, x.dim() == 4 and _same_in_channels_last(module, x))
        if not self._family.together:
            return Manner(False, False)
        if any(isinstance(it, _NormBase) for it in module.modules()):
            # All lanes' channels lie in one row, and a channel's sums round by its place in it (1e-9 of them).
            reason = "batch norm would round otherwise beside other trials"
        else:
            reason = _why_not_together(module, x, y, self._loss)
        if reason:
            self._family.note(reason)
        return Manner(not reason, False)


# --- the two ways -----------------------------------------------------------------------------------------------------


class _Together:
    """Lanes of one function: every tensor stacked to (L, ...), the forward pass vectorised by torch.func."""

    channels_last = False

    def __init__(self, module: nn.Module, lanes: Sequence[Lane], places: Sequence[int]) -> None:
        self._module, self.places = module, list(places)
        index = torch.tensor(self.places, device=next(iter(lanes[0].weights.values())).device)
        self._weights: Weights = {}  # (L, ...), what autograd sees
        self._blocks: list[Block] = []  # the same memory as (L, K)
        for name in lanes[0].weights:
            stack, flat = _stacked([lane.weights for lane in lanes], name)
            block = Block(flat, index)
            for key in lanes[0].state:
                block.state[key] = _stacked([lane.state[key] for lane in lanes], name)[1]
            self._weights[name] = stack.requires_grad_()
            self._blocks.append(block)
        # What takes the statistics of all lanes as one row writes to a copy of them where they do not lie together.
        buffers = [lane.buffers for lane in lanes]
        self._buffers = {name: _stacked(buffers, name, aligned=1)[0] for name in lanes[0].buffers}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        """Return logits (L, B, C). Where that fails the buffers are as they were."""
        before = {name: buffer.clone() for name, buffer in self._buffers.items()} if training else {}
        try:
            return _vectorised(self._module.train(training), self._weights, self._buffers, x)
        except Exception:
            for name, buffer in before.items():
                self._buffers[name].copy_(buffer)
            raise

    def descend(self, losses: Tensor, stepper: Stepper) -> None:
        """Step all lanes, down the gradient of their losses (L, B)."""
        # Lanes do not touch, so the gradient of the summed loss is each lane's own.
        _descend(losses.mean(1).sum(), list(self._weights.values()), self._blocks, stepper)


class _Alone:
    """One lane, as an ordinary module that has the lane's own tensors."""

    def __init__(self, module: nn.Module, lane: Lane, place: int, channels_last: bool) -> None:
        self._module, self._lane, self.places, self.channels_last = module, lane, [place], channels_last
        named = dict(module.named_parameters())
        index = torch.tensor([place], device=next(iter(lane.weights.values())).device)
        self._weights = [named[name] for name in lane.weights]
        self._blocks = [
            Block(
                lane.weights[name].view(1, -1), index, {key: kept[name].view(1, -1) for key, kept in lane.state.items()}
            )
            for name in lane.weights
        ]

    def forward(self, x: Tensor, training: bool) -> Tensor:
        """Return logits (1, B, C)."""
        logits: Tensor = self._module.train(training)(x)
        for name, buffer in self._module.named_buffers() if training else ():
            self._lane.buffers[name] = buffer  # a module may have put another tensor in its place
        return logits.unsqueeze(0)

    def descend(self, losses: Tensor, stepper: Stepper) -> None:
        """Step the lane, down the gradient of its losses (1, B)."""
        _descend(losses.mean(), self._weights, self._blocks, stepper)


def _descend(loss: Tensor, weights: Sequence[Tensor], blocks: Sequence[Block], stepper: Stepper) -> None:
    taken = set[int]()
    steps: list[tuple[Block, Tensor]] = []
    for block, gradient in zip(blocks, torch.autograd.grad(loss, weights, allow_unused=True), strict=True):
        if gradient is None:  # no part in this loss: torch.optim passes such a weight by as well
            continue
        mine = gradient.reshape(block.weight.shape).contiguous()
        if mine.data_ptr() in taken:  # autograd gives the terms of a sum one gradient, and steppers overwrite theirs
            mine = mine.clone()
        taken.add(mine.data_ptr())
        steps.append((block, mine))
    with torch.no_grad():
        for block, mine in steps:
            stepper.descend(block, mine)


def _stacked(tensors: Sequence[Weights], name: str, aligned: int = ALIGNED) -> tuple[Tensor, Tensor]:
    """Lay one tensor of every lane into one piece of memory, and make the lanes' own views into it.

    Returns it as (L, ...) and as (L, K).
    """
    first = tensors[0][name]
    room = first.new_zeros(len(tensors), -(-first.numel() // aligned) * aligned)
    flat = room[:, : first.numel()]
    stack = flat.view(len(tensors), *first.shape)
    for mine, own in zip(stack, tensors, strict=True):
        own[name] = mine.copy_(own[name])
    return stack, flat


def _vectorised(module: nn.Module, weights: Weights, buffers: Weights, x: Tensor) -> Tensor:
    def alone(weights: Weights, buffers: Weights) -> Tensor:
        logits: Tensor = functional_call(module, (weights, buffers), (x,))
        return logits

    return vmap(alone, randomness="same")(weights, buffers)


@contextmanager
def drawing(seed: int, device: torch.device) -> Iterator[None]:
    """Let torch's generators of the CPU and of a device begin from a seed inside, and be afterwards as they were."""
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed asks after every kind of device: 190 us
        for number in devices:
            torch.cuda.default_generators[number].manual_seed(seed)
        yield


def module_of(family: lift, lane: Lane) -> nn.Module:
    """Return a lane's module, whose tensors are the lane's own, not copies of them."""
    if lane.module is None:
        with torch.random.fork_rng(devices=[]):
            lane.module = family.build(lane.order.parameters).to(next(iter(lane.weights.values())).device)
    for name, tensor in [*lane.module.named_parameters(), *lane.module.named_buffers()]:
        tensor.data = lane.weights[name].detach() if name in lane.weights else lane.buffers[name]
    return lane.module


# --- trying -----------------------------------------------------------------------------------------------------------


def _same_in_channels_last(module: nn.Module, x: Tensor) -> bool:
    """Whether a module takes pictures whose channels lie together: `view` refuses what it makes of them."""
    try:
        with torch.no_grad():
            found = []
            for each in (x, x.contiguous(memory_format=torch.channels_last)):
                with drawing(0, x.device):
                    found.append(copy.deepcopy(module).train()(each))
    except Exception:  # noqa: BLE001 - whatever the module raises; plain pictures will tell whether it is at fault
        return False
    return _close(*found)


def _why_not_together(module: nn.Module, x: Tensor, y: Tensor, loss: Loss) -> str:
    """Return why a module cannot be vectorised over lanes, in a line; "" where two come to what one does alone."""
    try:
        alone = copy.deepcopy(module).train()
        with drawing(0, x.device):
            wanted = losses_of(loss, alone(x).unsqueeze(0), y)
        named = {name: it for name, it in alone.named_parameters() if it.requires_grad}
        gradients = torch.autograd.grad(wanted.mean(), list(named.values()), allow_unused=True)
    except Exception:  # noqa: BLE001 - it cannot be trained at all, and will say so where it is
        return "it fails on a minibatch"
    try:
        both = copy.deepcopy(module).train()
        frozen = {name: it for name, it in both.named_parameters() if not it.requires_grad}
        buffers = {name: torch.stack([it, it]) for name, it in {**frozen, **dict(both.named_buffers())}.items()}
        weights = {name: torch.stack([it.detach()] * 2).requires_grad_() for name, it in both.named_parameters()}
        weights = {name: weights[name] for name in named}
        with drawing(0, x.device):
            found = losses_of(loss, _vectorised(both, weights, buffers, x), y)
        again = torch.autograd.grad(found.mean(1).sum(), list(weights.values()), allow_unused=True)
        with torch.no_grad(), drawing(0, x.device):
            _vectorised(both.eval(), weights, {name: it.clone() for name, it in buffers.items()}, x)
    except Exception as error:  # noqa: BLE001 - torch has no one error for what it cannot vectorise
        return _line(error)
    same = _close(wanted.expand(2, -1), found)
    for one, two in zip(gradients, again, strict=True):
        same = same and (one is None) == (two is None) and (one is None or _close(one.expand_as(two), two))
    for name, buffer in alone.named_buffers():
        same = same and _close(buffer.expand_as(buffers[name]), buffers[name])
    return "" if same else "vectorised, it comes to other numbers"


def _close(one: Tensor, two: Tensor) -> bool:
    """Whether two ways came to the same numbers: what they compute differently is above a thousandth of the largest."""
    one, two = one.detach().double(), two.detach().double()
    return bool((one - two).abs().max() <= 1e-3 * two.abs().max()) if two.numel() else True


def _line(error: Exception) -> str:
    """The first sentence of an error."""
    text = (str(error).strip().splitlines() or [""])[0].removeprefix("vmap: ").partition(". ")[0]
    return f"{type(error).__name__}: {text}"[:LONGEST]


def probe(recipe: Recipe, family: lift, parameters: Parameters, part: Part, classes: int) -> None:
    """Build one model and try it on the first and the last minibatch of an epoch of the part.

    Raises UserError where it can never be trained.
    """
    word = recipe.family
    assert isinstance(word, Own)
    told = ", ".join(f"{name}={value!r}" for name, value in parameters.items() if name in family.takes)
    label = f"{word.attribute}({told})"
    with torch.random.fork_rng(devices=[]):
        try:
            module = family.build(parameters)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{where(word, error)}{label} cannot be built: {_line(error)}", _CORRECT) from error
    trained = [it for it in module.parameters() if it.requires_grad]
    if not trained:
        raise UserError(f"{label} has no parameter that can be trained", "register what it learns as nn.Parameter")
    for name, tensor in module.named_parameters():
        if tensor.dtype != torch.float32:
            raise UserError(f"{label}: {name} is of {tensor.dtype}", "leave it in float32: that is what is trained")
    size = min(int(parameters.get("batch_size", recipe.batch_size)), len(part))
    _, most, labels = next(part.batches(size))
    for many in {size: None, len(part) % size or size: None}:
        x, y = most[:many], labels[:many]
        shown = f"a minibatch of {' x '.join(map(str, x.flatten(1).shape if x.shape[2:] == (1, 1) else x.shape))}"
        try:
            with drawing(0, x.device):
                logits = module.to(x.device).train()(x)
        except Exception as error:
            raise UserError(f"{where(word, error)}{label} fails on {shown}: {_line(error)}", _CORRECT) from error
        is_fit = isinstance(logits, Tensor) and logits.shape == (len(y), classes) and logits.dtype == torch.float32
        if not is_fit:
            found = f"{tuple(logits.shape)} {logits.dtype}" if isinstance(logits, Tensor) else type(logits).__name__
            raise UserError(
                f"{label} makes {found} of {shown}, not ({len(y)}, {classes}) torch.float32",
                "let it return logits, one number a class; an argument `classes` without a default is told how many",
            )
        try:
            torch.autograd.grad(logits.sum(), trained, allow_unused=True)
        except RuntimeError as error:
            raise UserError(
                f"{label} cannot learn: {_line(error)}", "let its logits follow from its weights"
            ) from error


_CORRECT = "correct the model; what a trial does not have can be given a default"


def names_of(module: nn.Module) -> Mapping[str, str]:
    """Return, for each name of a module's state, the name of the parameter or buffer that it is; tied ones have one."""
    own = {id(it): name for name, it in [*module.named_parameters(), *module.named_buffers()]}
    return {name: own[id(it)] for name, it in module.state_dict(keep_vars=True).items() if id(it) in own}
