//! [`hyperstack_fuzz::patch`], for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hyperstack_fuzz::patch(bytes));
