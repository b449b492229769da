"""The door to a test set: it writes a line of the ledger, and only then reads.

The one function here takes the record itself, so no callable can stand in for the ledger; and nothing in models/ reads a
test part without the ledger's signature.
"""

from models.datasets.source import Examples, Source, check_test_part, describe_test_part, read_test_part
from search.record.record import Record


def open_test_set(record: Record, source: Source, purpose: str, models: int) -> tuple[int, Examples]:
    """Enter the opening of a test set in the ledger of a study, commit it, and read the test set.

    Args:
        record: That of the study, with its lease held.
        source: The data set.
        purpose: What is tested, for the ledger.
        models: How many models are tested.

    Returns:
        The id of the ledger's line, and the test set.

    Raises:
        UserError: If the test set's files are missing, and then nothing is signed; or damaged.
    """
    check_test_part(source)
    signed = record.sign(f"{purpose}: {describe_test_part(source)}", source.name, source.sha256, models)
    return signed.line, read_test_part(source, signed)
