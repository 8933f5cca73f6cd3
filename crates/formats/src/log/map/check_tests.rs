use super::*;

/// A sound map; tests spoil it.
const MAP: &str = r#"[[map]]
name = "gateway"
help = "a gateway"
format = "csv"
records = "flows"
time_format = "auto"

[map.fields]
time = "when"
source = "from"
source_port = "sport"
target = "to"
target_port = "dport"
transport = "proto"
outcome = "did"

[map.outcomes]
deny = "denied"
"#;

fn error(text: &str) -> MapError {
    match read(text) {
        Err(error) => error,
        Ok(_) => panic!("no error in\n{text}"),
    }
}

/// `MAP` with `from` replaced, and what is said of it.
fn spoiled(from: &str, to: &str) -> (Option<usize>, String) {
    assert!(MAP.contains(from), "{from}");
    let error = error(&MAP.replacen(from, to, 1));
    assert!(!error.advice.is_empty());
    (error.line, error.message)
}

#[test]
fn every_mistake_has_its_line_and_a_word() {
    assert_eq!(read(MAP).unwrap().len(), 1);
    for (from, to, line, said) in [
        ("name = \"gateway\"", "name = \"\"", 2, "cannot be a map's name"),
        ("name = \"gateway\"", "name = \"Gate way\"", 2, "cannot be a map's name"),
        ("name = \"gateway\"", "name = \"suricata\"", 2, "cannot be a map's name"),
        ("\"a gateway\"", "\" \"", 3, "an empty help"),
        ("\"csv\"", "\"xml\"", 4, "unknown variant `xml`"),
        ("\"flows\"", "\"flow\"", 5, "unknown variant `flow`"),
        ("time_format", "times", 6, "unknown field `times`"),
        ("\"auto\"", "\"%Y-%m-%d\"", 6, "it has no time of day"),
        ("\"auto\"", "\"%H:%\"", 6, "is no form of times"),
        ("\"auto\"", "\"epoch\"", 6, "neither a form's name nor a pattern"),
        ("source = ", "src = ", 10, "unknown variant `src`"),
        ("\"from\"", "[\"from\", \"\"]", 10, "`source` has no name, an empty one"),
        ("\"from\"", "[]", 10, "`source` has no name"),
        ("\"from\"", "7", 10, "a field's name, or a list of them"),
        ("source = \"from\"\n", "", 8, "`source` is not mapped"),
        ("target = \"to\"\n", "", 8, "`target` is not mapped"),
        ("transport = \"proto\"\n", "", 8, "`transport` is not mapped"),
        ("target_port = \"dport\"\n", "", 8, "`target_port` is not mapped"),
        ("time = \"when\"\n", "", 8, "`time` is not mapped"),
        ("time = \"when\"", "date = \"when\"", 8, "`clock` is not mapped"),
        ("time = \"when\"", "time = \"when\"\nclock = \"c\"", 8, "`date` is not mapped"),
        (
            "transport = \"proto\"",
            "transport = \"proto\"\nttl = \"t\"",
            15,
            "`ttl` is of one packet's headers",
        ),
        ("outcome = \"did\"\n", "", 16, "`outcomes` without a field"),
        ("\"denied\"", "\"dropped\"", 18, "unknown variant `dropped`"),
        ("[map.outcomes]\ndeny = \"denied\"\n", "", 15, "nothing says what the words of `outcome` mean"),
        ("outcome = \"did\"", "outcome = \"did\"\ndirection = \"way\"", 16, "which words of `direction`"),
        (
            "[map.outcomes]",
            "[map.always]\noutcome = \"denied\"\n[map.outcomes]",
            18,
            "both a field and always",
        ),
        ("[map.outcomes]", "[map.always]\ntarget = \"here\"\n[map.outcomes]", 18, "not an address"),
        ("[map.outcomes]", "[map.always]\ntransport = \"pigeon\"\n[map.outcomes]", 18, "not a protocol"),
        ("[map.outcomes]", "[map.only]\nkind = []\n[map.outcomes]", 18, "can never be met"),
        ("[map.fields]", "delimiter = \"ab\"\n[map.fields]", 8, "is no delimiter"),
        ("[map.fields]", "delimiter = \"é\"\n[map.fields]", 8, "is no delimiter"),
        ("[map.fields]", "header = false\n[map.fields]", 8, "no columns are named"),
        ("[map.fields]", "columns = [\"a\"]\n[map.fields]", 8, "`columns` beside a header"),
        (
            "[map.fields]",
            "header = false\ncolumns = [\"a\", \"a\"]\n[map.fields]",
            9,
            "two columns have the name",
        ),
        ("[map.fields]", "header = false\ncolumns = [\"when\"]\n[map.fields]", 12, "is none of `columns`"),
        ("[map.fields]", "turned = \"back\"\n[map.fields]", 8, "`turned` without a field"),
        ("[map.fields]", "disorder = 90000\n[map.fields]", 8, "later than a day"),
        (
            "[map.outcomes]",
            "[[map.blind]]\nwhat = \"nights\"\nwhy = \"\"\n[map.outcomes]",
            18,
            "nothing that could be seen",
        ),
        ("[map.fields]", "after = \"\"\n[map.fields]", 8, "an empty text"),
        ("[map.fields]", "[map.fields", 8, ""),
    ] {
        let (at, message) = spoiled(from, to);
        assert!(message.contains(said), "{to}: {message}");
        assert_eq!(at, Some(line), "{to}: {message}");
    }
}

