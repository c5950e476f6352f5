//! Who has locked a file, for messages.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The kernel's table of locks.
const TABLE: &str = "/proc/locks";

/// The process that has locked a file or directory, where the kernel tells.
pub(crate) fn holder(path: &Path) -> Option<u32> {
    let inode = fs::metadata(path).ok()?.ino();
    holder_in(&fs::read_to_string(TABLE).ok()?, inode)
}

/// Lines such as `1: FLOCK  ADVISORY  WRITE 710 08:01:262 0 EOF`.
fn holder_in(table: &str, inode: u64) -> Option<u32> {
    let place = format!(":{inode}");
    table.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "WRITE").skip(1);
        let pid = words.next()?.parse().ok()?;
        words.next()?.ends_with(&place).then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_tells_who_has_a_file() {
        let table = "1: POSIX  ADVISORY  READ 12 08:01:262 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 710 08:01:262 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 4 08:01:1262 0 EOF\n";
        assert_eq!(holder_in(table, 262), Some(710));
        assert_eq!(holder_in(table, 26), None);
        assert_eq!(holder_in("", 262), None);
    }
}
