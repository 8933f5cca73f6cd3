//! Fingerprints in the XML form of Recog: the examples of a whole database, where one is at hand, and of the own files.

use std::path::Path;

use watchpost_survey::identify::recog::{Fingerprints, SHIPPED, check};

/// Beside the repository.
const WHOLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/recog");

#[test]
fn every_example_of_the_whole_database_gives_its_fields() {
    let folder = Path::new(WHOLE);
    let Ok(files) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {WHOLE} is not there");
        return;
    };
    let (mut prints, mut examples, mut earlier) = (0, 0, 0);
    let mut wrong = Vec::new();
    for file in files {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let outcome = check(path.to_str().unwrap(), &text, Some(folder));
        prints += outcome.prints;
        examples += outcome.examples;
        earlier += outcome.taken_by_earlier.len();
        wrong.extend(outcome.wrong);
    }
    println!("{prints} fingerprints, {examples} examples, {earlier} taken by an earlier one");
    for trouble in &wrong {
        println!("{trouble}");
    }
    assert!(prints > 4_000 && examples > 7_000, "{prints} fingerprints, {examples} examples");
    assert!(wrong.is_empty(), "{} of {examples} examples are wrong", wrong.len());
}

#[test]
fn every_own_fingerprint_has_an_example_that_gives_its_fields() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/fingerprints");
    let there = std::fs::read_dir(&folder)
        .unwrap()
        .filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "xml"));
    assert_eq!(there.count(), SHIPPED.len(), "a file of the folder is not built in");
    let (mut prints, mut wrong) = (0, Vec::new());
    for (name, text) in SHIPPED {
        let outcome = check(name, text, None);
        prints += outcome.prints;
        wrong.extend(outcome.wrong.iter().map(ToString::to_string));
        // Of the own files the first that fits must be the one that the example is for.
        wrong.extend(outcome.taken_by_earlier.iter().map(ToString::to_string));
        if outcome.examples < outcome.prints {
            wrong.push(format!("{name}: {} fingerprints, {} examples", outcome.prints, outcome.examples));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let shipped = Fingerprints::shipped();
    assert!(shipped.troubles().is_empty() && shipped.count() == prints && prints > 300, "{prints}");
}
