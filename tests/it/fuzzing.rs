//! Runs the fuzzing targets over their corpus, and over earlier findings, as ordinary tests. Also checks that each
//! target reaches the code that it is for.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::fuzz::{TARGETS, validate};
use crate::generator::root;

/// The inputs of a target.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = root().join("fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|file| file.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_input_of_the_corpus_is_answered() {
    for (target, run) in TARGETS {
        let inputs = corpus(target);
        assert!(inputs.len() >= 5, "{target} has {} inputs", inputs.len());
        for (path, input) in inputs {
            let outcome = std::panic::catch_unwind(|| run(&input));
            assert!(outcome.is_ok(), "{}", path.display());
        }
    }
}

#[test]
fn every_target_has_its_file_and_its_corpus() {
    let names: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in ["fuzz/fuzz_targets", "fuzz/corpus"] {
        let found = fs::read_dir(root().join(folder)).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            path.file_stem().unwrap().to_str().unwrap().to_owned()
        });
        assert_eq!(found.collect::<BTreeSet<_>>(), names, "{folder}");
    }
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
    }
}

#[test]
fn the_targets_of_texts_reach_what_reads_them() {
    let refused = |config: serde_json::Value| !validate(&config).is_empty();
    assert!(!refused(serde_json::json!({"expires_in": "30d"})));
    assert!(refused(serde_json::json!({"expires_in": "30y"})));
    let condition = |range: &str| serde_json::json!({"condition": {"request_ip": {"in": [range]}}});
    assert!(!refused(condition("192.0.2.0/24")));
    assert!(refused(condition("192.0.2.0/33")));
}

/// How long each target runs over changed inputs: `FUZZ_SECONDS`, otherwise one second. This is a simple fuzzer that
/// does not measure what an input reaches. It needs only the stable toolchain.
#[test]
fn inputs_with_random_changes_are_answered() {
    let seconds = std::env::var("FUZZ_SECONDS").map_or(1, |text| text.parse().unwrap());
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut random = Random(seed | 1);
    for (target, run) in TARGETS {
        let inputs: Vec<_> = corpus(target).into_iter().map(|(_, input)| input).collect();
        let (end, mut runs) = (Instant::now() + Duration::from_secs(seconds), 0);
        while Instant::now() < end {
            let input = changed(&inputs, &mut random);
            if std::panic::catch_unwind(|| run(&input)).is_err() {
                let found = root().join(format!("target/found-{target}-{seed:x}"));
                fs::write(&found, &input).unwrap();
                panic!("{target}: {} is not answered; mend it, and put it into the corpus", found.display());
            }
            runs += 1;
        }
        eprintln!("{target}: {runs} inputs");
    }
}

/// Pseudo-random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// An input of the corpus with a few changes.
fn changed(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    /// Bytes with a meaning in MessagePack, protobuf, JSON or UTF-8.
    const TELLING: [u8; 16] =
        [0, 1, 0x7f, 0x80, 0x90, 0xc0, 0xc4, 0xd4, 0xd9, 0xdf, 0xff, b'"', b'{', b'[', b'-', b'9'];
    let mut input = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len());
        let end = at + random.below((input.len() - at).min(32) + 1);
        match random.below(6) {
            0 if !input.is_empty() => input[at] ^= 1 << random.below(8),
            1 if !input.is_empty() => input[at] = TELLING[random.below(TELLING.len())],
            2 => input.insert(at, random.below(256) as u8),
            3 => drop(input.drain(at..end)),
            4 => {
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            _ => {
                let other = &inputs[random.below(inputs.len())];
                let from = random.below(other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
    input
}
