//! The stand-in keeps to RFC 7643 and RFC 7644 while it is not told otherwise.

mod common;

use common::{Sim, names, patch, send, user};
use reeve_sim::scim::{Dialect, Options, Paging, Scim};
use reeve_sim::{Setup, StandIn};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_created_found_disabled_and_deleted() {
    let sim = Sim::start().await;
    let reply = sim.send("POST", "/Users", &user("ann"));
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("content-type"), Some("application/scim+json"));
    let created = reply.json();
    let id = created["id"].as_str().unwrap();
    assert_eq!(reply.header("location"), Some(format!("{}/Users/{id}", sim.stand_in.url()).as_str()));
    assert_eq!(reply.header("location"), created["meta"]["location"].as_str());

    let found = sim.get("/Users?filter=userName%20eq%20%22ANN%22").json();
    assert_eq!(found["totalResults"], 1);
    assert_eq!(found["Resources"][0], created);

    let disable = json!([{"op": "replace", "path": "active", "value": false}]);
    let disabled = sim.patch(&format!("/Users/{id}"), &disable);
    assert_eq!((disabled.status, &disabled.json()["active"]), (200, &json!(false)));
    assert_eq!(sim.get(&format!("/Users/{id}")).json()["active"], false);

    assert_eq!(sim.delete(&format!("/Users/{id}")).status, 204);
    let gone = sim.get(&format!("/Users/{id}"));
    assert_eq!((gone.status, &gone.json()["status"]), (404, &json!("404")));
    assert_eq!(sim.delete(&format!("/Users/{id}")).status, 404);
    assert_eq!(sim.done(), ["created ann", "changed ann", "deleted ann"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_name_is_given_once() {
    let sim = Sim::start().await;
    let ann = sim.user("ann");
    let bob = sim.user("Bob");
    for again in ["Ann", "bob"] {
        let again = sim.send("POST", "/Users", &user(again));
        assert_eq!((again.status, &again.json()["scimType"]), (409, &json!("uniqueness")));
    }
    let renamed = sim.patch(&format!("/Users/{bob}"), &json!([{"op": "replace", "path": "userName", "value": "ann"}]));
    assert_eq!(renamed.status, 409);
    assert_eq!(sim.send("PUT", &format!("/Users/{ann}"), &user("ann")).status, 200);
    assert_eq!(sim.done(), ["created ann", "created Bob"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_enters_without_the_token() {
    let sim = Sim::with(Options { token: Some("sesame".to_owned()), ..Options::default() }).await;
    let status =
        |headers: &[(&str, &str)]| send(sim.stand_in.address(), "GET", "/scim/v2/Users", headers, b"").unwrap().status;
    assert_eq!(status(&[]), 401);
    assert_eq!(status(&[("authorization", "Bearer sesam")]), 401);
    assert_eq!(status(&[("authorization", "Basic sesame")]), 401);
    assert_eq!(status(&[("authorization", "bearer sesame")]), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go_and_users_know_their_groups() {
    let sim = Sim::start().await;
    let (ann, bob, staff) = (sim.user("ann"), sim.user("bob"), sim.group("staff"));
    let group = format!("/Groups/{staff}");
    let members = || -> Vec<String> {
        let read = sim.get(&group).json();
        let all = read["members"].as_array().cloned().unwrap_or_default();
        all.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
    };
    let add = json!([{"op": "Add", "path": "members", "value": [{"value": ann}, {"value": bob}, {"value": ann}]}]);
    assert_eq!(sim.patch(&group, &add).status, 400, "one member twice");
    let add = json!([{"op": "Add", "path": "members", "value": [{"value": ann}, {"value": bob}]}]);
    assert_eq!(sim.patch(&group, &add).status, 200);
    assert_eq!(sim.patch(&group, &add).status, 200);
    assert_eq!(members(), [ann.as_str(), bob.as_str()]);
    let read = sim.get(&format!("/Users/{ann}")).json();
    assert_eq!((&read["groups"][0]["value"], &read["groups"][0]["display"]), (&json!(staff), &json!("staff")));
    assert_eq!(names(&sim.get(&format!("/Groups?filter=members.value%20eq%20%22{bob}%22")).json()), ["staff"]);

    let by_filter = json!([{"op": "remove", "path": format!("members[value eq \"{ann}\"]")}]);
    assert_eq!(sim.patch(&group, &by_filter).status, 200);
    assert_eq!(members(), [bob.as_str()]);
    let by_value = json!([{"op": "Remove", "path": "members", "value": [{"value": bob}]}]);
    assert_eq!(sim.patch(&group, &by_value).status, 200);
    assert!(members().is_empty());
    let stranger = json!([{"op": "add", "path": "members", "value": [{"value": "nobody"}]}]);
    assert_eq!(sim.patch(&group, &stranger).json()["scimType"], "invalidValue");

    sim.patch(&group, &json!([{"op": "add", "path": "members", "value": {"value": ann}}]));
    assert_eq!(sim.delete(&format!("/Users/{ann}")).status, 204);
    assert!(members().is_empty());
    let entries = sim.stand_in.ledger().entries();
    let last: Vec<_> = entries.iter().rev().take(2).map(|entry| (entry.resource.clone(), &entry.changed)).collect();
    assert_eq!(last[0].0, format!("User/{ann}"));
    assert_eq!(
        last[1],
        (format!("Group/{staff}"), json!({"members": {"added": [], "removed": [{"value": ann}]}}).as_object().unwrap())
    );
    // Created three, added twice (one of them in vain), removed twice, added once, deleted one.
    assert_eq!(entries.len(), 3 + 1 + 2 + 1 + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_what_they_say() {
    let sim = Sim::start().await;
    for (name, active, department) in [("ann", true, "Finance"), ("bob", false, "Finance"), ("cid", true, "Sales")] {
        let mut one = user(name);
        one["active"] = active.into();
        one["externalId"] = format!("E-{name}").into();
        one["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = json!({"department": department});
        assert_eq!(sim.send("POST", "/Users", &one).status, 201);
    }
    let search = |filter: &str| {
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
        sim.send("POST", "/Users/.search", &search)
    };
    for (filter, expected) in [
        (r#"userName eq "bob""#, "bob"),
        (r#"USERNAME Eq "BOB""#, "bob"),
        (r#"externalId eq "E-ann""#, "ann"),
        (r#"externalId eq "e-ann""#, ""),
        (r#"emails.value eq "cid@example.com""#, "cid"),
        (r#"emails eq "cid@example.com""#, "cid"),
        (r#"emails[type eq "work" and value sw "a"]"#, "ann"),
        (r#"emails[type eq "home"]"#, ""),
        ("active eq true", "ann cid"),
        (r#"active eq true and userName eq "bob""#, ""),
        (
            r#"active eq true and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "finance""#,
            "ann",
        ),
        (r#"userName eq "ann" or userName eq "bob" and active eq true"#, "ann"),
        (r#"(userName eq "ann" or userName eq "bob") and not (active eq true)"#, "bob"),
        (r#"userName gt "ann""#, "bob cid"),
        ("displayName pr", ""),
        (r#"displayName ne "x""#, "ann bob cid"),
        (r#"userName co "\"""#, ""),
    ] {
        assert_eq!(names(&search(filter).json()).join(" "), expected, "{filter}");
    }
    let deep = format!("{}active eq true{}", "(".repeat(100), ")".repeat(100));
    for filter in
        ["userName", "userName eq", "userName is \"x\"", "shoeSize eq 43", "active eq true and", deep.as_str()]
    {
        let reply = search(filter);
        assert_eq!((reply.status, &reply.json()["scimType"]), (400, &json!("invalidFilter")), "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let sim = Sim::with(Options { dialect: Dialect { page_max: 4, ..Dialect::default() }, ..Options::default() }).await;
    let ids: Vec<_> = (0..10).map(|n| sim.user(&format!("user{n}"))).collect();
    let page = |query: &str| sim.get(&format!("/Users?{query}")).json();
    let first = page("");
    assert_eq!(
        (&first["totalResults"], &first["itemsPerPage"], &first["startIndex"]),
        (&json!(10), &json!(4), &json!(1))
    );
    assert_eq!(names(&page("startIndex=9&count=100")), ["user8", "user9"]);
    assert_eq!(names(&page("startIndex=2&count=100")), ["user1", "user2", "user3", "user4"]);
    assert_eq!(names(&page("startIndex=0&count=2")), ["user0", "user1"]);
    assert!(names(&page("startIndex=11")).is_empty());
    assert!(names(&page("count=-1")).is_empty());

    // A cursor loses nobody when others go meanwhile.
    let first = page("cursor&count=4");
    assert_eq!(first.get("startIndex"), None);
    sim.delete(&format!("/Users/{}", ids[1]));
    let mut seen = names(&first);
    let mut next = first["nextCursor"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        let page = page(&format!("cursor={cursor}&count=4"));
        seen.extend(names(&page));
        next = page["nextCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, (0..10).map(|n| format!("user{n}")).collect::<Vec<_>>());
    assert_eq!(page("cursor=elsewhere")["scimType"], "invalidCursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_chooses_what_it_is_sent() {
    let sim = Sim::start().await;
    let id = sim.user("ann");
    let read = sim.get(&format!("/Users/{id}?attributes=userName,emails.value")).json();
    assert_eq!(
        read,
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": id,
            "userName": "ann",
            "emails": [{"value": "ann@example.com"}],
        })
    );
    let read = sim.get(&format!("/Users/{id}?excludedAttributes=emails.type,emails.primary")).json();
    assert_eq!(read["emails"], json!([{"value": "ann@example.com"}]));
    let read = sim.get("/Users?excludedAttributes=emails,meta,id").json();
    let mut names: Vec<_> = read["Resources"][0].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["active", "id", "schemas", "userName"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_an_old_version_is_refused() {
    let sim = Sim::start().await;
    let path = format!("/scim/v2/Users/{}", sim.user("ann"));
    let disable = patch(&json!([{"op": "replace", "path": "active", "value": false}])).to_string();
    let change = |method: &str, tag: &str| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        send(sim.stand_in.address(), method, &path, &headers, disable.as_bytes()).unwrap().status
    };
    assert_eq!(change("PATCH", "W/\"7\""), 412);
    assert_eq!(change("DELETE", "W/\"7\""), 412);
    assert_eq!(change("PATCH", "W/\"7\", W/\"1\""), 200);
    assert_eq!(change("PATCH", "W/\"1\""), 412);
    let known = send(sim.stand_in.address(), "GET", &path, &[("if-none-match", "W/\"2\"")], b"").unwrap();
    assert_eq!((known.status, known.header("etag")), (304, Some("W/\"2\"")));
    assert_eq!(sim.done(), ["created ann", "changed ann"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_holds_as_a_whole_or_not_at_all() {
    let sim = Sim::start().await;
    let path = format!("/Users/{}", sim.user("ann"));
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    for (operation, pointer, expected) in [
        (json!({"op": "add", "path": "name.familyName", "value": "Oak"}), "/name", json!({"familyName": "Oak"})),
        (json!({"op": "replace", "value": {"name": {"givenName": "Ann"}}}), "/name/familyName", json!("Oak")),
        (json!({"op": "replace", "value": {"name.givenName": "Anna"}}), "/name/givenName", json!("Anna")),
        (json!({"op": "remove", "path": "name"}), "/name", Value::Null),
        (json!({"op": "add", "path": format!("{urn}:department"), "value": "Sales"}), "/schemas/1", json!(urn)),
        (json!({"op": "remove", "path": format!("{urn}:department")}), "/schemas/1", Value::Null),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "a@example.com", "primary": true}]}),
            "/emails/0/primary",
            Value::Null,
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "w@example.com"}),
            "/emails/0/value",
            json!("w@example.com"),
        ),
        (
            json!({"op": "remove", "path": "emails[value eq \"w@example.com\"]"}),
            "/emails/0/value",
            json!("a@example.com"),
        ),
        (json!({"op": "replace", "path": "emails", "value": []}), "/emails", Value::Null),
        (json!({"op": "replace", "value": {"active": false, "shoeSize": 43, "id": "x"}}), "/active", json!(false)),
    ] {
        let reply = sim.patch(&path, &json!([operation]));
        assert_eq!(reply.status, 200, "{operation}: {}", String::from_utf8_lossy(&reply.body));
        assert_eq!(reply.json().pointer(pointer).unwrap_or(&Value::Null), &expected, "{operation}");
    }
    let before = sim.get(&path).json();
    for (operation, code) in [
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}), "mutability"),
        (json!({"op": "replace", "path": "shoeSize", "value": 43}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[", "value": 43}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x"}), "noTarget"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "remove", "path": "userName"}), "invalidValue"),
        (json!({"op": "replace", "path": "active", "value": "False"}), "invalidValue"),
        (json!({"op": "toggle", "path": "active"}), "invalidSyntax"),
    ] {
        let reply = sim.patch(&path, &json!([{"op": "replace", "path": "title", "value": "CFO"}, operation]));
        assert_eq!((reply.status, &reply.json()["scimType"]), (400, &json!(code)), "{operation}");
    }
    assert_eq!(sim.get(&path).json(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_scim_is_refused() {
    let sim = Sim::start().await;
    let urn = "urn:ietf:params:scim:schemas:core:2.0:User";
    for (body, status, code) in [
        ("{\"userName\":", 400, json!("invalidSyntax")),
        ("[]", 400, json!("invalidSyntax")),
        ("{\"userName\": \"ann\"}", 400, json!("invalidValue")),
        (&format!("{{\"schemas\": [\"{urn}\"]}}"), 400, json!("invalidValue")),
        (&format!("{{\"schemas\": [\"{urn}\"], \"userName\": 5}}"), 400, json!("invalidValue")),
        (&format!("{{\"schemas\": [\"{urn}\"], \"userName\": \"a\", \"emails\": \"b\"}}"), 400, json!("invalidValue")),
        (&"x".repeat(1024 * 1024 + 1), 413, Value::Null),
    ] {
        let headers = [("content-type", "application/scim+json")];
        let reply = send(sim.stand_in.address(), "POST", "/scim/v2/Users", &headers, body.as_bytes()).unwrap();
        assert_eq!((reply.status, &reply.json()["scimType"]), (status, &code), "{:.90}", body);
    }
    let text =
        send(sim.stand_in.address(), "POST", "/scim/v2/Users", &[("content-type", "text/plain")], b"{}").unwrap();
    assert_eq!(text.status, 415);
    for (method, path, status) in
        [("DELETE", "/Users", 405), ("POST", "/Users/x", 405), ("GET", "/Shoes", 404), ("GET", "/Users/%00", 404)]
    {
        assert_eq!(sim.try_send(method, path, None).unwrap().status, status, "{method} {path}");
    }
    assert!(sim.done().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialect_is_announced_and_kept_to() {
    let dialect = Dialect {
        patch: false,
        patch_answers_resource: true,
        filter: false,
        etag: false,
        paging: Paging::Cursor,
        page_max: 1,
    };
    let sim = Sim::with(Options { dialect, ..Options::default() }).await;
    let config = sim.get("/ServiceProviderConfig").json();
    let said = |pointer: &str| config.pointer(pointer).unwrap().clone();
    assert_eq!([said("/patch/supported"), said("/filter/supported"), said("/etag/supported")], [false, false, false]);
    assert_eq!([said("/pagination/cursor"), said("/pagination/index")], [true, false]);
    let path = format!("/Users/{}", sim.user("ann"));
    sim.user("bob");
    assert_eq!(sim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}])).status, 501);
    assert_eq!(sim.get("/Users?filter=userName%20eq%20%22ann%22").json()["scimType"], "invalidFilter");
    assert_eq!(sim.get(&path).header("etag"), None);
    assert!(sim.get("/Users?startIndex=2").json()["nextCursor"].is_string());

    let dialect = Dialect { patch_answers_resource: false, ..Dialect::default() };
    let sim = Sim::with(Options { dialect, ..Options::default() }).await;
    let path = format!("/Users/{}", sim.user("ann"));
    let reply = sim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}]));
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    assert_eq!(sim.get(&path).json()["active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_outlive_the_process_and_passwords_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (state, ledger) = (folder.path().join("state"), folder.path().join("ledger"));
    let start = async || {
        let seed_groups = vec!["staff".to_owned()];
        let target = Scim::new(Options { state: Some(state.clone()), seed_groups, ..Options::default() }).unwrap();
        let setup = Setup { ledger: Some(ledger.clone()), ..Setup::default() };
        Sim { stand_in: StandIn::start(target, setup).await.unwrap() }
    };
    let sim = start().await;
    let mut ann = user("ann");
    ann["password"] = "correct horse".into();
    let created = sim.send("POST", "/Users", &ann);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let bob = sim.user("bob");
    sim.patch(&format!("/Users/{id}"), &json!([{"op": "replace", "path": "password", "value": "battery staple"}]));
    sim.delete(&format!("/Users/{bob}"));
    let before = sim.get(&format!("/Users/{id}?excludedAttributes=meta")).json();
    sim.stand_in.stop().await;

    // What a crash tears off was never answered.
    let torn = std::fs::read_to_string(&state).unwrap() + "{\"kind\":\"User\",\"ord";
    std::fs::write(&state, torn).unwrap();
    let sim = start().await;
    assert_eq!(sim.get(&format!("/Users/{id}?excludedAttributes=meta")).json(), before);
    assert_eq!(names(&sim.get("/Groups").json()), ["staff"]);
    let staff = sim.get("/Groups").json()["Resources"][0]["id"].as_str().unwrap().to_owned();
    assert!(![id.clone(), bob, staff].contains(&sim.user("bob")), "an id comes once");
    let seqs: Vec<_> = sim.stand_in.ledger().entries().iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    assert_eq!(sim.done(), ["created ann", "created bob", "deleted bob", "created bob"]);
    sim.stand_in.stop().await;
    let sim = start().await;
    assert_eq!(names(&sim.get("/Users").json()), ["ann", "bob"]);
    for file in [&state, &ledger] {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("horse") && !text.contains("staple"), "{text}");
    }
    assert!(!String::from_utf8(created.body).unwrap().contains("horse"));
}
