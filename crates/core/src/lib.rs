//! The pure thought of Watchpost. It opens no file, no socket, and reads no clock, so that a replay is equal to having
//! watched, and many shards are equal to one.
//!
//! The modules, in the order in which data flows:

pub mod blocks; // the own address blocks
pub mod campaign; // one record for each scan
pub mod contact; // somebody touched an address
pub mod coordination; // which sources are one scan
pub mod depth; // what is read from scans once they stand
pub mod detect; // evidence, one detector a file
pub mod direction; // who started: the bounded memory of recent pairs
pub mod evidence; // bits, families, the ledger
pub mod follow_up; // who came back to what a scan had revealed
pub mod heard; // utterances, until it is known whose words matter
pub mod imprint; // raw header facts of a source's first probes
pub mod inventory; // what surveys found: services, exposures, changes
pub mod merge; // several inputs, one order of time
pub mod mistake; // what is wrong in a file, and where
pub mod net; // addresses
pub mod permutation; // ZMap's walk, recovered from the order of hits
pub mod pipeline; // the line: front, shards, epochs, the end
pub mod priors; // what ordinary traffic looks like (data/services.toml)
pub mod procedures; // known procedures (data/procedures.toml)
pub mod record; // all that leaves the engine
pub mod shard; // sources owned by one shard, judged contact by contact
pub mod table; // sources within a byte budget
pub mod target_list; // from which list a scan works
pub mod tools; // marks on the wire (data/tools.toml)
pub mod trace; // a campaign's targets in the order of time
pub mod utterance; // what was said on a connection
pub mod world; // what spans sources, replaced at epochs
