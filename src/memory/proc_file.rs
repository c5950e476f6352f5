//! Lines of the files in which the kernel says how much memory there is and who has it.

/// The value of a line such as `MemTotal:  1024 kB`, in bytes.
pub(super) fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel() {
        let text = "VmRSS:\t  12 kB\nRssAnon:\t    8 kB\nbad: x kB\n";
        assert_eq!(kib(text, "RssAnon:"), Some(8192));
        assert_eq!(kib(text, "bad:"), None);
        assert_eq!(kib(text, "none:"), None);
    }
}
