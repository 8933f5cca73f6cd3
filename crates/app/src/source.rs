//! Inputs become contacts: names are expanded and checked, then each input is opened when its time has come.

mod check; // can it be read, and as what?
mod expand; // names, folders and patterns become paths
mod input; // one input, opened when its time has come
mod pipe; // standard input and named pipes, without blocking Ctrl-C

use std::ffi::OsString;

pub use input::{Input, Tally};

use watchpost_formats::log::Assume;

use crate::exit::Failure;

/// What the names on the command line turned out to be.
#[derive(Default)]
pub struct Found {
    /// Inputs that can be read, in the order named; those of a folder by name.
    pub inputs: Vec<Input>,
    /// What cannot be read, and what was named and is no capture.
    pub failures: Vec<Failure>,
    /// Files of folders that are no captures, each with the reason.
    pub not_captures: Vec<String>,
    /// What the user should know: an input named twice.
    pub notes: Vec<String>,
}

/// Finds, recognises and checks everything before the work begins.
///
/// What cannot be read is a failure, and so is what was named and is no capture; a file in a folder that is no capture is
/// only noted.
pub fn find(typed: &[OsString], assume: &Assume) -> Found {
    let mut found = Found::default();
    let names = expand::expand(typed, &mut found);
    let many = names.len() > 1;
    for name in names {
        check::check(name, many, assume, &mut found);
    }
    found
}
