//! Stands between the LDAP library and a directory, and passes on whole messages of bounded size and depth only.
//!
//! The library buffers whatever the directory announces, and its parser recurses into whatever it gets: a directory that
//! wants to could take the host's memory or stack. So the library talks to one end of a socket pair, and this module
//! pumps between the other end and the network.

use crate::limits::{LDAP_BYTES_MAX, LDAP_SESSION_IDLE_MAX};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

/// Elements inside elements. An entry with its attributes takes six.
const DEPTH_MAX: usize = 16;
const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
/// A tag whose number goes on in the next byte; LDAP has none.
const LONG_TAG: u8 = 0x1f;

/// Any stream to a directory, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why the guard has cut a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    TooLarge,
    Malformed,
}

pub(super) struct Guard {
    shared: Arc<Watched>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Default)]
struct Watched {
    /// Bytes that the directory may still send in this operation.
    left: AtomicU64,
    cut: AtomicU8,
}

impl Guard {
    /// Starts pumping. The returned stream is for the library.
    pub(super) fn start(remote: Box<dyn Stream>) -> std::io::Result<(Self, std::os::unix::net::UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let shared = Arc::new(Watched::default());
        let (mut from_directory, mut to_directory) = tokio::io::split(remote);
        let (mut from_library, mut to_library) = ours.into_split();
        let watched = shared.clone();
        let inbound = tokio::spawn(async move {
            // An error on either side ends the connection, and dropping our end tells the library.
            while let Ok(Ok(Some(message))) =
                tokio::time::timeout(LDAP_SESSION_IDLE_MAX, message(&mut from_directory, &watched)).await
            {
                if to_library.write_all(&message).await.is_err() {
                    break;
                }
            }
        });
        let outbound = tokio::spawn(async move {
            tokio::io::copy(&mut from_library, &mut to_directory).await.ok();
            to_directory.shutdown().await.ok();
        });
        let theirs = theirs.into_std()?;
        Ok((Self { shared, tasks: [inbound, outbound] }, theirs))
    }

    /// Grants one operation its bytes.
    pub(super) fn allow(&self) {
        self.shared.left.store(LDAP_BYTES_MAX, Ordering::Relaxed);
    }

    pub(super) fn cut(&self) -> Option<Cut> {
        match self.shared.cut.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Cut::TooLarge),
            _ => Some(Cut::Malformed),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.tasks.iter().all(|task| !task.is_finished())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Watched {
    fn cut(&self, why: Cut) -> std::io::Error {
        self.cut.store(if why == Cut::TooLarge { 1 } else { 2 }, Ordering::Relaxed);
        std::io::Error::other("the guard has cut the connection")
    }

    fn take(&self, bytes: u64) -> std::io::Result<()> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| self.cut(Cut::TooLarge))
    }
}

async fn message(from: &mut (impl AsyncRead + Unpin), watched: &Watched) -> std::io::Result<Option<Vec<u8>>> {
    match read_message(from, |bytes| watched.take(bytes)).await? {
        Read::Message(message) => Ok(Some(message)),
        Read::End => Ok(None),
        Read::Malformed => Err(watched.cut(Cut::Malformed)),
    }
}

pub(super) enum Read {
    Message(Vec<u8>),
    End,
    Malformed,
}

/// Reads one LDAP message. `take` is told its size before it is read.
pub(super) async fn read_message(
    from: &mut (impl AsyncRead + Unpin),
    mut take: impl FnMut(u64) -> std::io::Result<()>,
) -> std::io::Result<Read> {
    let mut message = Vec::new();
    if from.take(2).read_to_end(&mut message).await? < 2 {
        return Ok(Read::End);
    }
    let [SEQUENCE, first] = message.as_slice() else { return Ok(Read::Malformed) };
    let length = match usize::from(*first) {
        short @ ..=0x7f => short as u64,
        long @ 0x81..=0x84 => {
            from.take((long - 0x80) as u64).read_to_end(&mut message).await?;
            message.iter().skip(2).fold(0, |length, byte| length << 8 | u64::from(*byte))
        }
        // Indefinite (0x80), or longer than anything that is sent.
        _ => return Ok(Read::Malformed),
    };
    take(length)?;
    let head = message.len();
    // Grows with what arrives, not with what is announced.
    if from.take(length).read_to_end(&mut message).await? as u64 != length {
        return Ok(Read::End);
    }
    let content = message.get(head..).unwrap_or_default();
    Ok(if is_sound(content) { Read::Message(message) } else { Read::Malformed })
}

/// The tag, content and rest of the first element.
pub(super) fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    if tag & LONG_TAG == LONG_TAG {
        return None;
    }
    let (length, rest) = match usize::from(*first) {
        short @ ..=0x7f => (short, rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            (
                digits
                    .iter()
                    .try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add(usize::from(*byte)))?,
                rest,
            )
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// Whether a message's content is made of whole elements, none too deep, without recursion of our own.
fn is_sound(content: &[u8]) -> bool {
    let mut open = vec![content];
    while let Some(bytes) = open.pop() {
        if bytes.is_empty() {
            continue;
        }
        let Some((tag, inner, rest)) = element(bytes) else { return false };
        open.push(rest);
        if tag & CONSTRUCTED != 0 {
            open.push(inner);
            // What is open is one rest for each level.
            if open.len() > DEPTH_MAX {
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn read(bytes: &[u8]) -> Read {
        read_message(&mut &*bytes, |_| Ok(())).await.unwrap()
    }

    #[tokio::test]
    async fn whole_messages_pass_as_they_are() {
        // A bind response: success.
        let message = [0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        assert!(matches!(read(&message).await, Read::Message(read) if read == message));
        let long = [&[0x30, 0x82, 0, 0x0c][..], &message[2..]].concat();
        assert!(matches!(read(&long).await, Read::Message(read) if read == long));
        assert!(matches!(read(&message[..6]).await, Read::End));
        assert!(matches!(read(b"").await, Read::End));
    }

    #[tokio::test]
    async fn what_would_break_the_parser_is_stopped() {
        let nested = |levels: usize| {
            let mut bytes = Vec::new();
            for _ in 0..levels {
                let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
                bytes = [&[0x30, 0x84][..], &length, &bytes].concat();
            }
            bytes
        };
        assert!(matches!(read(&nested(8)).await, Read::Message(_)));
        assert!(matches!(read(&nested(1_000)).await, Read::Malformed));
        for bytes in [
            &b"HTTP/1.1 400 Bad Request"[..],
            // Indefinite length, a length over four bytes, a long tag, a length that overruns its parent.
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x30, 3, 0x1f, 1, 0],
            &[0x30, 3, 4, 9, 0],
        ] {
            assert!(matches!(read(bytes).await, Read::Malformed), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_directory_that_sends_too_much_is_cut_off_before_it_is_read() {
        let (near, mut far) = tokio::io::duplex(64);
        let (guard, _library) = Guard::start(Box::new(near)).unwrap();
        guard.allow();
        far.write_all(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]).await.unwrap();
        // The guard hangs up: what it was sent after the announcement goes nowhere.
        let flood = async { while far.write_all(&[0; 64]).await.is_ok() && guard.cut().is_none() {} };
        tokio::time::timeout(Duration::from_secs(10), flood).await.expect("the guard reads on, or stands still");
        assert_eq!(guard.cut(), Some(Cut::TooLarge));
    }
}
