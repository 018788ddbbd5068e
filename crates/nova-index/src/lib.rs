//! nova-index
