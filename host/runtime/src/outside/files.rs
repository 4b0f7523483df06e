//! A folder that an administrator has bound: its plain files, read-only. No subfolders, and no links out of it.

use super::spent::Spent;
use super::wire::{FileAbout, FileFault};
use crate::limits::*;
use jiff::Timestamp;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file's name, in bytes: what file systems allow.
const NAME_BYTES_MAX: usize = 255;

/// A bound folder.
pub(super) struct FilesDoor {
    name: String,
    folder: PathBuf,
    patience: Duration,
}

impl FilesDoor {
    pub(super) fn bind(name: &str, folder: &Path, patience: Duration) -> Result<Self, String> {
        if folder.as_os_str().is_empty() {
            return Err("`folder` is empty; name the folder with the files".to_owned());
        }
        Ok(Self { name: name.to_owned(), folder: folder.to_owned(), patience })
    }

    pub(super) async fn list(&self) -> Result<Vec<FileAbout>, FileFault> {
        let folder = self.folder.clone();
        self.aside(move || list(&folder)).await
    }

    pub(super) async fn read(
        &self,
        spent: &mut Spent,
        name: &str,
        version: &str,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, FileFault> {
        if !is_plain(name) {
            let why = "names one file of the folder: no `/`, no `..`, nothing that is not a name";
            return Err(FileFault::Denied(format!("connection `{}`: {name:?} {why}", self.name)));
        }
        if length as usize > FILE_READ_BYTES_MAX {
            return Err(FileFault::TooLarge(FILE_READ_BYTES_MAX as u64));
        }
        let (path, name, version) = (self.folder.join(name), name.to_owned(), version.to_owned());
        let bytes = self.aside(move || read(&path, &name, &version, offset, length)).await?;
        spent.file_bytes(bytes.len()).map_err(FileFault::Budget)?;
        Ok(bytes)
    }

    /// Off the threads that calls run on; a network folder may hang.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, FileFault> + Send + 'static,
    ) -> Result<T, FileFault> {
        match tokio::time::timeout(self.patience, tokio::task::spawn_blocking(work)).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(FileFault::Failed("the read broke off".to_owned())),
            Err(_) => {
                Err(FileFault::Failed(format!("the folder did not answer within {} s", self.patience.as_secs_f32())))
            }
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name != "." && name != ".." && !name.contains(['/', '\0'])
}

fn list(folder: &Path) -> Result<Vec<FileAbout>, FileFault> {
    let failed = |error: std::io::Error| FileFault::Failed(format!("the folder {}: {error}", folder.display()));
    let mut files = Vec::new();
    for (number, entry) in std::fs::read_dir(folder).map_err(failed)?.enumerate() {
        if number >= FILES_MAX {
            return Err(FileFault::TooLarge(FILES_MAX as u64));
        }
        let entry = entry.map_err(failed)?;
        // Of the entry itself, not of what it may point to.
        let about = match entry.metadata() {
            Ok(about) => about,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        if !about.is_file() {
            continue;
        }
        // A file that can't be named can't be read, and must not be passed over in silence.
        let name = entry.file_name().into_string().map_err(|name| {
            FileFault::Failed(format!("the file name {name:?} is not UTF-8; rename it or take it out of the folder"))
        })?;
        files.push(FileAbout {
            size: about.size(),
            modified_at: Timestamp::new(about.mtime(), i32::try_from(about.mtime_nsec()).unwrap_or(0))
                .map_err(|error| FileFault::Failed(format!("the file {name:?} has an odd time: {error}")))?,
            version: version_of(&about),
            name,
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn read(path: &Path, name: &str, version: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileFault> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => FileFault::NotFound(format!("there is no file {name:?}")),
        _ => FileFault::Failed(format!("the file {name:?}: {error}")),
    };
    let entry = std::fs::symlink_metadata(path).map_err(failed)?;
    if !entry.is_file() {
        return Err(FileFault::Denied(format!(
            "{name:?} is a link, a folder or something else that is not a plain file"
        )));
    }
    let mut file = File::open(path).map_err(failed)?;
    // What was opened must be the very entry that was looked at: a link put there in between leads elsewhere.
    let opened = file.metadata().map_err(failed)?;
    if (opened.dev(), opened.ino()) != (entry.dev(), entry.ino()) || version_of(&opened) != version {
        return Err(FileFault::Changed);
    }
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.by_ref().take(u64::from(length)).read_to_end(&mut bytes).map_err(failed)?;
    // Also while it was read.
    if version_of(&file.metadata().map_err(failed)?) != version {
        return Err(FileFault::Changed);
    }
    Ok(bytes)
}

fn version_of(about: &Metadata) -> String {
    format!("{:x}.{:x}-{:x}-{:x}", about.mtime(), about.mtime_nsec(), about.size(), about.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn door(folder: &Folder) -> FilesDoor {
        FilesDoor::bind("files", &folder.path(""), PATIENCE).unwrap()
    }

    async fn read_all(door: &FilesDoor, name: &str, version: &str) -> Result<Vec<u8>, FileFault> {
        door.read(&mut Spent::new(), name, version, 0, 1024).await
    }

    #[tokio::test]
    async fn plain_files_are_listed_in_order_and_read_in_pieces() {
        let folder = Folder::new();
        std::fs::write(folder.path("b.csv"), "second").unwrap();
        std::fs::write(folder.path("a.csv"), "first").unwrap();
        std::fs::create_dir(folder.path("sub")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path("link.csv")).unwrap();
        let door = door(&folder);
        let files = door.list().await.unwrap();
        let names: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.size)).collect();
        assert_eq!(names, [("a.csv", 5), ("b.csv", 6)]);
        let version = &files[1].version;
        let mut spent = Spent::new();
        assert_eq!(door.read(&mut spent, "b.csv", version, 0, 3).await.unwrap(), b"sec");
        assert_eq!(door.read(&mut spent, "b.csv", version, 3, 100).await.unwrap(), b"ond");
        assert_eq!(door.read(&mut spent, "b.csv", version, 99, 100).await.unwrap(), b"");
    }

    #[tokio::test]
    async fn nothing_outside_of_the_folder_can_be_named() {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("sub")).unwrap();
        std::fs::write(folder.path("sub/inner"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path("link")).unwrap();
        std::os::unix::fs::symlink("sub", folder.path("way")).unwrap();
        let door = door(&folder);
        for name in
            ["../secret", "/etc/hostname", "..", ".", "", "sub/inner", "way/inner", "a\0b", "link", "sub", "way"]
        {
            assert!(matches!(read_all(&door, name, "x").await, Err(FileFault::Denied(_))), "{name:?}");
        }
        assert!(matches!(read_all(&door, "missing", "x").await, Err(FileFault::NotFound(_))));
    }

    #[tokio::test]
    async fn another_file_under_the_same_name_is_not_the_one_that_was_listed() {
        let folder = Folder::new();
        std::fs::write(folder.path("a.csv"), "one").unwrap();
        let door = door(&folder);
        let version = door.list().await.unwrap()[0].version.clone();
        assert!(read_all(&door, "a.csv", &version).await.is_ok());
        std::fs::write(folder.path("new"), "two").unwrap();
        std::fs::rename(folder.path("new"), folder.path("a.csv")).unwrap();
        assert_eq!(read_all(&door, "a.csv", &version).await, Err(FileFault::Changed));
    }

    #[tokio::test]
    async fn reads_are_bounded() {
        let folder = Folder::new();
        let door = door(&folder);
        let too_long = u32::try_from(FILE_READ_BYTES_MAX).unwrap() + 1;
        let read = door.read(&mut Spent::new(), "a", "x", 0, too_long).await;
        assert_eq!(read, Err(FileFault::TooLarge(FILE_READ_BYTES_MAX as u64)));
        let gone = FilesDoor::bind("files", Path::new("/nonexistent/folder"), PATIENCE).unwrap();
        assert!(matches!(gone.list().await, Err(FileFault::Failed(why)) if why.contains("/nonexistent/folder")));
    }
}
