//! What some tests need of the machine. A test that cannot run here fails, unless a variable names
//! what is absent: a check nobody knows was left out proves nothing.

/// The variable: `make test UNS_TEST_WITHOUT=strace,mount`.
const WITHOUT: &str = "UNS_TEST_WITHOUT";

/// What it may name, and what that is in words.
const NEEDS: &[(&str, &str)] = &[
    ("browser", "a Chromium that starts"),
    ("cgroup", "a memory control group of its own (root, and a writable /sys/fs/cgroup)"),
    ("faketime", "libfaketime (`apt-get install faketime`)"),
    ("mount", "the right to mount a tmpfs (root with CAP_SYS_ADMIN)"),
    ("netns", "a network of its own (`unshare --net`, which needs CAP_SYS_ADMIN, and `ip`)"),
    ("node", "Node 20.19 or newer with npm"),
    ("strace", "strace and the right to trace (`apt-get install strace`, CAP_SYS_PTRACE)"),
];

/// Whether a test goes on: true where its need is there, false where the variable names it as
/// absent. Anything else fails the test.
pub(crate) fn have(need: &str, present: bool) -> bool {
    let without = std::env::var(WITHOUT).unwrap_or_default();
    match decide(&without, need, present) {
        Ok(true) => true,
        Ok(false) => {
            eprintln!("left out: {WITHOUT} says that there is no {need} here");
            false
        }
        Err(message) => panic!("{message}"),
    }
}

fn decide(without: &str, need: &str, present: bool) -> Result<bool, String> {
    let known = |name: &str| NEEDS.iter().find(|(known, _)| *known == name);
    let named: Vec<&str> = without.split([',', ' ']).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = named.iter().find(|name| known(name).is_none()) {
        let names: Vec<&str> = NEEDS.iter().map(|(name, _)| *name).collect();
        return Err(format!("{WITHOUT} names `{unknown}`; it may name {}", names.join(", ")));
    }
    let (_, words) = known(need).ok_or_else(|| format!("`{need}` is in no list of needs"))?;
    if present || named.contains(&need) {
        return Ok(present);
    }
    Err(format!(
        "this test needs {words}, which is not here; \
         where that is known, leave it out with {WITHOUT}={need}"
    ))
}

#[test]
fn what_is_absent_fails_unless_it_is_named() {
    assert_eq!(decide("", "strace", true), Ok(true));
    assert_eq!(decide("strace", "strace", true), Ok(true), "what is there is used");
    assert_eq!(decide("mount, strace", "strace", false), Ok(false));
    let refused = |without| decide(without, "strace", false).unwrap_err();
    assert!(refused("").contains("UNS_TEST_WITHOUT=strace"), "{}", refused(""));
    assert!(refused("mount").contains("needs strace"), "{}", refused("mount"));
    assert!(refused("starce").contains("names `starce`"), "{}", refused("starce"));
}
