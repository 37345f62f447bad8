#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cloudflare_tokens_fuzz::import_ids(data));
