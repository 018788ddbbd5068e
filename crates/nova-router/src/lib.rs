//! nova-router