#[test]
fn halves_and_paths() {
    let halves =
        |ports: &str| MAP.replace("\"flows\"", "\"halves\"").replace("source_port = \"sport\"\n", ports);
    assert!(read(&halves("source_port = \"s\"\n")).is_ok());
    assert!(error(&halves("")).message.contains("halves without"));
    assert!(
        error(&halves("source_port = \"s\"\nbytes_back = \"b\"\n")).message.contains("is of whole flows")
    );
    let json = |source: &str| MAP.replace("\"csv\"", "\"ndjson\"").replace("\"from\"", source);
    assert!(read(&json("\"a.b.c.d.e.f.g.h\"")).is_ok());
    for bad in ["\"a..b\"", "\".a\"", "\"a.b.c.d.e.f.g.h.i\"", "[\"a\", \"b.\"]"] {
        let error = error(&json(bad));
        assert!(error.message.contains("empty part") && error.line == Some(10), "{bad}: {error}");
    }
    let table = json("\"a\"").replace("[map.fields]", "header = true\n[map.fields]");
    assert!(error(&table).message.contains("`header` is for csv"));
}

#[test]
fn names_are_given_once() {
    assert!(error(&format!("{MAP}{MAP}")).message.contains("two maps have this name"));
    assert_eq!(read(&format!("{MAP}{}", MAP.replace("gateway", "other"))).unwrap().len(), 2);
    assert!(error("").message.contains("missing field `map`"));
    assert_eq!(error("x = 1").to_string(), "line 1: unknown field `x`, expected `map`");
}

#[test]
fn disorder_is_what_the_records_have_where_nothing_is_said() {
    let seconds = |text: &str| read(text).unwrap()[0].disorder() / SECOND;
    assert_eq!(seconds(MAP), 900);
    assert_eq!(seconds(&MAP.replace("\"flows\"", "\"packets\"")), 10);
    assert_eq!(seconds(&MAP.replace("[map.fields]", "disorder = 60\n[map.fields]")), 60);
}

/// Every key of a map, as the types have it, in its page for users.
#[test]
fn the_page_of_maps_has_every_key() {
    let page = include_str!("../../../../../docs/maps.md");
    let keys_of = |text: &str| -> Vec<String> {
        let message = error(text).message;
        let listed = message.split_once("expected").unwrap_or_else(|| panic!("{message}")).1;
        listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let after = |table: &str| format!("{MAP}\n{table}\nbogus = \"bogus\"\n");
    let mut keys = keys_of("bogus = 1");
    keys.extend(keys_of("[[map]]\nbogus = 1"));
    keys.extend(keys_of(&MAP.replace("time = ", "bogus = ")));
    keys.extend(keys_of(&after("[map.always]")));
    keys.extend(keys_of(&after("[[map.blind]]")));
    keys.extend(keys_of(&MAP.replace("\"denied\"", "\"bogus\"")));
    keys.extend(keys_of(&MAP.replace("\"csv\"", "\"bogus\"")));
    keys.extend(keys_of(&MAP.replace("\"flows\"", "\"bogus\"")));
    keys.extend(FORMS.map(str::to_owned));
    keys.extend(blind::SENSES.map(|sense| sense.name().to_owned()));
    assert!(keys.len() > 60, "{keys:?}");
    let missing: Vec<&String> = keys.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/maps.md lacks {missing:?}");
}

/// The example of the page, and the maps that are shipped.
#[test]
fn what_is_shown_and_shipped_can_be_read() {
    let page = include_str!("../../../../../docs/maps.md");
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        read(example).unwrap_or_else(|error| panic!("{error}: {}\n{example}", error.advice));
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/maps");
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let maps =
            read(&text).unwrap_or_else(|error| panic!("{}: {error}: {}", path.display(), error.advice));
        names.extend(maps.iter().map(|map| map.name().to_owned()));
    }
    names.sort();
    let shown: Vec<&String> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(names.len() >= 7 && shown.is_empty(), "docs/maps.md lacks {shown:?} of {names:?}");
    names.dedup_by(|a, b| a == b && panic!("{a} twice"));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(line in "[a-z_.=\"\\[\\]{}%0-9, é\n]{0,80}", at in 0..30_usize) {
        let mut lines: Vec<&str> = MAP.lines().collect();
        lines.insert(at.min(lines.len()), &line);
        let _ = (read(&line), read(&lines.join("\n")));
    }
}
