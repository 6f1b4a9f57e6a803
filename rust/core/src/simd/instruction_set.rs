//! Which vectors this machine has.

/// Name of the vector instructions that the solvers use, chosen when the process runs: `"AVX-512"`,
/// `"AVX2"`, `"NEON"` or `"none"`.
#[must_use]
pub fn instruction_set() -> &'static str {
    match pulp::Arch::new() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        pulp::Arch::V4(_) => "AVX-512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        pulp::Arch::V3(_) => "AVX2",
        #[cfg(target_arch = "aarch64")]
        pulp::Arch::Neon(_) => "NEON",
        _ => "none",
    }
}
