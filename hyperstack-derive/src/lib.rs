//! The derives of `hyperstack-sdk`.
