"""How fast the profiler is, beside its peers on the same models: `python -m benchmarks.speed`.

Each workload is a module with one function, `measure`, which yields records of raw times, and a docstring that says
what is timed. Each runs in a process of its own.
"""
