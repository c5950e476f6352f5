//! What the file may contain, and how mistakes in it are reported.

use broker_engine::Action;
use uns_model::SeededRandom;

use super::*;
use crate::AccountRights;
use crate::rules::Placeholders;

const HASH: &str =
    "$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo";
const SHA: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn read(text: &str) -> Result<Policy, Error> {
    parse(Path::new("access.toml"), text)
}

fn check(text: &str, expected: &[&str]) {
    let said = read(text).map(drop).unwrap_err().to_string();
    for part in expected {
        assert!(said.contains(part), "{said} lacks {part}");
    }
    assert!(!said.contains("GpZ3sK") && !said.contains("ba7816"), "a secret in {said}");
}

#[test]
fn everything_the_file_may_say() {
    let text = format!(
        r##"
        [deny]
        all = ["secret/#"]
        subscribe = ["noisy/#"]
        [anonymous]
        subscribe = ["public/#"]
        [[role]]
        name = "operator"
        allow = ["line/#"]
        deny = ["line/safety/#"]
        [[user]]
        name = "anna"
        password = "{HASH}"
        roles = ["operator"]
        publish = ["%u/out"]
        [[user]]
        name = "root"
        password = "{HASH}"
        roles = ["admin"]
        [[device]]
        name = "press1"
        secret_sha256 = "{SHA}"
        allow = ["acme/#"]
        [[certificate]]
        subject = "CN=press-7,O=Acme"
        name = "press7"
        allow = ["acme/press7/#"]
        "##
    );
    let policy = read(&text).unwrap();
    let with = Placeholders { client_id: "c", user_name: "anna" };
    let anna = policy.users["anna"].book.rules(with).unwrap();
    assert!(anna.allows(Action::Publish, "line/1") && anna.allows(Action::Publish, "anna/out"));
    assert!(
        !anna.allows(Action::Receive, "anna/out") && !anna.allows(Action::Publish, "line/safety/x")
    );
    let root = policy.users["root"].book.rules(with).unwrap();
    assert!(root.allows(Action::Receive, "$SYS/x") && !root.allows(Action::Publish, "$SYS/x"));
    assert!(root.allows(Action::Publish, "noisy/x") && !root.allows(Action::Receive, "noisy/x"));
    assert!(!root.allows(Action::Publish, "secret/x"), "what nobody may, admins may not");
    assert!(policy.users["root"].book.admin && !policy.users["anna"].book.admin);
    assert!(policy.subjects["CN=press-7,O=Acme"].book.is_same_for_all());
    assert!(!policy.anonymous.admin && policy.has_accounts());
    let empty = read("").unwrap();
    assert!(
        empty.anonymous.admin && empty.anonymous.rules(with).is_none() && !empty.has_accounts()
    );
}

#[test]
fn mistakes_name_line_key_and_remedy() {
    check("[[user]]\nname = \"anna\"\npasword = \"x\"", &["access.toml line", "pasword"]);
    check(
        "[[device]]\nname = \"d\"\nsecret_sha256 = \"abc\"",
        &["line 3", "device `d`", "uns device add"],
    );
    let user = format!("[[user]]\nname = \"anna\"\npassword = \"{HASH}\"\n");
    check(&format!("{user}allow = [\"a/#/b\"]"), &["line 4", "`allow` has `a/#/b`", "acme/#"]);
    check(&format!("{user}roles = [\"amdin\"]"), &["line 4", "no role `amdin`"]);
    check(&format!("{user}{user}"), &["line 5", "`anna` exists already"]);
    check(&user.replace("argon2id", "argon2i"), &["line 3", "uns user passwd"]);
    check(&format!("{user}scram = \"GpZ3sK\""), &["line 4", "expected"]);
    check("[[user]]\nname = \"\"\npassword = \"x\"", &["line 2", "1 to 128"]);
    check("[[certificate]]\nname = \"x\"", &["line 2", "common_name"]);
    check("[jwt]\nissuer = \"i\"\naudience = \"a\"\nkey = []", &["jwt.key"]);
    check(
        "[jwt]\nissuer = \"i\"\naudience = \"a\"\n[[jwt.key]]\nalgorithm = \"none\"\nfile = \"x\"",
        &["line 5", "`none`"],
    );
    check(
        "[jwt]\nissuer = \"i\"\naudience = \"a\"\n[[jwt.key]]\nalgorithm = \"ES256\"\nfile = \"x.pem\"",
        &["line 6", "x.pem"],
    );
    check("[[role]]\nname = \"admin\"", &["line 2", "another name"]);
    check("[[user]\n", &["line 1"]);
}

#[test]
fn the_command_line_keeps_what_people_wrote() {
    let directory = std::env::temp_dir().join(format!("uns-access-file-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = AccessFile::of(&directory);
    let random = SeededRandom::new(1);
    let allow = ["acme/#".to_owned()];
    let grants = AccountRights { allow: &allow, ..AccountRights::default() };
    file.add_device("press1", "secret", grants).unwrap();
    let first = std::fs::read_to_string(file.path()).unwrap();
    assert!(
        first.starts_with("# Who may connect") && first.contains(&crate::secret_sha256("secret"))
    );
    std::fs::write(file.path(), format!("{first}\n# by hand\n[deny]\nall = [ \"x\" ]  # kept\n"))
        .unwrap();
    file.add_user("anna", "correct horse battery", AccountRights::default(), &random).unwrap();
    file.set_password("anna", "another horse battery", &random).unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(text.contains("# by hand\n[deny]\nall = [ \"x\" ]  # kept\n"), "{text}");
    let listed = file.list("device").unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].rules.as_str()), ("press1", "allow acme/#"));
    let said = file.add_device("anna", "s", grants).unwrap_err().to_string();
    assert!(said.contains("user `anna` exists already"), "{said}");
    let said = file.remove("device", "press2").unwrap_err().to_string();
    assert!(said.contains("no device `press2`"), "{said}");
    let wrong = ["a/#/b".to_owned()];
    let wrong = file
        .add_device("x", "s", AccountRights { allow: &wrong, ..grants })
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("a/#/b"), "{wrong}");
    file.remove("device", "press1").unwrap();
    assert!(file.list("device").unwrap().is_empty());
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(file.path(), "broken").unwrap();
    file.remove("user", "anna").unwrap_err();
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "broken");
    std::fs::remove_dir_all(directory).unwrap();
}
