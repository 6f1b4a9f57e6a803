"""Benchmarks of genz beside its peers; ``python -m benches`` writes ``docs/performance.md``.

Every peer works on one thread: that is settled here, before numpy or jax are imported.
"""

import os

os.environ.update(
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    JAX_PLATFORMS="cpu",
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
)
