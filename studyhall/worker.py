"""python -m studyhall.worker: a worker process; the rest is in search.fleet.worker_process."""

from studyhall import importing

if __name__ == "__main__":
    importing.load("search.fleet.worker_process").serve()
