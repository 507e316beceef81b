//! What `registry` promises to those who set it up and run it.
