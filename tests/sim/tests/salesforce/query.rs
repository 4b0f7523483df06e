//! The subset of SOQL, and the paging of its results.

use crate::common::Reply;
use crate::org::{DATA, Org, encode, refusal, refused};
use jiff::{SignedDuration, Timestamp};
use reeve_sim::Setup;
use reeve_sim::misbehaviour::{Act, Rule, When};
use reeve_sim::salesforce::{Crowd, Options};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread")]
async fn fields_come_with_attributes_and_parents_within() {
    let org = Org::start().await;
    let soql = "select Id, username, IsActive, LastLoginDate, Profile.UserLicense.LicenseDefinitionKey, Profile.Name, \
                UserRole.Name, Manager.Name from User where Username = 'ADA@acme.example'";
    let reply = org.ask(soql).json();
    let id = org.user("ada");
    assert_eq!((id.len(), &id[..3]), (18, "005"));
    let (profile, licence) =
        (org.profile("System Administrator"), org.one("SELECT Id FROM UserLicense WHERE Name = 'Salesforce'"));
    let attributes = |object: &str, id: &str| json!({"type": object, "url": format!("{DATA}/sobjects/{object}/{id}")});
    let expected = json!({
        "totalSize": 1,
        "done": true,
        "records": [{
            "attributes": attributes("User", &id),
            "Id": id,
            "Username": "ada@acme.example",
            "IsActive": true,
            "LastLoginDate": "2026-01-01T10:00:00.000+0000",
            "Profile": {
                "attributes": attributes("Profile", &profile),
                "Name": "System Administrator",
                "UserLicense": {"attributes": attributes("UserLicense", &licence), "LicenseDefinitionKey": "SFDC"},
            },
            "UserRole": null,
            "Manager": null,
        }],
    });
    assert_eq!(reply, expected);
    // A reference to one of several kinds leads to what they share.
    let groups = org
        .rows("SELECT Type, Related.Name FROM Group WHERE RelatedId != null AND Type = 'Role' ORDER BY Related.Name");
    let roles: Vec<_> = groups.iter().map(|group| group["Related"]["Name"].as_str().unwrap()).collect();
    assert_eq!(roles, ["Chief Executive", "Sales Manager", "Sales Representative"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_mean_what_the_language_says() {
    let org = Org::start().await;
    let ben = org.user("ben");
    let names = |condition: &str| {
        let soql = format!("SELECT Alias FROM User WHERE {condition} ORDER BY Alias");
        org.column(&soql).join(" ")
    };
    for (condition, expected) in [
        ("Alias = 'ben'".to_owned(), "ben"),
        ("Alias = 'BEN'".to_owned(), "ben"),
        ("Alias != 'ben' AND IsActive = true AND UserType = 'Standard'".to_owned(), "ada agent cleo dora flo integr"),
        ("IsActive = FALSE".to_owned(), "emil"),
        ("(IsActive = false OR Alias = 'ada') AND EmployeeNumber > '1001'".to_owned(), "emil"),
        ("NOT Username LIKE '%acme.example'".to_owned(), ""),
        ("NOT (IsActive = true)".to_owned(), "emil"),
        ("Alias LIKE '_e%' AND (NOT Alias LIKE 'be%')".to_owned(), ""),
        ("Username LIKE 'C%@acme.%'".to_owned(), "cleo"),
        (r"LastName LIKE 'C\_erk'".to_owned(), ""),
        ("LastName LIKE 'C_erk'".to_owned(), "cleo"),
        (format!("Id = '{ben}'"), "ben"),
        (format!("Id = '{}'", &ben[..15]), "ben"),
        (format!("Id IN ('{ben}', '{}')", org.user("ada")), "ada ben"),
        (format!("Id NOT IN ('{ben}') AND UserRoleId != null"), "dora"),
        ("LastLoginDate >= 2026-01-02T10:30:00+01:00 AND Alias != 'integr'".to_owned(), "ben"),
        ("LastLoginDate < 2026-01-01T00:00:00Z".to_owned(), "emil"),
        ("LastLoginDate = null AND UserRole.Name = 'Sales Manager'".to_owned(), "dora"),
        ("Profile.UserLicense.LicenseDefinitionKey IN ('PID_CHATTER', 'PID_DigitalAgent')".to_owned(), "agent gus"),
        (
            "Id IN (SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Create_Vendors')"
                .to_owned(),
            "ben",
        ),
        ("Id NOT IN (SELECT UserId FROM UserLogin WHERE IsFrozen = false) AND IsActive = true".to_owned(), "flo"),
    ] {
        assert_eq!(names(&condition), expected, "{condition}");
    }
    assert_eq!(
        org.column("SELECT TotalLicenses FROM UserLicense WHERE TotalLicenses < 20.5 AND TotalLicenses >= 20"),
        ["20"]
    );
    let quoted = org.rows(r"SELECT Id FROM User WHERE LastName = 'O\'Neill\\'");
    assert!(quoted.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_finds_what_a_look_at_each_record_finds() {
    let org = Org::start().await;
    let (ben, cleo) = (org.user("ben"), org.user("cleo"));
    let change = json!({"ProfileId": org.profile("Minimum Access - Salesforce"), "Username": "benjamin@acme.example"});
    assert_eq!(org.patch("User", &ben, &change).status, 204);
    let queue = org.one("SELECT Id FROM Group WHERE Type = 'Queue'");
    let member = org.one(&format!("SELECT Id FROM GroupMember WHERE GroupId = '{queue}'"));
    assert_eq!(org.delete("GroupMember", &member).status, 204);
    for (object, field, values, expected) in [
        ("PermissionSetAssignment", "AssigneeId", vec![&ben], 3),
        ("PermissionSetAssignment", "AssigneeId", vec![&ben, &cleo], 5),
        ("GroupMember", "UserOrGroupId", vec![&ben], 1),
        ("GroupMember", "GroupId", vec![&queue], 0),
        ("UserLogin", "UserId", vec![&cleo], 1),
        ("AuthSession", "UsersId", vec![&ben, &cleo], 3),
        ("User", "Id", vec![&ben, &queue], 1),
        ("User", "Username", vec![&"BENJAMIN@acme.example".to_owned(), &"ben@acme.example".to_owned()], 1),
    ] {
        let list = values.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(", ");
        let by_index = org.column(&format!("SELECT Id FROM {object} WHERE {field} IN ({list})"));
        assert_eq!(by_index, org.column(&format!("SELECT Id FROM {object} WHERE NOT {field} NOT IN ({list})")));
        assert_eq!(by_index.len(), expected, "{object} {field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_the_order_and_number_that_were_asked_for() {
    let org = Org::start().await;
    let roles = |tail: &str| {
        org.column(&format!("SELECT Alias FROM User WHERE Alias IN ('ben', 'dora', 'cleo') {tail}")).join(" ")
    };
    assert_eq!(roles("ORDER BY UserRole.Name, Alias"), "cleo dora ben");
    assert_eq!(roles("ORDER BY UserRole.Name DESC NULLS LAST"), "ben dora cleo");
    assert_eq!(roles("ORDER BY Alias ASC NULLS FIRST LIMIT 1 OFFSET 1"), "cleo");
    let counted = org.ask("SELECT COUNT() FROM User WHERE IsActive = true").json();
    assert_eq!(counted, json!({"totalSize": 8, "done": true, "records": []}));
    assert_eq!(org.ask("SELECT COUNT() FROM User LIMIT 3").json()["totalSize"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_wrong_is_refused_by_what_is_wrong_with_it() {
    let org = Org::start().await;
    for (soql, status, code) in [
        ("", 400, "MALFORMED_QUERY"),
        ("SELECT Id FORM User", 400, "MALFORMED_QUERY"),
        ("SELECT FROM User", 400, "MALFORMED_QUERY"),
        ("SELECT * FROM User", 400, "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM User", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Alias = 'a' AND Alias = 'b' OR Alias = 'c'", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Alias = 'open", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM User WHERE Alias = \"a\"", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM User LIMIT x", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM User; DELETE", 400, "MALFORMED_QUERY"),
        ("SELECT COUNT(), Id FROM User", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM Person", 400, "INVALID_TYPE"),
        ("SELECT Ids FROM User", 400, "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Ids = 'x'", 400, "INVALID_FIELD"),
        ("SELECT CreatedDate FROM GroupMember", 400, "INVALID_FIELD"),
        ("SELECT Boss.Name FROM User", 400, "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE IsActive = 'true'", 400, "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE LastLoginDate > '2026-01-01'", 400, "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Alias = 5", 400, "INVALID_FIELD"),
        ("SELECT Id FROM User WHERE Id = 'ben'", 400, "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM User OFFSET 2001", 400, "NUMBER_OUTSIDE_VALID_RANGE"),
        // The real service has these.
        ("SELECT Id, (SELECT Id FROM Groups) FROM User", 501, "STAND_IN_LACKS_THIS"),
        ("SELECT COUNT(Id) FROM User GROUP BY ProfileId", 501, "STAND_IN_LACKS_THIS"),
        ("SELECT Id FROM User WHERE CreatedDate = LAST_N_DAYS:3", 501, "STAND_IN_LACKS_THIS"),
    ] {
        assert_eq!(refusal(&org.ask(soql)), refused(status, code), "{soql}");
    }
}

/// Follows a listing to its end, or until it has seen as many pages as are allowed.
fn follow(org: &Org, soql: &str, hint: Option<&str>, pages_max: usize) -> (Vec<Value>, Vec<Value>) {
    let (mut path, mut pages, mut rows) = (format!("{DATA}/query?q={}", encode(soql)), Vec::new(), Vec::new());
    let headers: Vec<_> = hint.map(|hint| ("sforce-query-options", hint)).into_iter().collect();
    while pages.len() < pages_max {
        let page = org.send_as(&org.token, "GET", &path, b"", &headers).json();
        rows.extend(page["records"].as_array().unwrap().iter().map(|row| row["Alias"].clone()));
        let next = page["nextRecordsUrl"].as_str().map(str::to_owned);
        assert_eq!(page["done"], next.is_none());
        pages.push(page);
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    (pages, rows)
}

fn distinct(rows: &[Value]) -> usize {
    let mut texts: Vec<_> = rows.iter().map(|row| row.as_str().unwrap()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_comes_in_pages_whose_size_is_only_hinted_at() {
    let crowd = Crowd { users: 4_100, assignments: 0 };
    let org = Org::with(Options { crowd, ..Options::default() }).await;
    let soql = "SELECT Alias FROM User ORDER BY Username";
    for (hint, sizes) in [
        (None, vec![2_000, 2_000, 109]),
        (Some("batchSize=1500"), vec![1_500, 1_500, 1_109]),
        (Some("batchSize=9000"), vec![2_000, 2_000, 109]),
        // No fewer than 200 can be asked for.
        (Some("batchSize=7"), [vec![200; 20], vec![109]].concat()),
    ] {
        let (pages, rows) = follow(&org, soql, hint, 50);
        let found: Vec<_> = pages.iter().map(|page| page["records"].as_array().unwrap().len()).collect();
        assert_eq!(found, sizes, "{hint:?}");
        assert!(pages.iter().all(|page| page["totalSize"] == 4_109));
        assert_eq!(distinct(&rows), 4_109);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_repeat_go_in_circles_are_empty_and_lie_on_demand() {
    let options = Options { page_rows_max: 4, ..Options::default() };
    let org = Org::with(options).await;
    let soql = "SELECT Alias FROM User ORDER BY Alias";
    let sizes =
        |pages: &[Value]| pages.iter().map(|page| page["records"].as_array().unwrap().len()).collect::<Vec<_>>();
    let (pages, honest) = follow(&org, soql, None, 9);
    assert_eq!(sizes(&pages), [4, 4, 1]);

    org.misbehave(Rule::new(Act::RepeatPage).on("GET", "/services/data/*/query/*"));
    let (pages, rows) = follow(&org, soql, None, 9);
    assert_eq!((sizes(&pages), rows[..4] == rows[4..8]), (vec![4, 4, 4], true));

    org.misbehave(Rule::new(Act::LoopPages));
    let (pages, rows) = follow(&org, soql, None, 9);
    assert_eq!((pages.len(), rows[..9] == rows[9..18]), (9, true));

    org.misbehave(Rule::new(Act::EmptyPage).on("GET", "/services/data/*/query/*").when(When::First(1)));
    let (pages, _) = follow(&org, soql, None, 9);
    assert_eq!(sizes(&pages), [4, 0, 1]);

    org.misbehave(Rule::new(Act::LieAboutTotal { by: -2 }));
    let (pages, rows) = follow(&org, soql, None, 9);
    assert_eq!((&pages[0]["totalSize"], &rows), (&json!(7), &honest));

    org.misbehave(Rule::new(Act::IgnoreFilters));
    assert_eq!(follow(&org, "SELECT Alias FROM User WHERE Alias = 'ben'", None, 9).1.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locator_is_good_for_two_days_for_its_user_and_until_ten_newer_ones() {
    let start: Timestamp = Timestamp::now();
    let time = Arc::new(Mutex::new(start));
    let clock: reeve_sim::Clock = {
        let time = time.clone();
        Arc::new(move || *time.lock().unwrap())
    };
    let options = Options { page_rows_max: 4, clock: clock.clone(), ..Options::default() };
    let mut org = Org::with_setup(options, Setup { clock, ..Setup::default() }).await;
    let open = |org: &Org| org.ask("SELECT Id FROM User").json()["nextRecordsUrl"].as_str().unwrap().to_owned();
    let more = |org: &Org, path: &str| -> Reply { org.send_as(&org.token, "GET", path, b"", &[]) };
    let invalid = refused(400, "INVALID_QUERY_LOCATOR");

    let first = open(&org);
    assert!(first.starts_with(&format!("{DATA}/query/0r8")), "{first}");
    assert_eq!(more(&org, &first).status, 200);
    assert_eq!(refusal(&more(&org, &first.replace("-4", "-400"))), invalid);
    assert_eq!(refusal(&more(&org, &format!("{DATA}/query/nonsense"))), invalid);
    let ada = org.log_in("ada@acme.example");
    assert_eq!(refusal(&org.send_as(&ada, "GET", &first, b"", &[])), invalid);

    for _ in 0..9 {
        open(&org);
    }
    assert_eq!(more(&org, &first).status, 200);
    let last = open(&org);
    assert_eq!(refusal(&more(&org, &first)), invalid);

    *time.lock().unwrap() = start + SignedDuration::from_hours(49);
    // The session has ended meanwhile, too.
    assert_eq!(refusal(&more(&org, &last)), refused(401, "INVALID_SESSION_ID"));
    let mut claims = crate::org::claims(crate::org::INTEGRATION);
    claims["exp"] = ((start + SignedDuration::from_hours(49)).as_second() + 60).into();
    org.token = org.ask_token(&claims).json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(refusal(&more(&org, &last)), invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_its_headers_have_a_limit() {
    let org = Org::start().await;
    let ids = |count: usize| vec!["'005Ak0000000001'"; count].join(",");
    assert_eq!(org.ask(&format!("SELECT Id FROM User WHERE Id IN ({})", ids(200))).status, 200);
    assert_eq!(org.ask(&format!("SELECT Id FROM User WHERE Id IN ({})", ids(2_000))).status, 414);
    let filler = "x".repeat(16_384);
    let reply =
        org.send_as(&org.token, "GET", &format!("{DATA}/query?q=SELECT+Id+FROM+User"), b"", &[("x-filler", &filler)]);
    assert_eq!(reply.status, 431);
}
