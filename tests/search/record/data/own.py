from torch import nn

from search import Float, Int, Study


def net(inputs, classes, hidden):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))


study = Study(
    family=net,
    data="digits",
    epochs=2,
    trials=4,
    engines=2,
    lanes=2,
    space={"learning_rate": Float(0.05, 0.5, log=True), "hidden": Int(4, 24), "weight_decay": Float(0.0, 0.1)},
)
