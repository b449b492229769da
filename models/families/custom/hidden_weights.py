"""Which weights of a module lie between its first layer and its last, as an optimizer of matrices asks."""

from torch import nn


def hidden_weights(module: nn.Module) -> dict[str, int]:
    """Return the names of the hidden matrices among a module's parameters, with the rows of each.

    They are all of two dimensions or more but the first and the last, and but embeddings, which are looked up and
    multiplied by nothing. Frozen ones count among the first and the last.
    """
    embeddings = {id(each.weight) for each in module.modules() if isinstance(each, nn.Embedding | nn.EmbeddingBag)}
    matrices = [
        (name, len(weight))
        for name, weight in module.named_parameters()
        if weight.dim() >= 2 and len(weight) > 1  # tokens and positions that are learnt have one row
    ]
    parameters = dict(module.named_parameters())
    return {name: rows for name, rows in matrices[1:-1] if id(parameters[name]) not in embeddings}
