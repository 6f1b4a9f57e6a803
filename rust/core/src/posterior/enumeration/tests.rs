//! Products against the sum over states in the log domain, on every instruction set.

use ndarray::Axis;
use proptest::prelude::*;

use super::*;

/// Weights, residuals (targets, items), log odds (features, items) and item weights.
#[derive(Debug)]
struct Items {
    weights: Array2<f64>,
    tile: Tile,
    /// How many noise standard deviations a weight may have; 1.5 is ordinary.
    scale: f64,
}

fn items(n_features: usize, n_targets: usize, n_items: usize) -> impl Strategy<Value = Items> {
    let matrix = |n_rows, n_columns, entry: BoxedStrategy<f64>| {
        prop::collection::vec(entry, n_rows * n_columns)
            .prop_map(move |x| Array2::from_shape_vec((n_rows, n_columns), x).unwrap())
    };
    let scale = prop_oneof![6 => Just(1.0), 2 => Just(8.0), 1 => Just(60.0), 1 => Just(1e4)];
    let odds = prop_oneof![
        8 => -6.0..6.0,
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => -700.0..700.0,
    ];
    (
        matrix(n_features, n_targets, (-1.5..1.5).boxed()),
        scale,
        matrix(n_targets, n_items, (-9.0..9.0).boxed()),
        matrix(n_features, n_items, odds.boxed()),
        matrix(1, n_items, (0.0..2.0).boxed()),
    )
        .prop_map(move |(weights, scale, residuals, log_odds, v)| {
            let mut tile = Tile::default();
            tile.resize(n_items, n_features, n_targets);
            tile.residuals
                .numbers_mut()
                .copy_from_slice((residuals * scale).as_slice().unwrap());
            tile.log_odds
                .numbers_mut()
                .copy_from_slice(log_odds.as_slice().unwrap());
            tile.weights = v.into_raw_vec_and_offset().0;
            Items {
                weights: weights * scale,
                tile,
                scale,
            }
        })
}

fn any_items() -> impl Strategy<Value = Items> {
    (0..19_usize, 1..9_usize, 1..40_usize).prop_flat_map(|(k, d, n)| {
        // Few items where the fall-back sums over many states.
        items(k, d, if k > 12 { n.min(3) } else { n })
    })
}

/// Log evidence, marginals (features, items) and pair moments.
type Answers = (Vec<f64>, Array2<f64>, Array2<f64>);

/// Answers to any number of items, tile by tile.
fn solve(solver: &dyn Solver, items: &Tile, moments: Moments) -> Answers {
    let (mut worker, mut answer) = (solver.worker(), Answer::default());
    let mut tile = Tile::default();
    let mut log_evidence = Vec::new();
    let mut marginals = Array2::zeros((items.log_odds.view().nrows(), 0));
    let all: Vec<usize> = (0..items.n_items()).collect();
    for of_tile in all.chunks(solver.tile_len()) {
        tile.select(items, of_tile);
        worker.solve(&tile, moments, &mut answer).unwrap();
        log_evidence.extend_from_slice(&answer.log_evidence);
        marginals.append(Axis(1), answer.marginals.view()).unwrap();
    }
    (log_evidence, marginals, worker.take_pairs())
}

fn distance(one: &Array2<f64>, other: &Array2<f64>) -> f64 {
    (one - other).iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// Every instruction set of this machine.
fn architectures() -> Vec<Arch> {
    let mut all = vec![Arch::Scalar, Arch::new()];
    #[cfg(target_arch = "x86_64")]
    all.extend(pulp::x86::V3::try_new().map(Arch::V3));
    all
}

/// The digits asked for; the rounding of one item's marginal may be 1e-12 where noise is small.
fn check(
    got: &Answers,
    wanted: &Answers,
    moments: Moments,
    scale: f64,
) -> std::result::Result<(), TestCaseError> {
    for (got, wanted) in got.0.iter().zip(&wanted.0) {
        prop_assert!((got - wanted).abs() <= 1e-12 * wanted.abs().max(1.0));
    }
    if moments >= Moments::Marginals {
        let worst = distance(&got.1, &wanted.1);
        prop_assert!(worst <= 1e-12, "marginals {worst}");
    }
    if moments == Moments::Pairs {
        let worst = distance(&got.2, &wanted.2) / wanted.0.len() as f64;
        let close = if scale > 1.0 { 1e-12 } else { 1e-13 };
        prop_assert!(worst <= close, "pairs {worst}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn products_are_the_sum_over_states(items in any_items()) {
        let weights = items.weights.view();
        let cancel = CancelToken::default();
        let direct = OneByOne::new(Direct::new(weights), &cancel);
        let wanted = solve(&direct, &items.tile, Moments::Pairs);
        for moments in [Moments::None, Moments::Marginals, Moments::Pairs] {
            for arch in architectures() {
                let solver = enumeration_on(weights, &cancel, arch);
                check(&solve(&*solver, &items.tile, moments), &wanted, moments, items.scale)?;
            }
        }
    }
}

/// A target 1e5 standard deviations out, which two features explain best, and a third whose odds
/// against them are known in closed form: exp(-(.9^2 - .2^2) / 2). Differences of squared
/// residuals, which are 1e10, would lose six of its digits.
#[test]
fn a_target_far_out_keeps_the_digits_of_other_dimensions() {
    let weights = Array2::from_shape_vec((3, 2), vec![1.0, 0.3, 1.0, -0.1, 0.0, 0.7]).unwrap();
    let mut tile = Tile::default();
    tile.resize(1, 3, 2);
    tile.residuals.set_item(0, [100_000.123, 0.0]);
    tile.log_odds.set_item(0, [0.0; 3]);
    let cancel = CancelToken::default();
    let solver = enumeration(weights.view(), &cancel);
    let (mut worker, mut answer) = (solver.worker(), Answer::default());
    worker
        .solve(&tile, Moments::Marginals, &mut answer)
        .expect("not cancelled");
    assert_eq!(answer.n_rescued, 1);
    let wanted = 1.0 / (1.0 + 0.385_f64.exp());
    assert!((answer.marginals.row(2)[0] - wanted).abs() < 1e-14);
}
