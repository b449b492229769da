"""A tanh perceptron on MNIST with squared error on softmax, as it was once written from tensor operations alone.

What its author says: MNIST, 784-128-10 (two hidden layers are spoken of, the matrices make one), hand-written backward,
tanh, softmax, squared error against the one-hot label, batch 100, 10 epochs, rate .01, weights normal, scaled down;
accuracy .93 on the training set. Not said: by how much they are scaled (sqrt of the layer's inputs), biases (ours begin
at 0), momentum and decay (none), schedule (constant), how the error is averaged (summed over classes, mean over batch).
"""

from studyhall import SGD, Baseline, Choice, Cosine, Float, Int, Mlp, Shift, Study

study = Study(
    about="784-h-10 with tanh and squared error on MNIST, SGD",
    family=Mlp(depth=1, activation="tanh", initial="normal"),
    data="mnist",
    epochs=10,
    batch_size=100,
    optimizer=SGD(),
    schedule=Cosine(),  # falls to `final_factor` of the rate; at 1 it is constant, as the author's
    loss="squared_error",
    augment=Shift(1),
    trials=48,
    space={
        "augment": Choice((False, True)),  # whether digits are moved by up to a pixel; a perceptron gains from it
        # Squared error on softmax has a gradient of at most about 1/3 of cross entropy's: it bears high rates.
        "learning_rate": Float(1e-3, 3.0, log=True),
        "hidden": Int(32, 512, log=True),
        "momentum": Float(0.0, 0.95),
        "weight_decay": Float(1e-7, 1e-3, log=True, low_is_zero=True),  # the low end means none at all
        "final_factor": Float(0.01, 1.0, log=True, low_is_zero=True),  # 0 is a whole half cosine, 1 a constant rate
    },
    baselines=[
        Baseline(
            "tanh from tensors",
            learning_rate=0.01,
            hidden=128,
            momentum=0.0,
            weight_decay=0.0,
            final_factor=1.0,
            augment=False,
            published={"train_accuracy": 0.93},
        ),
    ],
)
