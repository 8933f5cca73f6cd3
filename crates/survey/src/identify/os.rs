//! Operating systems by their SYN-ACKs.
