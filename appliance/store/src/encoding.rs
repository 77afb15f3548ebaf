//! How values become bytes on disk: MessagePack with field names, and a
//! checksum in front of what raft relies on.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Length of the checksum in front of sealed bytes.
const CHECKSUM: usize = 8;

/// MessagePack of a value, with field names so that fields can be added.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    rmp_serde::to_vec_named(value)
}

/// The value that [`encode`] wrote.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    rmp_serde::from_slice(bytes)
}

/// [`encode`] with a checksum in front: SQLite itself has none.
pub(crate) fn seal<T: Serialize>(value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let mut sealed = vec![0; CHECKSUM];
    value.serialize(&mut rmp_serde::Serializer::new(&mut sealed).with_struct_map())?;
    let checksum = checksum(&sealed[CHECKSUM..]);
    sealed[..CHECKSUM].copy_from_slice(&checksum);
    Ok(sealed)
}

/// The value that [`seal`] wrote, or what is wrong with the bytes.
pub(crate) fn unseal<T: DeserializeOwned>(sealed: &[u8]) -> Result<T, String> {
    let Some((expected, body)) = sealed.split_at_checked(CHECKSUM) else {
        return Err("shorter than its checksum".to_owned());
    };
    if checksum(body) != expected {
        return Err("checksum mismatch".to_owned());
    }
    decode(body).map_err(|error| error.to_string())
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::digest(body);
    std::array::from_fn(|at| digest[at])
}

/// Bytes as MessagePack's binary type instead of an array of numbers.
pub(crate) mod bytes {
    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn sealed_bytes_come_back() {
        let values = vec![Value::Null, Value::Blob(vec![0, 255, 7]), Value::Real(1.5)];
        let sealed = seal(&values).expect("encodes");
        assert_eq!(unseal::<Vec<Value>>(&sealed), Ok(values));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let sealed = seal(&"some record").expect("encodes");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal::<String>(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_cut_record_is_noticed() {
        let sealed = seal(&"some record").expect("encodes");
        for length in 0..sealed.len() {
            assert!(
                unseal::<String>(&sealed[..length]).is_err(),
                "length {length}"
            );
        }
    }
}
