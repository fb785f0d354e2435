//! A struct of 300 fields.

use crate::{patch, refused, value};
use hyperstack_sdk::{Entity, Patch, Patchable};
use serde_json::{json, Map, Value};
use std::collections::BTreeMap;

/// Writes the struct, in rows of ten fields of ten types.
macro_rules! wide {
    ($($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident $i:ident $j:ident)*) => {
        #[derive(Clone, Debug, PartialEq, Entity)]
        #[entity(key(f000: u64))]
        struct Wide {$(
            $a: u64,
            $b: Option<i64>,
            $c: Vec<u8>,
            $d: String,
            $e: Option<Option<f64>>,
            $f: bool,
            $g: Option<Box<u128>>,
            $h: [u8; 2],
            $i: (i8, char),
            $j: BTreeMap<String, u64>,
        )*}

        const NAMES: &[&str] = &[$(
            stringify!($a), stringify!($b), stringify!($c), stringify!($d), stringify!($e),
            stringify!($f), stringify!($g), stringify!($h), stringify!($i), stringify!($j),
        )*];
    };
}

wide! {
    f000 f001 f002 f003 f004 f005 f006 f007 f008 f009
    f010 f011 f012 f013 f014 f015 f016 f017 f018 f019
    f020 f021 f022 f023 f024 f025 f026 f027 f028 f029
    f030 f031 f032 f033 f034 f035 f036 f037 f038 f039
    f040 f041 f042 f043 f044 f045 f046 f047 f048 f049
    f050 f051 f052 f053 f054 f055 f056 f057 f058 f059
    f060 f061 f062 f063 f064 f065 f066 f067 f068 f069
    f070 f071 f072 f073 f074 f075 f076 f077 f078 f079
    f080 f081 f082 f083 f084 f085 f086 f087 f088 f089
    f090 f091 f092 f093 f094 f095 f096 f097 f098 f099
    f100 f101 f102 f103 f104 f105 f106 f107 f108 f109
    f110 f111 f112 f113 f114 f115 f116 f117 f118 f119
    f120 f121 f122 f123 f124 f125 f126 f127 f128 f129
    f130 f131 f132 f133 f134 f135 f136 f137 f138 f139
    f140 f141 f142 f143 f144 f145 f146 f147 f148 f149
    f150 f151 f152 f153 f154 f155 f156 f157 f158 f159
    f160 f161 f162 f163 f164 f165 f166 f167 f168 f169
    f170 f171 f172 f173 f174 f175 f176 f177 f178 f179
    f180 f181 f182 f183 f184 f185 f186 f187 f188 f189
    f190 f191 f192 f193 f194 f195 f196 f197 f198 f199
    f200 f201 f202 f203 f204 f205 f206 f207 f208 f209
    f210 f211 f212 f213 f214 f215 f216 f217 f218 f219
    f220 f221 f222 f223 f224 f225 f226 f227 f228 f229
    f230 f231 f232 f233 f234 f235 f236 f237 f238 f239
    f240 f241 f242 f243 f244 f245 f246 f247 f248 f249
    f250 f251 f252 f253 f254 f255 f256 f257 f258 f259
    f260 f261 f262 f263 f264 f265 f266 f267 f268 f269
    f270 f271 f272 f273 f274 f275 f276 f277 f278 f279
    f280 f281 f282 f283 f284 f285 f286 f287 f288 f289
    f290 f291 f292 f293 f294 f295 f296 f297 f298 f299
}

/// Returns JSON with a unique value for each field.
fn json() -> Value {
    let value = |(i, name): (usize, &&str)| {
        let value = match i % 10 {
            0 | 1 | 6 => json!(i.to_string()),
            2 => json!([i % 256, i / 256]),
            3 => json!(format!("text {i}")),
            4 => json!(i as f64 + 0.5),
            5 => json!(i % 20 == 5),
            7 => json!([i % 256, i / 256]),
            8 => json!([i % 128, "x"]),
            _ => json!({"k": i}),
        };
        ((*name).to_owned(), value)
    };
    NAMES
        .iter()
        .enumerate()
        .map(value)
        .collect::<Map<_, _>>()
        .into()
}

#[test]
fn all_fields_are_read_and_written() {
    let patch = patch::<Wide>(json());
    let written = serde_json::to_value(&patch).unwrap();
    assert_eq!(written.as_object().map(Map::len), Some(300));
    let wide = Wide::try_from(patch).unwrap();
    assert_eq!((wide.f000, wide.f290, wide.f291), (0, 290, Some(291)));
    assert_eq!((&*wide.f153, wide.f154), ("text 153", Some(Some(154.5))));
    assert_eq!((wide.f296.as_deref(), wide.f297), (Some(&296), [41, 1]));
    assert_eq!(wide.f299["k"], 299);
    // Each field is under its own name: read back, they are all equal.
    assert_eq!(value::<Wide>(written), wide);
}

#[test]
fn each_field_is_merged_and_reported_if_missing() {
    let wide: Wide = value(json());
    for (i, name) in NAMES.iter().enumerate() {
        let mut without = json();
        let field = without.as_object_mut().and_then(|json| json.remove(*name));
        let built = Wide::try_from(patch::<Wide>(without));
        // Optional fields become empty, and required ones are reported as missing.
        match i % 10 {
            1 | 2 | 4 | 6 | 9 => {
                let mut built = built.unwrap();
                let difference = built.diff(&wide);
                assert_eq!(
                    serde_json::to_value(&difference)
                        .unwrap()
                        .as_object()
                        .map(Map::len),
                    Some(1)
                );
                built.apply(difference).unwrap();
                assert_eq!(built, wide);
            }
            _ => assert_eq!(built.unwrap_err().path(), *name),
        }
        assert!(!patch::<Wide>(json!({ *name: field })).is_empty());
        let text = refused::<Wide>(&json!({ *name: {"k": {}} }).to_string());
        assert!(text.starts_with(&format!("Wide.{name}")), "{text}");
    }
}
