"""A perceptron with one hidden layer on MNIST, in the recipe of the well-known two-layer notebook."""

from search import Baseline, Float, Int, Mlp, Study

study = Study(
    about="two-layer perceptron on MNIST, plain SGD",
    family=Mlp(depth=1, activation="relu"),
    data="mnist",
    epochs=10,
    trials=60,
    space={
        "learning_rate": Float(1e-3, 1.0, log=True),  # plain SGD diverges a little above 1
        "hidden": Int(16, 512, log=True),  # below 16 MNIST is underfitted; above 512 it only costs
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),  # the low end means none at all
    },
    baselines=[
        # The notebook says SGD, rate 0.01, 10 epochs; neither batch nor width of its first network: the usual ones.
        Baseline(
            "two-layer notebook",
            hidden=100,
            learning_rate=0.01,
            weight_decay=0.0,
            published={"train_loss": 0.08, "train_accuracy": 0.98, "test_loss": 0.10, "test_accuracy": 0.97},
        ),
    ],
)
