from search import Baseline, Float, Int, Mlp, Study, SuccessiveHalving

study = Study(
    family=Mlp(),
    data="digits",
    epochs=4,
    trials=9,
    engines=1,
    lanes=3,
    pruner=SuccessiveHalving(keep_fraction=0.4, min_epochs=2, reduction_factor=2, min_trials=3),
    space={
        "learning_rate": Float(0.001, 1e9, log=True),
        "hidden": Int(4, 8),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    },
    baselines=[Baseline("known", hidden=8, learning_rate=0.1, weight_decay=0.0)],
)
