"""Perceptrons with one and two hidden layers on FashionMNIST, in the recipe of a known course: Adam.

What its author says: FashionMNIST, 784-512-512-10 with ReLU and 784-64-10, Adam of rate 0.001, cross entropy, 10 epochs
(the two-layer one also 20: 0.878 after 0.876). Not said: batch (128, the usual one), initial weights (torch's own),
decay (none), schedule (constant). Ours trains 20 epochs, and the epoch that validates best counts.

Depth is searched, so that one search answers what the author asked with two networks: does a second hidden layer pay?
Trials of one depth are fused with each other.
"""

from studyhall import AdamW, Baseline, Cosine, Float, Int, Mlp, Study

study = Study(
    about="one or two hidden layers on FashionMNIST, Adam with decoupled decay",
    family=Mlp(activation="relu"),
    data="fashion_mnist",
    epochs=20,
    batch_size=128,
    optimizer=AdamW(),  # without decay it is Adam, so the author's runs are among ours
    schedule=Cosine(),  # falls to `final_factor` of the rate; at 1 it is constant, as the author's
    trials=40,
    space={
        "learning_rate": Float(3e-4, 3e-3, log=True),  # Adam's own 0.001 lies in the middle
        "hidden": Int(64, 768, log=True),  # from the author's narrow network to beyond the wide one
        "depth": Int(1, 2),
        "weight_decay": Float(1e-2, 1.0, log=True, low_is_zero=True),  # decoupled: per unit of rate, hence so large
        # Half a cosine to nothing, or to a part of the rate; 1 leaves it constant.
        "final_factor": Float(0.01, 1.0, log=True, low_is_zero=True),
        "label_smoothing": Float(0.0, 0.2),
        "dropout": Float(0.0, 0.4),
    },
    baselines=[
        Baseline(
            "two hidden layers",
            learning_rate=0.001,
            hidden=512,
            depth=2,
            weight_decay=0.0,
            final_factor=1.0,
            label_smoothing=0.0,
            dropout=0.0,
            published={"test_accuracy": 0.878},  # after 20 epochs; after 10, .876
        ),
        Baseline(
            "one hidden layer",
            learning_rate=0.001,
            hidden=64,
            depth=1,
            weight_decay=0.0,
            final_factor=1.0,
            label_smoothing=0.0,
            dropout=0.0,
            published={"test_accuracy": 0.871},  # after 10 epochs
        ),
    ],
)
