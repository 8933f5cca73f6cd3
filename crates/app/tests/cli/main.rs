//! The built binary, run as its users run it: on sound and on spoiled inputs, into pipes, with every way to end.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod captures; // small captures, made by hand
mod endings; // exit statuses, Ctrl-C, closed pipes
mod inputs; // files, folders, patterns, standard input; sound and spoiled
mod maps; // logs of products that nobody knows
mod options; // what was typed wrongly
mod outputs; // table, JSON, CSV, Markdown, explain, list
mod running; // the binary
mod scope; // scope check, audit verify
mod surveys; // survey diff, and traffic held against a survey
