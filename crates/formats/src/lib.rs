//! Readers of hostile bytes.
