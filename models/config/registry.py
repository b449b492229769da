"""The families, optimizers, schedules and activations there are, each by its name.

A built-in one is a class and one line here; what study files import is named in search/__init__.py as well. Another
package adds one by an entry point of the group `studyhall.families`, `studyhall.optimizers`, `studyhall.schedules` or
`studyhall.activations`.
"""

from models.registry import Registry

FAMILIES = Registry(
    "families",
    "family",
    {
        "linear": "models.config.families:Linear",
        "mlp": "models.config.families:Mlp",
        "cnn": "models.config.families:Cnn",
        "resnet": "models.families.resnet:Resnet",
        "custom": "models.families.custom.config:CustomModel",
        "function": "models.families.external.function:ObjectiveFunction",
        "script": "models.families.external.script:Script",
    },
)

OPTIMIZERS = Registry(
    "optimizers",
    "optimizer",
    {
        "sgd": "models.config.optimizers:SGD",
        "adam": "models.config.optimizers:Adam",
        "adamw": "models.config.optimizers:AdamW",
        "muon": "models.config.optimizers:Muon",
        "nadam": "models.config.optimizers:NAdam",
        "lion": "models.config.optimizers:Lion",
        "rmsprop": "models.config.optimizers:RMSprop",
        "adagrad": "models.config.optimizers:Adagrad",
    },
)

SCHEDULES = Registry(
    "schedules",
    "schedule",
    {
        "constant": "models.config.schedules:Constant",
        "step_exponential": "models.config.schedules:StepExponential",
        "linear": "models.config.schedules:LinearDecay",
        "cosine": "models.config.schedules:Cosine",
        "one_cycle": "models.config.schedules:OneCycle",
        "wsd": "models.config.schedules:WarmupStableDecay",
    },
)

ACTIVATIONS = Registry(
    "activations",
    "activation",
    {
        "relu": "models.ops.activations:relu",
        "leaky_relu": "models.ops.activations:leaky_relu",
        "tanh": "models.ops.activations:tanh",
        "gelu": "models.ops.activations:gelu",
        "silu": "models.ops.activations:silu",
    },
)
