//! Writes what the engine has for a connection.

use std::io::ErrorKind;

use super::connection::{Closing, Connection};
use super::panics::lose;
use super::state::Worker;

/// Writes the output of a connection, in one system call if the socket takes it all.
pub(super) fn write(worker: &Worker, connection: &Connection) {
    let now = worker.now();
    let mut engine = worker.engine.borrow_mut();
    let output = engine.output(connection.key);
    if connection.blocked.get() && !output.is_empty() {
        return;
    }
    let mut written = 0;
    let mut stream = connection.stream.borrow_mut();
    if !output.is_empty() || stream.holds_output() {
        match stream.try_write(output) {
            Ok(bytes) => {
                written = bytes;
                connection.has_written.set(true);
                connection.blocked.set(bytes < output.len() || stream.holds_output());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => connection.blocked.set(true),
            Err(_) => {
                drop((engine, stream));
                lose(worker, connection);
                connection.wake();
                return;
            }
        }
    }
    drop(stream);
    engine.wrote(now, connection.key, written);
    if engine.is_closing(connection.key) {
        connection.closing.set(Closing::Flushing);
        if engine.output(connection.key).is_empty() {
            connection.closing.set(Closing::Graceful);
        }
    }
    if connection.blocked.get() || connection.closing.get() != Closing::No {
        connection.wake();
    }
}
