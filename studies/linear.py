"""Softmax regression on MNIST: one linear layer without bias, in the recipe of the well-known two-layer notebook.

What its author says: MNIST, one linear layer 784-10 without bias, SGD of rate 0.01, cross entropy, 10 epochs.
Not said: batch (32, with which the published figures come out), initial weights (torch's own), decay (none), schedule
(constant).
"""

from studyhall import Baseline, Cosine, Float, Linear, NoPruner, Study

study = Study(
    about="linear classifier without bias on MNIST, plain SGD",
    family=Linear(bias=False),
    data="mnist",
    epochs=10,
    batch_size=32,
    schedule=Cosine(),  # falls to `final_factor` of the rate; at 1 it is constant, as the author's
    trials=40,
    pruner=NoPruner(),  # an epoch costs 0.08 s of one core; what a falling rate is worth shows in the last ones
    space={
        "learning_rate": Float(1e-4, 1.0, log=True),  # the problem is convex: only noise and divergence bound the rate
        "weight_decay": Float(1e-7, 1e-1, log=True, low_is_zero=True),  # the low end means none at all
        "final_factor": Float(0.01, 1.0, log=True, low_is_zero=True),  # 0 is a whole half cosine, 1 a constant rate
    },
    baselines=[
        Baseline(
            "linear notebook",
            learning_rate=0.01,
            weight_decay=0.0,
            final_factor=1.0,
            published={"train_loss": 0.26, "train_accuracy": 0.92, "test_loss": 0.26, "test_accuracy": 0.92},
        ),
    ],
)
