"""Pages for those who use Studyhall, and what draws, generates and builds some of them from the code."""
