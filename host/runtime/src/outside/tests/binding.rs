use super::*;

const THREE_KINDS: &str = r#"
id = "crm"
version = "0.1.0"
contract = "0.1.0"
name = "CRM"
summary = "A sample."
exports = ["descriptor", "reader"]

[[connection]]
name = "api"
kind = "http"
purpose = "Reads users."
methods = ["GET"]
paths = ["/Users"]
auth = ["bearer"]

[[connection]]
name = "directory"
kind = "ldap"
purpose = "Reads groups."
operations = ["search"]
auth = ["simple-bind"]

[[connection]]
name = "drop"
kind = "files"
purpose = "Reads exports."
"#;

fn faults(connections: &str) -> Vec<String> {
    World::new().bind_to(THREE_KINDS, connections, Patience::default()).unwrap_err()
}

#[test]
fn what_is_missing_too_much_or_of_another_kind_is_said_all_at_once() {
    let faults = faults(
        "[connections.api]\nkind = \"files\"\nfolder = \"/srv\"\n\
         [connections.extra]\nkind = \"files\"\nfolder = \"/srv\"\n\
         [connections.directory]\nkind = \"ldap\"\nurl = \"ldaps://example.com\"\nbase = \"dc=example\"\n",
    );
    let expected = [
        ("`extra`", "asks for no such connection; remove [connections.extra]"),
        ("`api`", "its kind is \"files\", and the plugin asks for \"http\""),
        ("`directory`", "can't live with the auth scheme \"none\"; it takes: \"simple-bind\""),
        ("`drop`", "it is missing (Reads exports.); add [connections.drop] with kind = \"files\""),
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:?}");
    for (fault, (name, why)) in faults.iter().zip(expected) {
        assert!(fault.contains(name) && fault.contains(why), "{fault}");
    }
}

#[test]
fn a_directory_needs_tls_a_base_and_a_name_to_sign_in_with() {
    for (url, base, more, why) in [
        ("ldap://example.com", "dc=example", "", "without TLS"),
        ("ldap://10.0.0.1", "dc=example", "private-addresses = true", "another machine"),
        ("ldap://169.254.169.254", "dc=example", "start-tls = true\nprivate-addresses = true", "metadata"),
        ("ldaps://127.0.0.1", "dc=example", "", "private-addresses"),
        // No address to a URL of this kind, and one to the resolver.
        ("ldaps://0x7f000001", "dc=example", "", "no certificate can name"),
        ("ldaps://example.com", "dc=example", "start-tls = true", "`start-tls`"),
        ("https://example.com", "dc=example", "", "ldaps://"),
        ("ldaps://user@example.com", "dc=example", "", "host and a port only"),
        ("ldaps://example.com/dc=example", "dc=example", "", "host and a port only"),
        ("ldaps://example.com", "", "", "`base"),
        ("ldaps://example.com", "dc=a;dc=b", "", "`base"),
    ] {
        let text = format!(
            "[connections.directory]\nkind = \"ldap\"\nurl = \"{url}\"\nbase = \"{base}\"\n{more}\n\
             [connections.directory.auth]\nscheme = \"simple-bind\"\nbind-dn = \"cn=reeve\""
        );
        let faults = faults(&text);
        assert!(faults.iter().any(|fault| fault.contains("`directory`") && fault.contains(why)), "{url}: {faults:?}");
    }
}

#[test]
fn credentials_travel_in_headers_that_can_carry_them() {
    let bind = |auth: &str| {
        let text = format!("base-url = \"https://example.com\"\n[connections.api.auth]\n{auth}");
        World::new().bind(&text)
    };
    for auth in [
        "scheme = \"header\"\nname = \"Host\"",
        "scheme = \"header\"\nname = \"Content-Length\"",
        "scheme = \"header\"\nname = \"a b\"",
        "scheme = \"header\"\nname = \"x-key\"\nprefix = \"a\\nb\"",
        "scheme = \"basic\"\nuser = \"a:b\"",
    ] {
        assert_eq!(bind(auth).expect_err(auth).len(), 1, "{auth}");
    }
    assert!(bind("scheme = \"header\"\nname = \"X-Key\"").is_ok());
}

#[test]
fn a_file_of_authorities_must_be_there_and_hold_some() {
    let folder = Folder::new();
    let bind = |path: &std::path::Path| {
        let text = format!("base-url = \"https://example.com\"\ntls-roots = \"{}\"", path.display());
        World::new().bind(&text).unwrap_err().join("; ")
    };
    assert!(bind(&folder.path("missing.pem")).contains("`tls-roots`"));
    std::fs::write(folder.path("empty.pem"), "nothing").unwrap();
    assert!(bind(&folder.path("empty.pem")).contains("no certificate"));
}
