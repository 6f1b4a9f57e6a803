//! The one way into the core: the GIL released, Ctrl-C watched, errors named.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use genz_core::{CancelToken, Result};
use pyo3::prelude::*;
use rayon::ThreadPoolBuilder;

use crate::error::to_python;

/// How often signals are looked at.
const POLL: Duration = Duration::from_millis(50);

/// Run `work` on its own pool of `n_threads` threads (None: one for each core) while this thread
/// watches for signals.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method itself is not general enough over the lifetime of the GIL"
)]
pub fn enter<T: Send>(
    py: Python<'_>,
    n_threads: Option<usize>,
    work: impl FnOnce(&CancelToken) -> Result<T> + Send,
) -> PyResult<T> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(n_threads.unwrap_or(0))
        .build()
        .map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))?;
    let cancel = CancelToken::default();
    let (interrupt, outcome) = py.detach(|| {
        std::thread::scope(|scope| {
            let (done, finished) = channel();
            let (pool, token) = (&pool, &cancel);
            let worker = scope.spawn(move || {
                let outcome = pool.install(|| work(token));
                // The watcher may have gone only if this thread was joined, which comes later.
                let _ = done.send(());
                outcome
            });
            let mut interrupt = None;
            while finished.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                if interrupt.is_none()
                    && let Err(error) = Python::attach(|py| py.check_signals())
                {
                    cancel.cancel();
                    interrupt = Some(error);
                }
            }
            let outcome = worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (interrupt, outcome)
        })
    });
    match interrupt {
        Some(error) => Err(error),
        None => outcome.map_err(|error| to_python(&error)),
    }
}
