//! The end of a socket whose client was told something: it is kept until the client has read that.

use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::lingering::Lingering;
use super::stream::Stream;

/// How long nothing may come from a client that is being waited for, and how long one is waited for
/// in all that never got past its CONNECT: it holds a place of a connection and has no right to one.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much longer one is waited for that was connected.
const LONGER: Duration = Duration::from_secs(27);
/// A packet over the limit may be on its way, whose client reads no word before it is sent.
const BYTES_MAX: usize = 64 << 20;

/// Closing a socket with unread bytes resets it, and the last packet would be lost on its way. So
/// the writing half is closed first, and what still comes is thrown away: until the client has seen
/// the end and closes too, falls silent, or sends without an end. A client that was connected, first
/// writes all it has and is slow at it, reads why it was disconnected afterwards.
pub(super) async fn linger(stream: Stream, longer: Option<Rc<Lingering>>) {
    let mut drained = Box::pin(drain(stream));
    if tokio::time::timeout(PATIENCE, drained.as_mut()).await.is_ok() {
        return;
    }
    let Some(lingering) = longer else { return };
    let (_slot, closed) = lingering.enter();
    tokio::select! {
        () = drained => {}
        _ = closed => {}
        () = tokio::time::sleep(LONGER) => {}
    }
}

async fn drain(stream: Stream) {
    let Ok(Ok(mut stream)) = tokio::time::timeout(PATIENCE, stream.farewell()).await else {
        return;
    };
    stream.shutdown().await.ok();
    let mut drained = 0;
    while drained < BYTES_MAX {
        let Ok(Ok(())) = tokio::time::timeout(PATIENCE, stream.readable()).await else { return };
        // Not kept while it waits: many may linger at once.
        let mut scratch = [0; 4 << 10];
        match stream.try_read(&mut scratch) {
            Ok(0) => return,
            Ok(bytes) => drained += bytes,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
