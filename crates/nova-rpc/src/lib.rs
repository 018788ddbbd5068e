//! nova-rpc
