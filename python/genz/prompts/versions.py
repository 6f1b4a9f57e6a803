"""The versions of all prompts, which a saved model remembers."""

from genz.prompts import cells, prediction, proposal


def versions() -> dict[str, str]:
    """Version of each prompt by its form: how is judged, proposed and predicted."""
    return {
        **cells.VERSIONS,
        **{f"propose {angle}": version for angle, version in proposal.VERSIONS.items()},
        "predict": prediction.VERSION,
    }
