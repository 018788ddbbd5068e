//! nova-worker
