"""Pages for those who use Studyhall, and what draws or generates two of them from the code."""
