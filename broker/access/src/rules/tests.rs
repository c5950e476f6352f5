//! Compares rules with a brute-force matcher over every topic of a small set.

use proptest::prelude::*;

use super::*;

const NOBODY: Placeholders<'_> = Placeholders { client_id: "c1", user_name: "anna" };

fn rule(text: &str) -> Rule {
    let (allow, text) = match text.strip_prefix('!') {
        Some(rest) => (false, rest),
        None => (true, text),
    };
    Rule { scope: Scope::Both, allow, filter: Filter::parse(text).unwrap() }
}

fn rules(list: &[&str], with: Placeholders<'_>) -> Rules {
    let list: Vec<Rule> = list.iter().map(|text| rule(text)).collect();
    Rules::new(&list, with)
}

fn check(list: &[&str], filter: &str, expected: Coverage) {
    assert_eq!(rules(list, NOBODY).covers(filter), expected, "{list:?} on {filter}");
}

#[test]
fn coverage_is_exact() {
    check(&["a/+/b"], "a/#", Coverage::Part);
    check(&["a/+/b"], "a/x/b", Coverage::All);
    check(&["a/+/b"], "a/+/b", Coverage::All);
    check(&["a/+/b"], "a/x/c", Coverage::None);
    check(&["a/+/b"], "+/+/+/+", Coverage::None);
    check(&["acme/#"], "#", Coverage::Part);
    check(&["acme/#"], "acme", Coverage::All);
    check(&["acme/#"], "acme/+/x/#", Coverage::All);
    check(&["acme/#"], "bcme/#", Coverage::None);
    check(&["#"], "#", Coverage::All);
    check(&["#"], "$SYS/#", Coverage::None);
    check(&["#", "$SYS/#"], "$SYS/broker/+", Coverage::All);
    check(&["$SYS/#"], "#", Coverage::None);
    check(&["#", "!secret/#"], "#", Coverage::Part);
    check(&["#", "!secret/#"], "secret/+", Coverage::None);
    check(&["#", "!secret/#"], "public/#", Coverage::All);
    check(&["a/#", "!a/+/x"], "a/b", Coverage::All);
    check(&["a/#", "!a/+/x"], "a/+/x", Coverage::None);
    check(&["a/#", "!#"], "a/#", Coverage::None);
    check(&["+", "+/#"], "+/#", Coverage::All);
    check(&["/#"], "+", Coverage::None);
    check(&["/#"], "/+", Coverage::All);
    check(&[], "a", Coverage::None);
}

#[test]
fn placeholders_fill_their_level_and_nothing_else() {
    let of = |client_id, user_name| {
        rules(&["%u/+/%c/#", "dev-%c", "!%u/secret/#"], Placeholders { client_id, user_name })
    };
    let good = of("c1", "anna");
    assert!(good.allows(Action::Publish, "anna/x/c1/y") && good.allows(Action::Receive, "dev-c1"));
    assert!(!good.allows(Action::Publish, "anna/x/c2") && !good.allows(Action::Receive, "%u/x/%c"));
    for hostile in ["+", "#", "a/b", "", "$SYS", "a+"] {
        let bad = of(hostile, "anna");
        assert!(!bad.allows(Action::Publish, "anna/x/c1") && !bad.allows(Action::Receive, "dev-+"));
        assert_eq!(of("c1", hostile).covers("#"), Coverage::Part, "only dev-c1 is left");
    }
    // A deny rule whose name cannot be filled in denies more, not less.
    let bad = rules(&["#", "!%u/secret"], Placeholders { client_id: "c", user_name: "a/b" });
    assert!(!bad.allows(Action::Publish, "x/secret") && bad.allows(Action::Publish, "x/y"));
    let twice = Placeholders { client_id: "c", user_name: "%c" };
    assert!(rules(&["%u"], twice).allows(Action::Publish, "%c"));
}

#[test]
fn publishing_and_receiving_are_told_apart() {
    let one = |scope, filter: &str| Rule { scope, ..rule(filter) };
    let list = [one(Scope::Publish, "p/#"), one(Scope::Receive, "r/#"), one(Scope::Publish, "!b")];
    let rules = Rules::new(&list, NOBODY);
    assert!(rules.allows(Action::Publish, "p/1") && !rules.allows(Action::Publish, "r/1"));
    assert!(rules.allows(Action::Receive, "r/1") && !rules.allows(Action::Receive, "p/1"));
    assert_eq!(rules.covers("p/#"), Coverage::None);
}

/// Every topic of up to four levels over these names; `z` stands for names no rule knows.
fn world() -> Vec<String> {
    let names = ["a", "b", "", "$s", "z"];
    let mut all: Vec<String> = Vec::new();
    let mut last: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    for _ in 0..4 {
        all.extend(last.iter().filter(|topic| !topic.is_empty()).cloned());
        last = last.iter().flat_map(|t| names.iter().map(move |n| format!("{t}/{n}"))).collect();
    }
    all
}

fn filters() -> impl Strategy<Value = String> {
    let level =
        prop_oneof!["a", "b", Just(String::new()), Just("+".to_owned()), Just("$s".to_owned())];
    (prop::collection::vec(level, 1..4), any::<bool>()).prop_map(|(mut levels, hash)| {
        if hash {
            levels.pop();
            levels.push("#".into());
        }
        let text = levels.join("/");
        if text.is_empty() { "a".into() } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rules_equal_brute_force(
        allow in prop::collection::vec(filters(), 0..5),
        deny in prop::collection::vec(filters(), 0..3),
        asked in filters(),
    ) {
        let parse = |text: &String| Filter::parse(text).unwrap();
        let (allowing, denying): (Vec<_>, Vec<_>) =
            (allow.iter().map(parse).collect(), deny.iter().map(parse).collect());
        let list: Vec<Rule> = allow.iter().map(|text| rule(text))
            .chain(deny.iter().map(|text| rule(&format!("!{text}")))).collect();
        let rules = Rules::new(&list, NOBODY);
        let filter = parse(&asked);
        let (mut yes, mut no) = (false, false);
        for topic in world() {
            let allowed = allowing.iter().any(|f| f.matches(&topic))
                && !denying.iter().any(|f| f.matches(&topic));
            prop_assert_eq!(rules.allows(Action::Receive, &topic), allowed, "{}", topic);
            if filter.matches(&topic) {
                yes |= allowed;
                no |= !allowed;
            }
        }
        let expected = match (yes, no) {
            (true, true) => Coverage::Part,
            (true, false) => Coverage::All,
            (false, _) => Coverage::None,
        };
        prop_assert_eq!(rules.covers(&asked), expected, "{:?} {:?} {}", allow, deny, asked);
    }
}
