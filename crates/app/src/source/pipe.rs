//! What comes through a pipe is read by a thread of its own, so that Ctrl-C can end the reading while nothing comes.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::stop;

/// Bytes taken at a time: what a pipe holds at most by default on Linux is 64 KiB, and larger ones are set to 1 MiB.
const CHUNK: usize = 1 << 18;

/// Chunks that may wait; more would only take memory.
const AHEAD: usize = 4;

/// How often Ctrl-C is looked for while nothing comes.
const LOOK: Duration = Duration::from_millis(100);

/// A reader that ends, as at the end of the input, when the user asked to stop.
pub struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl Pipe {
    /// Begins to read.
    pub fn new(mut reader: impl Read + Send + 'static) -> Self {
        let (sender, chunks) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = match reader.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    other => other,
                };
                let last = matches!(read, Ok(0) | Err(_));
                let message = read.map(|length| {
                    chunk.truncate(length);
                    chunk
                });
                // Nobody takes it any more where the run has ended.
                if sender.send(message).is_err() || last {
                    break;
                }
            }
        });
        Self { chunks, chunk: Vec::new(), taken: 0, ended: false }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        while !self.ended {
            match self.chunks.recv_timeout(LOOK) {
                Ok(chunk) => {
                    self.chunk = chunk.inspect_err(|_| self.ended = true)?;
                    self.taken = 0;
                    self.ended = self.chunk.is_empty();
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => self.ended = stop::asked(),
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
        }
        Ok(())
    }
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() {
            self.next_chunk()?;
        }
        let rest = &self.chunk[self.taken..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_through_in_order() {
        let bytes: Vec<u8> = (0..1_000_003u32).map(|n| (n % 251) as u8).collect();
        let mut read = Vec::new();
        Pipe::new(io::Cursor::new(bytes.clone())).read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("gone"));
                }
                into[0] = 7;
                Ok(1)
            }
        }
        let mut read = Vec::new();
        let error = Pipe::new(Broken(false)).read_to_end(&mut read).unwrap_err();
        assert_eq!((read.as_slice(), error.to_string().as_str()), ([7].as_slice(), "gone"));
    }
}
