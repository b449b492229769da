"""Two convolutions on FashionMNIST, as an author built them by hand; `hidden` is what the search may widen.

The author's network: 16 channels of 5 x 5, ReLU, pooling by 2, 32 channels of 7 x 7, ReLU, pooling by 2, a linear
layer to the 10 classes; Adam at a rate of 0.001, cross entropy, 10 epochs. Batch size and initial weights are not said:
128, torch's own. Nor is padding, so both are baselines: on held-out training images the author's configuration comes to
.900 without and to .912 to .916 with zeros around. Here `hidden` is the channels of the first convolution; the second
always has twice as many.
"""

from studyhall import AdamW, Baseline, Choice, Cnn, Cosine, Float, Int, Study

study = Study(
    about="convolutional network on FashionMNIST, Adam with decoupled decay",
    family=Cnn(),
    data="fashion_mnist",
    epochs=10,
    batch_size=128,
    optimizer=AdamW(),  # without decay it is Adam
    schedule=Cosine(per="step"),
    trials=24,
    space={
        "learning_rate": Float(5e-4, 5e-3, log=True),  # the author's 1e-3 is a good guess; above 5e-3 Adam is rough
        "hidden": Int(16, 48, step=16),  # time grows with the square; blocks of 16 are what processors multiply
        "weight_decay": Float(1e-3, 1.0, log=True, low_is_zero=True),  # the low end means none at all
        "final_factor": Float(0.01, 1.0, log=True),  # what the rate ends at; 1 leaves it constant
        "padding": Choice(("none", "same")),
        "label_smoothing": Float(0.0, 0.2),
        "dropout": Float(0.0, 0.5),  # of what the linear layer sees
    },
    baselines=[
        Baseline(
            "convolutional network by hand",
            hidden=16,
            learning_rate=0.001,
            weight_decay=0.0,
            final_factor=1.0,
            padding="none",
            label_smoothing=0.0,
            dropout=0.0,
            published={"test_accuracy": 0.907},
        ),
        Baseline(
            "the same with padding",
            hidden=16,
            learning_rate=0.001,
            weight_decay=0.0,
            final_factor=1.0,
            padding="same",
            label_smoothing=0.0,
            dropout=0.0,
            published={"test_accuracy": 0.907},
        ),
    ],
)
