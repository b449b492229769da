"""Parts of `tests.benchmarks.search_quality`: curves to search on, ways to search, and what is made of the regrets."""
