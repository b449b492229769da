"""The loop: admit, tick, record, judge, tell; its scheduler, its balance, its snapshots."""
