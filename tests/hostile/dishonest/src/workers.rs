//! Workers from a file, one name a line.

use crate::Dishonest;
use reeve_sdk::prelude::*;
use reeve_sdk::{Worker, WorkerKind, WorkerStatus, files};

const FOLDER: &str = "folder";

impl Workforce for Dishonest {
    fn list_workers(&self, page: PageRequest) -> Result<Page<Worker>, Failure> {
        let (version, from): (Option<String>, usize) = page.cursor()?.unwrap_or((None, 0));
        let listed = files::list(FOLDER)?;
        let mut file = listed.into_iter().next().ok_or_else(|| Failure::not_found("the folder is empty"))?;
        if let Some(version) = version {
            file.version = version;
        }
        let length = u32::try_from(file.size).unwrap_or(u32::MAX);
        let bytes = match files::read(FOLDER, &file, 0, length) {
            Err(Failure::CursorExpired) if self.has("changed-is-the-end") => return Ok(Page::last(vec![])),
            other => other?,
        };
        let text = String::from_utf8(bytes).map_err(|_| Failure::protocol("the file is not UTF-8"))?;
        let names: Vec<_> = text.lines().collect();
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let items: Vec<_> = names.iter().skip(from).take(size).map(|name| worker(name)).collect();
        let next = from.saturating_add(items.len());
        if next < names.len() { Page::more(items, &(Some(file.version), next)) } else { Ok(Page::last(items)) }
    }
}

fn worker(name: &str) -> Worker {
    Worker {
        id: name.to_lowercase(),
        person_key: None,
        kind: WorkerKind::Employee,
        status: WorkerStatus::Active,
        given_name: name.to_owned(),
        family_name: "Member".into(),
        email: None,
        department: None,
        title: None,
        location: None,
        manager: None,
        start_at: None,
        end_at: None,
        time_zone: None,
        attributes: vec![],
    }
}
