"""The words of a recipe as frozen pydantic models: torch-free, so that a study file is read in milliseconds."""
