//! Lists in messages, with a bound that is checked before memory is taken for the items.
//!
//! Used as `#[serde(with = "crate::bounded")]`.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
    ser,
};

use crate::limits::LIST_ITEMS_MAX;

pub(crate) fn serialize<T: Serialize, S: Serializer>(
    list: &Vec<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if list.len() > LIST_ITEMS_MAX {
        return Err(ser::Error::custom("list too long"));
    }
    list.serialize(serializer)
}

pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(ListVisitor(PhantomData))
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {LIST_ITEMS_MAX} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        // The announced length is only a hint: the list grows with what is really there.
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == LIST_ITEMS_MAX {
                return Err(de::Error::invalid_length(LIST_ITEMS_MAX + 1, &self));
            }
            list.push(item);
        }
        Ok(list)
    }
}
