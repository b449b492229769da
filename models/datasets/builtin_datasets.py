"""The data sets that have a name: what their files, folders and classes are called, as torchvision has them.

Read by data.py, which finds and opens them, and by search/spec.py, which knows the names. Plain data.
"""

from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase

DIGITS = tuple("0123456789")

_CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
# Letters whose small and capital form look alike are one class, under the capital's name (Cohen et al. 2017, EMNIST,
# arXiv 1702.05373); of the others the small form is a class of its own.
_BALANCED = (*DIGITS, *ascii_uppercase, *"abdefghnqrt")


@dataclass(frozen=True)
class IdxSet:
    """A data set of grey pictures in four IDX files: `<folder>/raw/<prefix>train-images-idx3-ubyte` and so on."""

    folder: str  # and the class of torchvision.datasets that downloads it
    classes: tuple[str, ...]
    prefix: str = ""  # of every file's name
    test: str = ""  # what the files of the test part have instead of "train", where it is not what MNIST has
    first: int = 0  # the label of the first class
    transposed: bool = False  # whether pictures are written column by column
    options: dict[str, str] = field(default_factory=dict, hash=False)  # with which torchvision is asked for it


IDX_SETS = {
    "mnist": IdxSet("MNIST", DIGITS),
    "fashion_mnist": IdxSet("FashionMNIST", _CLOTHES),
    "kmnist": IdxSet("KMNIST", _HIRAGANA),
    "emnist_letters": IdxSet(
        "EMNIST", tuple(ascii_lowercase), "emnist-letters-", "test", 1, True, {"split": "letters"}
    ),
    "emnist_balanced": IdxSet("EMNIST", _BALANCED, "emnist-balanced-", "test", 0, True, {"split": "balanced"}),
}
CIFAR10 = "cifar10"  # torchvision reads its files, and then it is imported as own data are
DATASETS = (*IDX_SETS, CIFAR10, "digits")
