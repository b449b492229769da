"""What a recipe is made of, as frozen pydantic models: torch-free, so that a study file is read in milliseconds."""
