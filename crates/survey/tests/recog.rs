//! Fingerprints in the XML form of Recog: the examples of a whole database, where one is at hand, and of the own files.

use std::path::Path;

use watchpost_survey::identify::recog::check;

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
        earlier += outcome.taken_by_earlier;
        wrong.extend(outcome.wrong);
    }
    println!("{prints} fingerprints, {examples} examples, {earlier} taken by an earlier one");
    for trouble in &wrong {
        println!("{trouble}");
    }
    assert!(prints > 4_000 && examples > 7_000, "{prints} fingerprints, {examples} examples");
    assert!(wrong.is_empty(), "{} of {examples} examples are wrong", wrong.len());
}
