//! The end of a socket whose client has something to read: the socket stays until it was read.

use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::draining::DrainingSockets;
use super::stream::Stream;

/// How long a client may be silent while its socket is drained. Also how long in all a socket is
/// drained whose client never got past its CONNECT, since it uses up a connection without a right to
/// one.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much longer the socket of a client that was connected is drained.
const LONGER: Duration = Duration::from_secs(27);
/// The most bytes read from a draining socket. A client may be sending a packet over the limit, and
/// reads nothing before it has sent that.
const BYTES_MAX: usize = 64 << 20;

/// Closes a socket so that its client can read what was written last. Closing it with unread bytes
/// would reset it, and the last packet would be lost. So the writing half is closed first, and what
/// still comes is thrown away, until the client closes too, falls silent, or sends without an end. A
/// client that was connected has more time, because it may first write all it has, and only then
/// reads why it was disconnected.
pub(super) async fn drain(stream: Stream, longer: Option<Rc<DrainingSockets>>) {
    let mut drained = Box::pin(discard_input(stream));
    if tokio::time::timeout(PATIENCE, drained.as_mut()).await.is_ok() {
        return;
    }
    let Some(draining) = longer else { return };
    let (_slot, closed) = draining.add();
    tokio::select! {
        () = drained => {}
        _ = closed => {}
        () = tokio::time::sleep(LONGER) => {}
    }
}

async fn discard_input(stream: Stream) {
    let Ok(Ok(mut stream)) = tokio::time::timeout(PATIENCE, stream.farewell()).await else {
        return;
    };
    stream.shutdown().await.ok();
    let mut drained = 0;
    while drained < BYTES_MAX {
        let Ok(Ok(())) = tokio::time::timeout(PATIENCE, stream.readable()).await else { return };
        // It lives on the stack only between two waits, since many sockets may drain at once.
        let mut scratch = [0; 4 << 10];
        match stream.try_read(&mut scratch) {
            Ok(0) => return,
            Ok(bytes) => drained += bytes,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
