//! What must hold in the browser's build as well: run by `make test` in headless Chromium.
#![cfg(target_arch = "wasm32")]

use pushpull::sim::{Purpose, Rng};
use rand_core::RngCore;
use rand_pcg::Lcg64Xsh32;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// The reference output of PCG32 for seed 42 and stream 54: `pcg32-demo`, round 1, of the
/// generator's authors.
#[wasm_bindgen_test]
fn the_generator_is_pcg32() {
    let mut generator = Lcg64Xsh32::new(42, 54);
    let drawn: Vec<u32> = (0..6).map(|_| generator.next_u32()).collect();
    let reference = [0xa15c_02b7, 0x7b47_f409, 0xba1d_3330, 0x83d2_f293, 0xbfa4_784b, 0xcbed_606e];
    assert_eq!(drawn, reference);
}

/// A purpose's stream is that generator with the purpose and the index as its stream number.
#[wasm_bindgen_test]
fn a_stream_is_the_generator_with_its_purpose() {
    let mut stream = Rng::new(42, Purpose::Workload, 3);
    let mut generator = Lcg64Xsh32::new(42, (2 << 32) | 3);
    assert_eq!(stream.bits(), generator.next_u32());
}
