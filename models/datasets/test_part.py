"""The lock of all test parts: to read one takes the signature of the ledger.

Whatever reads a part of a data set is given `"train"` or a `SignedOpening`, which the ledger of a study makes after it
has committed its line. The lock guards against mistakes and short cuts in code, at run time; it cannot keep anybody
from opening the files with other tools. Knows no data set and no database.
"""

from collections.abc import Callable
from dataclasses import InitVar, dataclass
from typing import Literal

_SIGNER = object()
_claimed: list[str] = []


@dataclass(frozen=True)
class SignedOpening:
    """Proof that a ledger has a committed line that says: the test set of this source is opened now.

    Raises:
        RuntimeError: If anybody but the ledger makes one.
    """

    line: int  # the id of the line
    sha256: str  # the hash of the source
    signer: InitVar[object] = None

    def __post_init__(self, signer: object) -> None:
        if signer is not _SIGNER:
            raise RuntimeError("only the ledger makes a SignedOpening: it commits its line first")


Part = Literal["train"] | SignedOpening  # what to read of a data set


def claim_signer(module: str) -> Callable[[int, str], SignedOpening]:
    """Return the only function that makes a `SignedOpening`, from a line and a sha256: to the first who asks.

    That is the ledger, which asks when it is imported.

    Raises:
        RuntimeError: If it is given away already.
    """
    if _claimed:
        raise RuntimeError(f"{_claimed[0]} keeps the ledger already; sign that one")
    _claimed.append(module)
    return lambda line, sha256: SignedOpening(line, sha256, _SIGNER)


def allowed_split(part: Part, sha256: str) -> Literal["train", "test"]:
    """Return "train", or "test" if `part` is signed for the source with this sha256.

    Raises:
        RuntimeError: If the test part is asked for without a signature, or with that of another source.
    """
    if part == "train":
        return "train"
    check_signature(part, sha256)
    return "test"


def check_signature(signed: object, sha256: str) -> None:
    """Raise RuntimeError if this is no signature for the source with this sha256."""
    if not isinstance(signed, SignedOpening):
        raise RuntimeError("a test part is read with a SignedOpening alone; signing the ledger makes it")
    if signed.sha256 != sha256:
        raise RuntimeError(f"line {signed.line} of the ledger was signed for other data than those to be read")
