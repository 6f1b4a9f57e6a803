//! CPU time of the core's posterior on one thread, without Python.
//!
//! `cargo bench --bench engine`. The ids are `enumeration/<moments>/<K>`; a size other than the
//! usual number of items comes by `N_ITEMS`. Times are CPU times of the process, so that others
//! on the machine disturb them as little as possible; `make bench` reads them from criterion's JSON.

mod cpu_time;
mod simulated;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use genz_core::CancelToken;
use genz_core::posterior::{Moments, SolverChoice, posterior};
use rayon::ThreadPoolBuilder;

use cpu_time::CpuTime;
use simulated::Simulated;

/// Numbers of features, with the number of items that makes a run long enough to time.
const SIZES: [(usize, usize); 4] = [(8, 100_000), (12, 10_000), (16, 2_000), (20, 500)];
const N_TARGETS: usize = 8;

fn enumeration(criterion: &mut Criterion<CpuTime>) {
    let n_items_wanted = std::env::var("N_ITEMS")
        .ok()
        .map(|text| text.parse::<usize>().expect("N_ITEMS is a number of items"));
    let one_thread = ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool of one thread");
    let cancel = CancelToken::default();
    for (name, moments) in [
        ("none", Moments::None),
        ("marginals", Moments::Marginals),
        ("pairs", Moments::Pairs),
    ] {
        let mut group = criterion.benchmark_group(format!("enumeration/{name}"));
        group.sampling_mode(SamplingMode::Flat);
        for (n_features, n_items) in SIZES {
            let id = BenchmarkId::from_parameter(n_features);
            let n_items = n_items_wanted.unwrap_or(n_items);
            let mut simulated = None;
            group.bench_function(id, |bencher| {
                // Only a size that the filter asks for is simulated.
                let data =
                    simulated.get_or_insert_with(|| Simulated::new(n_items, n_features, N_TARGETS));
                let problem = data.problem();
                one_thread.install(|| {
                    bencher.iter(|| {
                        posterior(&problem, SolverChoice::Enumeration, moments, &cancel)
                            .expect("enumeration takes these sizes")
                    });
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = engine;
    config = Criterion::default()
        .with_measurement(CpuTime)
        .without_plots()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500));
    targets = enumeration
}
criterion_main!(engine);
