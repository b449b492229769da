"""A perceptron with leaky ReLU on MNIST, in the recipe of a known tutorial: small batches, SGD with momentum.

What its author says: MNIST, 784-490-10 (490 by a rule of thumb), leaky ReLU, log-softmax with negative log likelihood,
SGD of rate 0.003 and momentum 0.9, batch 30, 18 epochs; trained in 3.5 to 4 minutes.
Not said: slope of the leaky ReLU (torch's 0.01), initial weights (torch's own), decay (none), schedule (constant).
"""

from studyhall import SGD, Baseline, Cosine, Float, Int, Mlp, Study

study = Study(
    about="784-h-10 with leaky ReLU on MNIST, SGD with momentum 0.9, batches of 30",
    family=Mlp(depth=1, activation="leaky_relu"),
    data="mnist",
    epochs=18,
    batch_size=30,
    optimizer=SGD(momentum=0.9),
    schedule=Cosine(),  # falls to `final_factor` of the rate; at 1 it is constant, as the author's
    loss="nll",
    trials=32,
    space={
        "learning_rate": Float(3e-4, 0.1, log=True),  # times 10 with this momentum; diverges a little below 0.1
        "hidden": Int(64, 512, log=True),  # the rule of thumb gave 490; wider only costs
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),  # the low end means none at all
        "final_factor": Float(0.01, 1.0, log=True, low_is_zero=True),  # 0 is a whole half cosine, 1 a constant rate
    },
    baselines=[
        Baseline(  # published: .978 to .9802 in several runs
            "leaky tutorial",
            learning_rate=0.003,
            hidden=490,
            weight_decay=0.0,
            final_factor=1.0,
            published={"test_accuracy": 0.9802},
        ),
    ],
)
