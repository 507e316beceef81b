//! A blob on its way out, looked at once more.
//!
//! *Lesson: a disk forgets, and does not say so.* Every byte that leaves is hashed on the way, and
//! the last ones are held back until the digest fits. If it does not, the connection is cut: half a
//! body is an error to every client, a wrong one is only to those that look.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use oci::{Digest, Hasher};
use rocket::Request;
use rocket::http::{ContentType, Header, Status};
use rocket::response::{self, Responder, Response};
use rocket::tokio::fs::File as AsyncFile;
use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use crate::range::Part;
use crate::store::Store;

/// Bytes that are in memory at a time, for each client.
const PIECE: usize = 16 << 10;

/// An answer with a blob, or a part of it.
pub struct Blob {
    digest: Digest,
    size: u64,
    part: Option<Part>,
    body: Checked,
}

impl Blob {
    /// Of the store.
    ///
    /// # Errors
    /// It is not there any more.
    pub fn open(store: &Store, digest: &Digest, part: Option<Part>) -> io::Result<Self> {
        let mut file = File::open(store.path(digest))?;
        let size = file.metadata()?.len();
        let mut left = size;
        if let Some(part) = part {
            file.seek(SeekFrom::Start(part.first))?;
            left = part.bytes();
        }
        // Of a part nothing is known: the client looks when it has all of them.
        let hasher = part.is_none().then(|| Hasher::new(digest.algorithm()));
        let mut file = AsyncFile::from_std(file);
        file.set_max_buf_size(PIECE);
        let body = Checked { file, left, hasher, digest: digest.clone(), store: store.clone() };
        Ok(Self { digest: digest.clone(), size, part, body })
    }
}

impl<'r> Responder<'r, 'r> for Blob {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::build();
        response
            .header(ContentType::Binary)
            .header(Header::new("Docker-Content-Digest", self.digest.to_string()))
            .header(Header::new("ETag", format!("\"{}\"", self.digest)))
            .header(Header::new("Accept-Ranges", "bytes"));
        if let Some(part) = self.part {
            response.status(Status::PartialContent);
            response.header(Header::new("Content-Range", part.described(self.size)));
        }
        let bytes = usize::try_from(self.body.left).unwrap_or(usize::MAX);
        response.max_chunk_size(PIECE).sized_body(bytes, self.body).ok()
    }
}

struct Checked {
    file: AsyncFile,
    left: u64,
    hasher: Option<Hasher>,
    digest: Digest,
    store: Store,
}

impl AsyncRead for Checked {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(Ok(()));
        }
        let most = usize::try_from(this.left).unwrap_or(usize::MAX).min(buf.remaining());
        let mut own = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(Pin::new(&mut this.file).poll_read(cx, &mut own))?;
        let read = own.filled().len();
        if let Some(hasher) = &mut this.hasher {
            hasher.update(own.filled());
        }
        this.left -= u64::try_from(read).unwrap_or_default();
        // Shorter than it was, or other than it was.
        let mut is_whole =
            || this.hasher.take().is_none_or(|hasher| hasher.finish() == this.digest);
        if read == 0 || this.left == 0 && !is_whole() {
            this.store.put_aside(&this.digest);
            return Poll::Ready(Err(ErrorKind::InvalidData.into()));
        }
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

/// Rocket would seek to find out a length; it is told.
impl AsyncSeek for Checked {
    fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Err(ErrorKind::Unsupported.into()))
    }
}
