"""A perceptron on MNIST searched in three stages, as its author did by hand: rate, then width, then decay.

What its author says: MNIST, own layers with hand-written backward, ReLU, cross entropy, own SGD with decoupled decay
(biases alike), own schedule rate_0 * a^floor(t/T), 30 epochs. Each stage kept the last one's winner: rate .5 of four,
width 1024 (of its own choice, added to four), decay 1e-5 of four. Published: 0.93, where such a network passes 0.98.
Not said: batch (128, the usual one), a and T (halved every 10 epochs), initial weights (torch's own), validation set.

With these the first stage prefers rate .1 to .5 (with batches of 512, .5), and the author's own configuration stays
ahead of every cell: .5 is the better rate for wide networks, and a search parameter by parameter cannot know it.
"""

from studyhall import SGD, Baseline, Float, Int, Mlp, NoPruner, Staged, StepExponential, Study

study = Study(
    about="784-h-10 on MNIST in three stages: rate, width, decay",
    family=Mlp(depth=1, activation="relu"),
    data="mnist",
    epochs=30,
    batch_size=128,
    optimizer=SGD(decoupled=True),  # w <- (1 - decay rate_t) w - rate_t gradient
    schedule=StepExponential(factor_per_drop=0.5, every=10),
    trials=14,  # the baseline and all cells; of the cells two repeat an earlier one and are taken over
    sampler=Staged(
        start={"hidden": 64, "weight_decay": 0.0},
        stages={
            "learning_rate": (0.001, 0.01, 0.1, 0.5),
            "hidden": (64, 128, 256, 512, 1024),
            "weight_decay": (1e-3, 1e-4, 1e-5, 0.0),
        },
    ),
    pruner=NoPruner(),  # the author trained every cell to its end
    space={
        "learning_rate": Float(1e-3, 0.5, log=True),
        "hidden": Int(64, 1024, log=True),
        "weight_decay": Float(1e-6, 1e-3, log=True, low_is_zero=True),  # the low end means none at all
    },
    baselines=[
        Baseline(
            "staged by hand",
            learning_rate=0.5,
            hidden=1024,
            weight_decay=1e-5,
            published={"test_accuracy": 0.93},  # doubtful: see above
        ),
    ],
)
