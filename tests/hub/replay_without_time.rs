//! `uns replay` without `--time` says which column looks like the time, and what the hub made of the rest.

use std::fmt::Write as _;
use std::fs;

use crate::hub::{Hub, Scratch, run};

#[test]
fn a_forgotten_time_column_is_named_and_replaced_times_are_counted() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let mut text = "timestamp,value\n".to_owned();
    for row in 0..1_000 {
        writeln!(text, "2014-02-14 {:02}:{:02}:00,{row}.5", row / 60, row % 60).expect("a string");
    }
    let file = scratch.path().join("machine.csv");
    fs::write(&file, text).expect("the scratch directory takes files");
    let (file, url) = (file.to_str().expect("UTF-8"), hub.mqtt_url());
    let with = ["replay", file, "--topic", "uns/v1/lab/machine", "--speed", "max", "--mqtt", &url];
    let output = run(&with);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("if it holds their time, use --time timestamp"), "{said}");
    assert!(said.contains("rows had a time more than a minute ahead of the clock"), "{said}");

    let output = run(&[&with[..], &["--time", "timestamp"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("--time") && !said.contains("ahead of the clock"), "{said}");
}
