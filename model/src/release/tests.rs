//! Every way in which a release is refused, and the one in which it is not.

mod attacks;
mod chain;
mod documents;
mod forms;
mod site;
mod trust;
