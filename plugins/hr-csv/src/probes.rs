//! What `check` tries, in the order in which a listing would stumble: the folder, the file, its header, its first rows.
//! After the first failure there is nothing more to try.

use crate::folder::{self, FOLDER};
use crate::header::Role;
use crate::listing;
use crate::settings::Settings;
use crate::sheet::Sheet;
use reeve_sdk::files;
use reeve_sdk::{Failure, PageRequest, Probe};

/// Rows that are tried.
const ROWS: u32 = 100;

pub fn all(settings: &Settings) -> Vec<Probe> {
    let mut probes = Vec::new();
    if let Err((name, failure)) = each(settings, &mut probes) {
        probes.push(Probe::failed(name, sentence(&failure)));
    }
    probes
}

fn each(settings: &Settings, probes: &mut Vec<Probe>) -> Result<(), (&'static str, Failure)> {
    let files = files::list(FOLDER).map_err(|failure| ("folder", failure))?;
    probes.push(Probe::passed("folder", format!("it can be read and has {} files", files.len())));

    let file = folder::newest(&files, &settings.file).map_err(|failure| ("file", failure))?;
    let found =
        format!("{}, {} bytes, modified at {}, version {}", file.name, file.size, file.modified_at, file.version);
    probes.push(Probe::passed("file", found));

    let sheet = Sheet::open(settings, file).map_err(|failure| ("header", failure))?;
    probes.push(Probe::passed("header", header(&sheet)));

    let page = listing::page(settings, &PageRequest::first(ROWS)).map_err(|failure| ("rows", failure))?;
    let read = match (page.items.len(), page.state().complete) {
        (0, true) => "there are none: the file lists nobody".to_owned(),
        (count, true) => format!("all {count} can be read"),
        (count, false) => format!("the first {count} can be read; the others are read with the listing"),
    };
    probes.push(Probe::passed("rows", read));
    Ok(())
}

/// How the file was understood, for an administrator who knows what is in it.
fn header(sheet: &Sheet) -> String {
    let mut fields = Vec::new();
    let mut attributes = Vec::new();
    let mut left_out = Vec::new();
    for column in &sheet.columns.0 {
        match column.role {
            Role::Field(field) => fields.push(format!("{}={}", field.name(), column.title)),
            Role::Attribute => attributes.push(column.title.as_str()),
            Role::LeftOut => left_out.push(column.title.as_str()),
            Role::Unnamed => {}
        }
    }
    let list = |what: &str, titles: &[&str]| match titles {
        [] => String::new(),
        titles => format!("; {what}: {}", titles.join(", ")),
    };
    format!(
        "{}, separated by {}; {}{}{}",
        sheet.encoding.name(),
        sheet.separator_name(),
        fields.join(", "),
        list("attributes", &attributes),
        list("left out", &left_out)
    )
}

fn sentence(failure: &Failure) -> String {
    match failure {
        // Here the field is the place in the file.
        Failure::Invalid(faults) => {
            let lines: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect();
            lines.join("; ")
        }
        Failure::CursorExpired => "the file was replaced while it was read; try again".to_owned(),
        other => other.told().unwrap_or_else(|| "the folder is not available".to_owned()),
    }
}
