//! People as HR's file tells of them.

/// The titles of HR's file, as `tests/demo` has them too.
const TITLES: &str =
    "Employee ID;Type;Status;First name;Last name;Email;Department;Title;Location;Start date;End date;Time zone";

#[derive(Clone, Debug)]
pub struct Person {
    pub number: u32,
    pub kind: &'static str,
    pub status: &'static str,
    pub given: String,
    pub family: String,
    pub department: &'static str,
    pub title: &'static str,
    pub end: String,
}

impl Person {
    pub fn new(number: u32, given: &str, family: &str, department: &'static str) -> Self {
        Self {
            number,
            kind: "Employee",
            status: "Active",
            given: given.to_owned(),
            family: family.to_owned(),
            department,
            title: "Clerk",
            end: String::new(),
        }
    }

    /// What the directory calls the person.
    pub fn login(&self) -> String {
        format!("{}.{}", self.given, self.family).to_lowercase()
    }

    /// What the workspace calls the person.
    pub fn email(&self) -> String {
        format!("{}@example.com", self.login())
    }

    /// With another department and title.
    #[must_use]
    pub fn moved(mut self, department: &'static str, title: &'static str) -> Self {
        (self.department, self.title) = (department, title);
        self
    }

    /// HR ended it, a while ago.
    #[must_use]
    pub fn left(mut self) -> Self {
        (self.status, self.end) = ("Terminated", "2026-01-31".to_owned());
        self
    }

    fn row(&self) -> String {
        format!(
            "{};{};{};{};{};{};{};{};Lisbon;2020-03-01;{};Europe/Lisbon",
            self.number,
            self.kind,
            self.status,
            self.given,
            self.family,
            self.email(),
            self.department,
            self.title,
            self.end
        )
    }
}

/// Some people of one department, with names that nobody else has.
pub fn crowd(count: u32, department: &'static str) -> Vec<Person> {
    (1..=count).map(|number| Person::new(5000 + number, "Robin", &format!("Crowd{number:02}"), department)).collect()
}

pub fn csv(people: &[Person]) -> String {
    let rows = people.iter().map(|person| format!("{}\r\n", person.row()));
    format!("{TITLES}\r\n{}", rows.collect::<String>())
}
