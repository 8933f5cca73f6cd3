//! The survey engine's place, and the rule that it will keep. Nothing here sends a packet yet.
//!
//! The rule, which no later change may loosen:
//!
//! 1. Only this crate may open a socket that sends probes. `watchpost-core` and `watchpost-formats` open none at all.
//! 2. A probe is addressed by a value that only the scope can make, from prefixes which the user has declared as his
//!    and authorised. There is no way to turn a bare address into such a value.
//! 3. No spoofed source, no evasion, no exploitation, no password guessing.
