//! Finds who may write to a directory of Windows, from its security descriptor in Microsoft's text form (SDDL). Pure.
//!
//! The text has the form `O:<owner>D:<flags>(<kind>;<flags>;<rights>;;;<who>)…`. A part that cannot be read counts as a
//! right to write.

/// The trusted users, by their two letters in the text or by number. The system and its administrators can do anything
/// anyway. "The file's creator" and "the file's owner" are this user in a directory that no other user can write to.
const TRUSTED: [&str; 10] = [
    "SY",
    "S-1-5-18",
    "BA",
    "S-1-5-32-544",
    // The built-in administrator.
    "LA",
    "CO",
    "S-1-3-0",
    "OW",
    "S-1-3-4",
    // TrustedInstaller.
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// Numbers of users that the text writes as two letters.
const SERVICES: [(&str, &str); 2] = [("S-1-5-19", "LS"), ("S-1-5-20", "NS")];

/// Rights by their letters: first those of files, then those of any object, then those of directory services. The text
/// also uses the letters of directory services for the same bits of other objects.
const RIGHTS: [(&str, u32); 22] = [
    ("FA", 0x1f_01ff),
    ("FR", 0x12_0089),
    ("FW", 0x12_0116),
    ("FX", 0x12_00a0),
    ("GA", 0x1000_0000),
    ("GR", 0x8000_0000),
    ("GW", 0x4000_0000),
    ("GX", 0x2000_0000),
    ("SD", 0x1_0000),
    ("RC", 0x2_0000),
    ("WD", 0x4_0000),
    ("WO", 0x8_0000),
    ("SY", 0x10_0000),
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
];

/// The rights to change something: data, names, attributes, the owner, or the rights themselves.
const WRITES: u32 = 0x5000_0000 | 0x8_0000 | 0x4_0000 | 0x1_0000 | 0x100 | 0x40 | 0x10 | 0x4 | 0x2;

/// The reason why a directory with this descriptor is unsafe for the user of this number. `None` if it is safe.
pub(super) fn fault(descriptor: &str, user: &str) -> Option<&'static str> {
    let (before, list) = match descriptor.split_once("D:") {
        Some((before, list)) => (before, list),
        None => (descriptor, "NO_ACCESS_CONTROL"),
    };
    let owner = before.strip_prefix("O:").unwrap_or_default().split("G:").next().unwrap_or_default();
    if !is_trusted(owner, user) {
        return Some("it belongs to another user");
    }
    let unprotected = list.contains("NO_ACCESS_CONTROL");
    let writable = unprotected || entries(list).iter().any(|entry| lets_others_write(entry, user));
    writable.then_some(
        "other users can write to it: only this user, the system and administrators may have that right \
         (icacls <directory> /inheritance:r /grant:r \"%USERNAME%:(OI)(CI)F\")",
    )
}

/// The texts in the outer parentheses. A condition contains more parentheses.
fn entries(list: &str) -> Vec<&str> {
    let (mut entries, mut depth, mut start) = (Vec::new(), 0_u32, 0);
    for (at, found) in list.match_indices(['(', ')']) {
        if found == "(" {
            depth += 1;
            if depth == 1 {
                start = at + 1;
            }
        } else {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                entries.push(&list[start..at]);
            }
        }
    }
    entries
}

fn lets_others_write(entry: &str, user: &str) -> bool {
    let fields: Vec<_> = entry.split(';').collect();
    match fields[..] {
        // The kinds D, OD and XD deny. XD has a condition. The conditions of the other kinds are ignored.
        [kind, ..] if kind.starts_with('D') || kind == "OD" || kind == "XD" => false,
        [_, _, rights, _, _, who, ..] => mask(rights) & WRITES != 0 && !is_trusted(who, user),
        _ => true,
    }
}

fn is_trusted(who: &str, user: &str) -> bool {
    let letters = SERVICES.iter().find(|(number, _)| *number == user).map(|(_, letters)| *letters);
    who == user || Some(who) == letters || TRUSTED.contains(&who)
}

/// The bits of rights, from a number or from letters.
fn mask(rights: &str) -> u32 {
    if let Some(digits) = rights.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).unwrap_or(WRITES);
    }
    if rights.starts_with(|first: char| first.is_ascii_digit()) {
        return rights.parse().unwrap_or(WRITES);
    }
    let mut bits = 0;
    let mut rest = rights;
    while !rest.is_empty() {
        let found = RIGHTS.iter().find(|(letters, _)| rest.starts_with(letters));
        let Some((letters, mask)) = found else { return WRITES };
        bits |= mask;
        rest = &rest[letters.len()..];
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "S-1-5-21-1-2-3-1001";

    fn of(descriptor: &str) -> Option<&'static str> {
        fault(&descriptor.replace("USER", USER), USER)
    }

    #[test]
    fn the_users_own_directory_is_safe() {
        for descriptor in [
            "O:USERG:USERD:(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;USER)",
            "O:BAD:PAI(A;OICI;FA;;;USER)",
            // Other users may read, as in a home directory that is shared for reading.
            "O:USERG:DUD:(A;;FA;;;USER)(A;OICI;FRFX;;;WD)(A;OICI;0x1200a9;;;BU)",
            // Other users are denied.
            "O:USERD:(D;;FA;;;WD)(XD;;FW;;;BU;(TRUE))(A;;FA;;;USER)",
            "O:SYD:(A;OICIIO;FA;;;CO)",
        ] {
            assert_eq!(of(descriptor), None, "{descriptor}");
        }
        assert_eq!(fault("O:LSD:(A;;FA;;;LS)", "S-1-5-19"), None);
    }

    #[test]
    fn a_directory_that_others_can_write_is_unsafe() {
        for descriptor in [
            // The rights that a folder of C: inherits.
            "O:USERD:AI(A;OICIID;FA;;;SY)(A;OICIIOID;SDGXGWGR;;;AU)(A;ID;0x1301bf;;;AU)",
            "O:USERD:(A;;FW;;;WD)",
            "O:USERD:(A;;DC;;;BU)",
            "O:USERD:(A;OICIIO;GA;;;S-1-5-21-1-2-3-1002)",
            "O:USERD:(XA;;FA;;;WD;(TRUE))",
            "O:USERD:(XD;;FW;;;BU;(TRUE))(A;;FA;;;WD)",
            "O:USERD:(A;;131350;;;WD)",
            // Without a list of rights, everybody can do everything.
            "O:USER",
            "O:USERD:NO_ACCESS_CONTROL",
            // Text that cannot be read.
            "O:USERD:(A;;ZZ;;;WD)",
            "O:USERD:(A;;0xZZ;;;WD)",
            "O:USERD:(A)",
        ] {
            assert!(of(descriptor).is_some_and(|fault| fault.contains("other users")), "{descriptor}");
        }
    }

    #[test]
    fn a_directory_of_another_user_is_unsafe() {
        for descriptor in ["O:S-1-5-21-1-2-3-1002D:(A;;FA;;;USER)", "D:(A;;FA;;;USER)", ""] {
            assert_eq!(of(descriptor), Some("it belongs to another user"), "{descriptor}");
        }
        assert!(fault("O:LSD:(A;;FA;;;LS)", USER).is_some());
    }
}
