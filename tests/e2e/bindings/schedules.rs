//! A random walk through configurations. After every apply, the plan is empty and the token has exactly what the
//! configuration says.

use super::*;

/// Pseudo-random numbers, the same in each run.
fn scatter(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    }
}

#[test]
fn after_whatever_apply_nothing_is_left_to_plan() {
    const GROUPS: [&str; 8] = [
        "Workers Scripts Read",
        "Workers Scripts Write",
        "Workers Tail Read",
        "Workers KV Storage Read",
        "Cloudflare Tunnel Read",
        "Cloudflare Tunnel Write",
        "DNS Firewall Read",
        "DNS Firewall Write",
    ];
    let stage = Stage::new();
    let mut next = scatter(11);
    let mut id = None;
    for step in 0..8 {
        // Each group is in at most one place, because otherwise two places would share it.
        let mut places: [Vec<&str>; 4] = Default::default();
        for group in GROUPS {
            if let Some(place) = places.get_mut(next(6)) {
                place.push(group);
            }
        }
        let [own, bindings @ ..] = &places;
        let mut expected: Vec<&[&str]> =
            bindings.iter().map(Vec::as_slice).filter(|g| !g.is_empty()).collect();
        let mut config: String = (bindings.iter().enumerate())
            .filter(|(_, groups)| !groups.is_empty())
            .map(|(n, groups)| bound(&format!("b{n}"), groups))
            .collect();
        let mut attributes = format!("name = \"walk {}\"\n", next(3));
        if !own.is_empty() {
            expected.push(own);
            // The token is exclusive if it can be, and sometimes additive anyway.
            if expected.len() > 1 || next(2) == 0 {
                attributes += "exclusive_policies = false\n";
            }
            attributes += &format!("policies = [{{ permission_groups = {own:?} }}]\n");
        }
        config += &format!("resource \"cloudflare_account_api_token\" \"t\" {{\n{attributes}}}\n");
        stage.apply(&config);
        let now = stage.text(T, "id");
        assert_eq!(*id.get_or_insert(now.clone()), now, "step {step}: the token stays");
        assert_eq!(granted(&stage.sim, &now), sets(&expected), "step {step}:\n{config}");
    }
}
