"""Softmax regression on MNIST: one linear layer without bias, in the recipe of the well-known two-layer notebook."""

from search import Baseline, Float, Linear, Study

study = Study(
    about="linear classifier without bias on MNIST, plain SGD",
    family=Linear(bias=False),
    data="mnist",
    epochs=10,
    trials=40,
    space={
        "learning_rate": Float(1e-4, 1.0, log=True),  # the problem is convex: only noise and divergence bound the rate
        "weight_decay": Float(1e-7, 1e-1, log=True, low_is_zero=True),  # the low end means none at all
    },
    baselines=[
        Baseline(  # rate and epochs as the notebook says; it does not say its batch size: the usual one
            "linear notebook",
            learning_rate=0.01,
            weight_decay=0.0,
            published={"train_loss": 0.26, "train_accuracy": 0.92, "test_loss": 0.26, "test_accuracy": 0.92},
        ),
    ],
)
